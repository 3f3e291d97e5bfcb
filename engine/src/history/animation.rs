//! A graph's history as an animation: frames that say what changed, not whole graphs.

use std::fmt;

use crate::graph::GraphMutation;
use crate::id::TransactionId;
use crate::read_model::GraphReadModel;

use super::diff::GraphDiff;
use super::error::HistoryError;
use super::events::{Events, PastTransaction};
use super::graph_history::GraphHistory;
use super::moment::Moment;
use super::place::{Place, demand_forward};
use super::step::Step;
use super::touched::Touched;

/// What happened within one step. A step in which nothing happened has no frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// Which step it is, from 1.
    pub number: u64,
    /// Where the step ends, nanoseconds since the Unix epoch; at steps of versions, the last event's time.
    pub time_ns: u64,
    /// The last transaction of the step: the graph of then is what the frames up to this one make of the start.
    pub place: Place,
    /// Its id.
    pub transaction: TransactionId,
    /// How many transactions there were.
    pub transactions: u64,
    /// How many events happened.
    pub events: usize,
    /// What they changed in sum; maybe nothing.
    pub delta: GraphDiff,
}

/// The frames of a stretch of a graph's history, made one by one as they are asked for.
pub struct ReplayAnimation {
    history: GraphHistory,
    step: Step,
    start: GraphReadModel,
    start_ns: u64,
    end: Place,
    end_ns: u64,
    /// The state behind the last frame.
    shown: GraphReadModel,
    events: Events,
    /// The transaction that begins the next frame.
    ahead: Option<PastTransaction>,
}

impl GraphHistory {
    /// Returns what happened between two moments, frame by frame. Without `from`, or where it lies before the graph's
    /// first event, the start is the empty graph; steps of time begin at `from` where it is a time, else at the last
    /// event of the start, or the first of the graph.
    ///
    /// # Errors
    /// As of [`at`](Self::at); [`HistoryError::Backwards`], [`HistoryError::NoStep`].
    pub async fn animate(&self, from: Option<Moment>, to: Moment, step: Step) -> Result<ReplayAnimation, HistoryError> {
        if matches!(step, Step::Time(0) | Step::Versions(0)) {
            return Err(HistoryError::NoStep);
        }
        let end = self.place(to).await?;
        let start = match from {
            None => None,
            Some(from) => {
                let start = self.place_or_nothing(from).await?;
                demand_forward((from, start.as_ref()), (to, &end))?;
                start
            }
        };
        let shown = self.state_or_nothing(start.as_ref()).await?;
        let start_ns = match &start {
            Some(place) => place.timestamp_ns,
            None => self.first_timestamp_ns().await?,
        };
        let time_of =
            |moment: Option<Moment>| if let Some(Moment::Time(time_ns)) = moment { Some(time_ns) } else { None };
        let (start_ns, end_ns) = (time_of(from).unwrap_or(start_ns), time_of(Some(to)).unwrap_or(end.timestamp_ns));
        let events = Events::between(&self.store, self.graph, shown.version(), end.head.version).await?;
        let (history, start) = (self.clone(), shown.clone());
        Ok(ReplayAnimation { history, step, start, start_ns, end, end_ns, shown, events, ahead: None })
    }

    async fn first_timestamp_ns(&self) -> Result<u64, HistoryError> {
        let mut events = Events::between(&self.store, self.graph, 0, 1).await?;
        Ok(events.event().await?.map_or(0, |first| first.event.timestamp_ns))
    }
}

impl ReplayAnimation {
    /// Returns the graph before the first frame.
    pub const fn start(&self) -> &GraphReadModel {
        &self.start
    }

    /// Returns where the last frame ends.
    pub const fn end(&self) -> &Place {
        &self.end
    }

    /// Returns the next frame, `None` behind the last.
    ///
    /// # Errors
    /// As of [`GraphHistory::at`].
    pub async fn next_frame(&mut self) -> Result<Option<Frame>, HistoryError> {
        Ok(self.step().await?.map(|(frame, _)| frame))
    }

    /// Returns the next frame with what it did as whoever draws it needs that, changes of structure first; `None` behind
    /// the last.
    ///
    /// # Errors
    /// As of [`GraphHistory::at`].
    pub async fn next_drawn(&mut self) -> Result<Option<(Frame, Vec<GraphMutation>)>, HistoryError> {
        Ok(self.step().await?.map(|(frame, before)| {
            let mutations = frame.delta.mutations(&before, &self.shown);
            (frame, mutations)
        }))
    }

    /// Returns the next frame and the state before it.
    async fn step(&mut self) -> Result<Option<(Frame, GraphReadModel)>, HistoryError> {
        let first = match self.ahead.take() {
            Some(ahead) => ahead,
            None => match self.events.transaction().await? {
                Some(first) => first,
                None => return Ok(None),
            },
        };
        let number = self.step_of(&first.place);
        let (mut touched, mut count, mut transactions) = (Touched::default(), 0, 0);
        let (mut place, mut last) = (first.place, first.id());
        let mut next = Some(first);
        while let Some(transaction) = next {
            if self.step_of(&transaction.place) != number {
                self.ahead = Some(transaction);
                break;
            }
            (place, last) = (transaction.place, transaction.id());
            count += transaction.events.len();
            transactions += 1;
            transaction.events.iter().for_each(|event| touched.add(event));
            next = self.events.transaction().await?;
        }
        let after = self.history.state(&place).await?;
        touched.add_children(&self.shown)?;
        touched.add_edges_of_removed(&self.shown);
        let delta = GraphDiff::of(&self.shown, &after, &touched);
        let before = std::mem::replace(&mut self.shown, after);
        let time_ns = self.time_of(number, &place);
        let frame = Frame { number, time_ns, place, transaction: last, transactions, events: count, delta };
        Ok(Some((frame, before)))
    }

    /// Returns the frames that are left.
    ///
    /// # Errors
    /// As of [`GraphHistory::at`].
    pub async fn frames(mut self) -> Result<Vec<Frame>, HistoryError> {
        let mut frames = Vec::new();
        while let Some(frame) = self.next_frame().await? {
            frames.push(frame);
        }
        Ok(frames)
    }

    /// Returns the number of the step in which a transaction ended.
    fn step_of(&self, place: &Place) -> u64 {
        match self.step {
            Step::Time(step_ns) => place.timestamp_ns.saturating_sub(self.start_ns).div_ceil(step_ns).max(1),
            Step::Versions(step) => (place.head.version - self.start.version()).div_ceil(step),
        }
    }

    fn time_of(&self, number: u64, place: &Place) -> u64 {
        match self.step {
            Step::Time(step_ns) => self.start_ns.saturating_add(number.saturating_mul(step_ns)).min(self.end_ns),
            Step::Versions(_) => place.timestamp_ns,
        }
    }
}

impl fmt::Debug for ReplayAnimation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplayAnimation")
            .field("step", &self.step)
            .field("shown", &self.shown.version())
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}
