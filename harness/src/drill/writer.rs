//! A writer of two graphs of its own: what it appends next, also after it was started again.

use cidgraph::chain::{open_block, seal};
use cidgraph::{
    AggregateAppend, AggregateId, ChainTip, Clock, EventStore, Expected, GraphEvent, GraphId, GraphMetadata, Name,
    StoreError, StoredEvent, SystemClock,
};

use crate::number;
use crate::random::Random;
use crate::workload::{NodeSource, transaction_of};

/// Graphs of one writer.
const GRAPHS: u64 = 2;

/// Events of one part of an append: single publishes and batches.
const EVENTS: [u64; 6] = [1, 1, 1, 2, 7, 30];

/// A writer; nobody else appends to its graphs.
#[derive(Debug)]
pub(super) struct Writer {
    graphs: Vec<Graph>,
    random: Random,
    seed: u64,
}

#[derive(Debug)]
struct Graph {
    id: GraphId,
    tip: ChainTip,
    source: NodeSource,
}

impl Writer {
    /// Takes writer number `number` up where its graphs end in the store.
    pub(super) async fn open(store: &dyn EventStore, number: u64, seed: u64) -> Result<Self, StoreError> {
        let mut graphs = Vec::new();
        let mut versions = 0;
        for graph in 0..GRAPHS {
            let id = GraphId::from_u64(number * GRAPHS + graph + 1);
            let tip = tip(store, id.into()).await?;
            versions += tip.version();
            graphs.push(Graph { id, tip, source: NodeSource::new(id, seed) });
        }
        Ok(Self { graphs, random: Random::at(seed ^ versions, number), seed })
    }

    /// Returns what it appends next: a transaction of one of its graphs, or one of each.
    pub(super) fn next_batch(&mut self) -> Vec<AggregateAppend> {
        let first = number::index(self.random.below(GRAPHS));
        let parts = if self.random.chance(0.2) { GRAPHS } else { 1 };
        let mut batch = Vec::new();
        for part in 0..number::index(parts) {
            let count = EVENTS[number::index(self.random.below(number::count(EVENTS.len())))];
            let seed = self.seed;
            let chosen = (first + part) % self.graphs.len();
            batch.push(self.graphs[chosen].transaction(count, seed));
        }
        batch
    }
}

impl Graph {
    fn transaction(&mut self, count: u64, seed: u64) -> AggregateAppend {
        let version = self.tip.version();
        let event = |number: u64| match number {
            0 => GraphEvent::GraphCreated { metadata: GraphMetadata::named(Name::new_static("drill")) },
            number => GraphEvent::NodeAdded { node: self.source.node(number) },
        };
        let events: Vec<GraphEvent> = (version..version + count).map(event).collect();
        let context = transaction_of(self.id, seed, version, Vec::new()).context;
        let expected = self.tip.head.map_or(Expected::Empty, Expected::Exact);
        let mut sealed = Vec::new();
        seal(&mut self.tip, &context, SystemClock.now_ns(), &events, &mut sealed);
        AggregateAppend { aggregate: self.id.into(), expected, events: sealed }
    }
}

/// Returns where an aggregate ends.
async fn tip(store: &dyn EventStore, aggregate: AggregateId) -> Result<ChainTip, StoreError> {
    let empty = ChainTip::empty(aggregate, store.hash_kind());
    let Some(head) = store.head(aggregate).await? else { return Ok(empty) };
    let last = store.read(aggregate, head.version, 1).await?;
    // A block that cannot be read is the audit's to name.
    let timestamp = |stored: &StoredEvent| open_block(&stored.event.block).map(|opened| opened.header.timestamp_ns);
    let timestamp_ns = last.first().and_then(|stored| timestamp(stored).ok()).unwrap_or_default();
    Ok(ChainTip { head: Some(head), timestamp_ns, ..empty })
}
