//! A stretch of a graph's history, transaction by transaction: what following it then would have shown.

use std::fmt;

use crate::id::GraphId;
use crate::read_model::GraphReadModel;
use crate::subscription::GraphTransaction;

use super::error::HistoryError;
use super::events::{Events, PastTransaction};
use super::graph_history::GraphHistory;
use super::moment::Moment;
use super::place::{Place, demand_forward};

/// The transactions of a stretch of a graph's history, read as they are asked for.
pub struct PastTransactions {
    graph: GraphId,
    start: GraphReadModel,
    end: Place,
    events: Events,
}

impl GraphHistory {
    /// Returns the transactions between two moments. Without `from`, or where it lies before the graph's first event, the
    /// start is the empty graph; without `to` the end is the graph's last transaction of now.
    ///
    /// # Errors
    /// As of [`at`](Self::at); [`HistoryError::Backwards`].
    pub async fn transactions(
        &self,
        from: Option<Moment>,
        to: Option<Moment>,
    ) -> Result<PastTransactions, HistoryError> {
        let end = match to {
            Some(to) => self.place(to).await?,
            None => self.now().await?,
        };
        let start = match from {
            None => None,
            Some(from) => {
                let start = self.place_or_nothing(from).await?;
                let to = to.unwrap_or(Moment::Version(end.head.version));
                demand_forward((from, start.as_ref()), (to, &end))?;
                start
            }
        };
        let start = self.state_or_nothing(start.as_ref()).await?;
        let events = Events::between(&self.store, self.graph, start.version(), end.head.version).await?;
        Ok(PastTransactions { graph: self.graph, start, end, events })
    }
}

impl PastTransactions {
    /// Returns the graph before the first transaction.
    pub const fn start(&self) -> &GraphReadModel {
        &self.start
    }

    /// Returns where the last transaction ends.
    pub const fn end(&self) -> &Place {
        &self.end
    }

    /// Returns the next transaction, `None` behind the last.
    ///
    /// # Errors
    /// [`HistoryError`] where its events cannot be read or do not hold.
    pub async fn next_transaction(&mut self) -> Result<Option<GraphTransaction>, HistoryError> {
        let graph = self.graph;
        let next = self.events.transaction().await?;
        Ok(next.map(|past| {
            let transaction = past.id();
            let PastTransaction { events, place: Place { head, sequence, timestamp_ns } } = past;
            let first_version = head.version + 1 - events.len() as u64;
            let parts = events.into_iter().flat_map(|past| {
                let version = past.event.version;
                past.parts.into_iter().map(move |part| (version, part))
            });
            let events = parts.collect();
            GraphTransaction { graph, transaction, first_version, head, timestamp_ns, last_sequence: sequence, events }
        }))
    }
}

impl fmt::Debug for PastTransactions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PastTransactions")
            .field("graph", &self.graph)
            .field("start", &self.start.version())
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}
