//! A graph built by commands, with all that its observer was told.

use std::sync::Arc;

use cidgraph::aggregate::Rest;
use cidgraph::cid::HashKind;
use cidgraph::command::Limits;
use cidgraph::footprint::{ChangeObserver, Facet};
use cidgraph::store::Head;
use cidgraph::{
    Cid, Draft, EdgeEntity, GraphAggregate, GraphCommand, GraphEvent, GraphMetadata, GraphReadModel, GraphReader,
    MemoryLedger, NodeEntity, NodeId,
};
use parking_lot::Mutex;

use crate::content::{GRAPH, registry};

/// How many rows a graph at rest must have for a fold.
const FOLDED_ROWS: u64 = 1100;

/// Remembers the facets of the last publication.
#[derive(Default)]
struct Told(Mutex<Vec<Facet>>);

impl ChangeObserver for Told {
    fn is_interested(&self) -> bool {
        true
    }

    fn changed(&self, _: u64, facets: &[Facet]) {
        *self.0.lock() = facets.to_vec();
    }
}

pub struct World {
    aggregate: GraphAggregate,
    reader: GraphReader,
    version: u64,
    told: Arc<Told>,
    /// What has happened.
    pub events: Vec<GraphEvent>,
}

impl World {
    /// Makes a graph without nodes.
    pub fn new() -> Self {
        let told = Arc::new(Told::default());
        let observer: Arc<dyn ChangeObserver> = Arc::clone(&told) as _;
        let (aggregate, reader) = GraphAggregate::fresh(GRAPH, Limits::default(), registry(), Some(observer));
        let mut world = Self { aggregate, reader, version: 0, told, events: Vec::new() };
        assert!(world.command(&GraphCommand::CreateGraph { metadata: GraphMetadata::named("asked") }));
        world
    }

    /// Makes a graph of commands, each published by itself.
    pub fn of(commands: &[GraphCommand]) -> Self {
        let mut world = Self::new();
        for command in commands {
            world.command(command);
        }
        world
    }

    /// Lets a command happen and publishes; returns whether it was not refused.
    pub fn command(&mut self, command: &GraphCommand) -> bool {
        let Ok(events) = self.aggregate.decide(command) else { return false };
        let before = self.aggregate.savepoint();
        for event in &events {
            self.aggregate.apply(event, self.version + 1).unwrap();
        }
        // What was taken back leaves voided rows behind, as in a group of which one command is refused.
        self.aggregate.roll_back(before);
        for event in events {
            self.version += 1;
            self.aggregate.apply(&event, self.version).unwrap();
            self.events.push(event);
        }
        self.aggregate.publish(head(self.version), self.version);
        true
    }

    /// Lets the graph rest until its indices hold for every node and no fold is under way.
    pub fn rest(&mut self) {
        while self.aggregate.rest() == Rest::Again {
            std::thread::yield_now();
        }
        assert!(self.reader.view().is_index_current());
    }

    /// Lets a fold make a new base, with much that was taken away between.
    pub fn fold(&mut self) {
        self.fill();
        self.rest();
        assert_eq!(self.model().view().generation().base().version(), self.version);
    }

    /// Adds so much and takes it away again that a rest will fold.
    pub fn fill(&mut self) {
        let ghosts = [1 << 40, (1 << 40) + 1].map(|number| NodeEntity::new(NodeId::from_u64(number), "Filler"));
        let [from, to] = [ghosts[0].id, ghosts[1].id];
        let edges = (0..FOLDED_ROWS).map(|_| EdgeEntity::new(from, "fills", to)).collect();
        assert!(self.command(&GraphCommand::AddNodes { nodes: ghosts.to_vec() }));
        assert!(self.command(&GraphCommand::ConnectEdges { edges }));
        assert!(self.command(&GraphCommand::RemoveNodes { nodes: vec![from, to] }));
    }

    /// Returns the graph as it is now, to be asked.
    pub fn model(&self) -> GraphReadModel {
        GraphReadModel::new(self.reader.view(), registry())
    }

    /// Returns how many bytes the draft takes besides the graph.
    pub fn draft_bytes(&self) -> u64 {
        let mut ledger = MemoryLedger::default();
        self.aggregate.enter(&mut ledger);
        ledger.bytes("draft")
    }

    /// Returns what the last publication touched.
    pub fn touched(&self) -> Vec<Facet> {
        self.told.0.lock().clone()
    }
}

/// Returns the head of a version.
pub fn head(version: u64) -> Head {
    Head { version, cid: Cid::of_block(HashKind::Sha2_256, &version.to_be_bytes()) }
}

/// Plays commands, with a rest and a fold where their places lie within.
pub fn played(commands: &[GraphCommand], rest_at: usize, fold_at: usize) -> World {
    let mut world = World::new();
    for (at, command) in commands.iter().enumerate() {
        if at == rest_at {
            world.rest();
        }
        if at == fold_at {
            world.fold();
        }
        world.command(command);
    }
    world
}
