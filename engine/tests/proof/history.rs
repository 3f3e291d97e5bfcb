//! A graph with a history: nodes that come, change, move and go, some edges, in transactions of one to four events.

use std::collections::BTreeMap;
use std::sync::Arc;

use cidgraph::checkpoint::{CheckpointPolicy, ReplayedGraph, visit_events};
use cidgraph::engine::Checkpointing;
use cidgraph::proof::Prover;
use cidgraph::{
    Cid, CommandContext, CommandId, EdgeEntity, Engine, EventStore, GraphCommand, GraphId, GraphMetadata, Head,
    ManualClock, NodeEntity, NodeId, NodeUpdate, NodeView, Properties, Submission, TransformOperation,
};
use cidgraph_store_memory::MemoryStore;

/// Ids that nodes come and go under.
pub const NODES: u64 = 24;

pub fn graph() -> GraphId {
    GraphId::named("proven")
}

pub fn node(number: u64) -> NodeId {
    NodeId::of_key(graph(), "Person", &key(number))
}

fn key(number: u64) -> cidgraph::Key {
    i64::try_from(number).unwrap().into()
}

/// A checkpoint every `events_max` events.
pub fn every(events_max: u64) -> Checkpointing {
    Checkpointing::Between(CheckpointPolicy { events_max, ..CheckpointPolicy::default() })
}

/// Numbers that look random (SplitMix64, Steele, Lea and Flood 2014).
pub struct Numbers(pub u64);

impl Numbers {
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

fn command(numbers: &mut Numbers) -> GraphCommand {
    let (some, other) = (numbers.below(NODES), numbers.below(NODES));
    match numbers.below(12) {
        0..=2 => {
            let entity = NodeEntity::keyed(graph(), "Person", key(some));
            GraphCommand::AddNode { node: entity.with("Profile", [("age", i64::try_from(other).unwrap())]) }
        }
        3..=5 => {
            let set = Properties::from([("score", i64::try_from(numbers.below(1000)).unwrap())]);
            let update = NodeUpdate { node: node(some), component_type: "Rank".into(), set, unset: Vec::new() };
            GraphCommand::UpdateNode { update }
        }
        6 => GraphCommand::RemoveNode { node: node(some) },
        7 => GraphCommand::DetachComponent { node: node(some), component_type: "Rank".into() },
        8 => {
            let operation = TransformOperation::Reparent(Some(node(other)));
            GraphCommand::TransformNodes { nodes: vec![node(some)], operation }
        }
        9 => {
            let operation = TransformOperation::Translate([1.0, 0.5, 0.25]);
            GraphCommand::TransformNodes { nodes: vec![node(some), node(other)], operation }
        }
        _ => GraphCommand::ConnectEdge { edge: EdgeEntity::new(node(some), "knows", node(other)) },
    }
}

/// Writes the graph's first `transactions`, those from `first` on, and returns its head; what a rule forbids is left out.
pub async fn write(
    store: &Arc<dyn EventStore>,
    checkpoints: Checkpointing,
    transactions: std::ops::Range<u64>,
) -> Head {
    let clock = Arc::new(ManualClock::at(0));
    let engine = Engine::builder(Arc::clone(store)).clock(clock.clone()).checkpoints(checkpoints).build();
    for transaction in transactions {
        clock.set(1_000_000 * transaction);
        let mut numbers = Numbers(transaction);
        let commands = match transaction {
            0 => vec![GraphCommand::CreateGraph { metadata: GraphMetadata::named("proven") }],
            _ => (0..=numbers.below(4)).map(|_| command(&mut numbers)).collect(),
        };
        let context = CommandContext::new(CommandId::from_u64(transaction), "tester");
        let submitted = engine.submit(graph(), Submission { context, commands, expected: None }).await;
        assert!(submitted.is_ok() || transaction > 0);
    }
    engine.close().await;
    store.head(graph().into()).await.unwrap().unwrap()
}

/// A written graph.
pub struct History {
    pub store: Arc<dyn EventStore>,
    pub head: Head,
    /// The versions with which transactions end, each with the nodes then.
    pub states: BTreeMap<u64, BTreeMap<NodeId, NodeView>>,
}

impl History {
    pub async fn write(checkpoints: Checkpointing, transactions: u64) -> Self {
        let store: Arc<dyn EventStore> = Arc::new(MemoryStore::new());
        let head = write(&store, checkpoints, 0..transactions).await;
        let (mut replayed, mut states) = (ReplayedGraph::new(graph()), BTreeMap::new());
        visit_events(&store, graph(), 1, head.version, |stored| {
            replayed.push(stored)?;
            if stored.event.transaction_remaining == 0 {
                let view = replayed.view();
                let at = view.at();
                let nodes = at.nodes().map(|node| (at.node_id(node), at.node_view(node)));
                states.insert(stored.event.version, nodes.collect());
            }
            Ok(())
        })
        .await
        .unwrap();
        Self { store, head, states }
    }

    pub async fn prover(&self) -> Prover {
        Prover::open(Arc::clone(&self.store), graph()).await.unwrap()
    }

    pub async fn cid(&self, version: u64) -> Cid {
        self.store.read(graph().into(), version, 1).await.unwrap()[0].event.cid
    }
}
