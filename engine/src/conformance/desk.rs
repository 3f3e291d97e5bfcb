//! Where events are written for tests of what follows them: any event, without rules.

use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;
use std::sync::Arc;

use crate::aggregate::StateMachineAggregate;
use crate::chain::open_block;
use crate::clock::{Clock, ManualClock};
use crate::command::CommandContext;
use crate::entity::GraphMetadata;
use crate::event::{EventPayload, GraphEvent};
use crate::id::{AggregateId, CommandId, GraphId, NodeId};
use crate::machine::TransactionalCommandHandler;
use crate::store::EventStore;
use crate::store::conformance::{Breach, Sample};
use crate::writer::{Submission, WriterConfig};

/// The aggregate of samples that lies among the graphs.
const BESIDE: AggregateId = AggregateId::from_u64(99);

/// Writes down whatever events it is told: the rules of aggregates are not the subject here.
pub struct Scribe<E>(PhantomData<fn() -> E>);

impl<E> Clone for Scribe<E> {
    fn clone(&self) -> Self {
        Self(PhantomData)
    }
}

impl<E> fmt::Debug for Scribe<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scribe")
    }
}

impl<E: EventPayload + Clone> StateMachineAggregate for Scribe<E> {
    type Command = Vec<E>;
    type Event = E;
    type Rejection = Infallible;

    fn initial() -> Self {
        Self(PhantomData)
    }

    fn decide(&self, command: &Vec<E>) -> Result<Vec<E>, Infallible> {
        Ok(command.clone())
    }

    fn apply(&mut self, _: &E) {}
}

/// Returns the context of the command numbered `id`.
pub fn context(id: u64) -> CommandContext {
    CommandContext::new(CommandId::from_u64(id), "tester")
}

/// Returns the graph numbered `number`, whose aggregate has the same number.
pub const fn graph(number: u64) -> GraphId {
    GraphId::from_bytes(*AggregateId::from_u64(number).as_bytes())
}

/// Returns an event of which a graph may have many.
pub const fn removed(number: u64) -> GraphEvent {
    GraphEvent::NodeRemoved { node: NodeId::from_u64(number) }
}

/// Writes graphs, and samples beside them.
#[derive(Debug)]
pub struct Desk {
    store: Arc<dyn EventStore>,
    graphs: TransactionalCommandHandler<Scribe<GraphEvent>>,
    samples: TransactionalCommandHandler<Scribe<Sample>>,
}

impl Desk {
    /// Writes to a store.
    pub fn new(store: &Arc<dyn EventStore>) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(1_000));
        let (store, config) = (Arc::clone(store), WriterConfig::default());
        let graphs = TransactionalCommandHandler::new(Arc::clone(&store), config.clone(), Arc::clone(&clock));
        let samples = TransactionalCommandHandler::new(Arc::clone(&store), config, clock);
        Self { store, graphs, samples }
    }

    /// Writes a transaction of a graph.
    ///
    /// # Errors
    /// Where it is not acknowledged.
    pub async fn write(&self, graph: u64, command: u64, events: Vec<GraphEvent>) -> Result<(), Breach> {
        let submission = Submission::one(context(command), events);
        self.graphs.submit(AggregateId::from_u64(graph), submission).await?;
        Ok(())
    }

    /// Writes the first event of a graph.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub async fn create(&self, graph: u64) -> Result<(), Breach> {
        let metadata = GraphMetadata::named(format!("graph {graph}"));
        self.write(graph, 1_000_000 + graph, vec![GraphEvent::GraphCreated { metadata }]).await
    }

    /// Writes a transaction of 1 to 4 events for each command, over the graphs 1 to 4, and a sample after each.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub async fn write_many(&self, commands: Range<u64>) -> Result<(), Breach> {
        for command in commands {
            let events = (0..=command % 4).map(|index| removed(command * 10 + index)).collect();
            self.write(1 + command % 4, command, events).await?;
            let sample = Sample { ended: false, text: format!("{command}") };
            self.samples.handle(BESIDE, context(command), vec![sample]).await?;
        }
        Ok(())
    }

    /// Returns what a graph holds in the store, each event with its version.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub async fn contents(&self, graph: u64) -> Result<Vec<(u64, GraphEvent)>, Breach> {
        let stored = self.store.read(AggregateId::from_u64(graph), 1, usize::MAX).await?;
        let mut events = Vec::new();
        for stored in stored {
            let mut decoded = Vec::new();
            open_block(&stored.event.block)?.decode(&mut decoded)?;
            events.extend(decoded.into_iter().map(|event| (stored.event.version, event)));
        }
        Ok(events)
    }

    /// Returns the sequences of all events in the store.
    ///
    /// # Errors
    /// Where they cannot be read.
    pub async fn sequences(&self) -> Result<Vec<u64>, Breach> {
        Ok(self.store.read_all(1, usize::MAX).await?.iter().map(|stored| stored.sequence).collect())
    }
}
