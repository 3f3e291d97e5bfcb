//! Two engines that are told the same, one on servers, one in memory: the same answers, heads and states.

use std::sync::Arc;

use cidgraph::{
    CommandContext, CommandId, Component, EdgeEntity, EdgeId, Engine, Error, EventStore, GraphCommand, GraphId,
    GraphMetadata, Head, ManualClock, NodeEntity, NodeId, NodeUpdate, Properties, Receipt, Submission,
};
use cidgraph_store_jetstream::JetStreamStore;
use cidgraph_store_memory::MemoryStore;
use proptest::prelude::*;

/// What both engines are told.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// Commands as one transaction, perhaps on the condition that the graph has a version.
    Submit { commands: Vec<GraphCommand>, expected: Option<u64> },
    /// A submission that was sent before, again.
    Again { back: usize },
    /// The clock goes on, or back.
    Clock { at_ns: u64 },
    /// The graph is closed, and loaded again with the next command.
    Close,
}

fn node() -> impl Strategy<Value = NodeId> {
    (1_u64..9).prop_map(NodeId::from_u64)
}

fn properties() -> impl Strategy<Value = Properties> {
    let names = prop_oneof![Just("color"), Just("size"), Just("weight")];
    proptest::collection::btree_map(names, -3_i64..4, 0..3).prop_map(|properties| properties.into_iter().collect())
}

fn entity() -> impl Strategy<Value = NodeEntity> {
    (node(), prop_oneof![Just("Person"), Just("Place")], properties())
        .prop_map(|(node, kind, properties)| NodeEntity::new(node, kind).with("Profile", properties))
}

fn edge() -> impl Strategy<Value = EdgeEntity> {
    (node(), prop_oneof![Just("knows"), Just("likes")], node(), properties()).prop_map(
        |(source, kind, target, properties)| EdgeEntity::new(source, kind, target).with_properties(properties),
    )
}

fn command() -> impl Strategy<Value = GraphCommand> {
    let component = || properties().prop_map(|properties| Component::new("Visual", properties));
    let update = (node(), properties()).prop_map(|(node, set)| NodeUpdate {
        node,
        component_type: "Profile".into(),
        set,
        unset: Vec::new(),
    });
    prop_oneof![
        6 => entity().prop_map(|node| GraphCommand::AddNode { node }),
        2 => proptest::collection::vec(entity(), 0..4).prop_map(|nodes| GraphCommand::AddNodes { nodes }),
        6 => edge().prop_map(|edge| GraphCommand::ConnectEdge { edge }),
        2 => proptest::collection::vec(edge(), 0..4).prop_map(|edges| GraphCommand::ConnectEdges { edges }),
        3 => update.prop_map(|update| GraphCommand::UpdateNode { update }),
        2 => (node(), component()).prop_map(|(node, component)| GraphCommand::AttachComponent { node, component }),
        1 => (node(), component()).prop_map(|(node, component)| GraphCommand::ReplaceComponent { node, component }),
        2 => node().prop_map(|node| GraphCommand::RemoveNode { node }),
        1 => (1_u64..40).prop_map(|version| GraphCommand::DisconnectEdge { edge: EdgeId::engine_made(version, 0) }),
        1 => Just(GraphCommand::RenameGraph { name: "renamed".into() }),
    ]
}

/// Returns steps of which most submit, many of them what breaks a rule.
pub(super) fn step() -> impl Strategy<Value = Step> {
    let expected = proptest::option::weighted(0.1, 0_u64..30);
    prop_oneof![
        12 => (proptest::collection::vec(command(), 1..4), expected)
            .prop_map(|(commands, expected)| Step::Submit { commands, expected }),
        2 => (0_usize..10).prop_map(|back| Step::Again { back }),
        1 => (0_u64..1_000_000).prop_map(|at_ns| Step::Clock { at_ns }),
        1 => Just(Step::Close),
    ]
}

struct Told {
    engine: Engine,
    clock: Arc<ManualClock>,
}

impl Told {
    fn new(store: Arc<dyn EventStore>) -> Self {
        let clock = Arc::new(ManualClock::at(1_000));
        Self { engine: Engine::builder(store).clock(clock.clone()).build(), clock }
    }
}

/// What is compared of a receipt: not its sequences, which are the store's own, nor its durability.
fn answer(answer: Result<Receipt, Error>) -> Result<(Head, u64, u32, bool), String> {
    let receipt = answer.map_err(|error| format!("{:?}: {error}", error.kind()))?;
    Ok((receipt.head, receipt.first_version, receipt.events, receipt.repeated))
}

/// Tells both engines the same and compares what they say, and what others find.
pub(super) async fn same_graph(jetstream: JetStreamStore, steps: &[Step]) {
    let graph = GraphId::named("twins");
    let stores: [Arc<dyn EventStore>; 2] = [Arc::new(MemoryStore::new()), Arc::new(jetstream)];
    let told = stores.each_ref().map(|store| Told::new(Arc::clone(store)));
    let create = GraphCommand::CreateGraph { metadata: GraphMetadata::named("twins") };
    let mut submissions = vec![submission(0, vec![create], None)];
    both(&told, graph, &submissions[0]).await;
    for step in steps {
        match step {
            Step::Submit { commands, expected } => {
                let next = submission(submissions.len() as u64, commands.clone(), *expected);
                both(&told, graph, &next).await;
                submissions.push(next);
            }
            Step::Again { back } => {
                both(&told, graph, &submissions[submissions.len() - 1 - back % submissions.len()]).await
            }
            Step::Clock { at_ns } => told.iter().for_each(|told| told.clock.set(*at_ns)),
            Step::Close => {
                for told in &told {
                    told.engine.close_graph(graph).await;
                }
            }
        }
    }
    let mut hashes = Vec::new();
    for (told, store) in told.iter().zip(&stores) {
        let live = told.engine.get_graph(graph).await.unwrap();
        let fresh = Engine::new(Arc::clone(store)).get_graph(graph).await.unwrap();
        assert_eq!((live.head(), live.state_hash()), (fresh.head(), fresh.state_hash()), "replay = live");
        assert_eq!(told.engine.verify_graph(graph).await.unwrap().events, live.version());
        hashes.push((live.head(), live.state_hash()));
    }
    assert_eq!(hashes[0], hashes[1], "memory = servers");
}

fn submission(id: u64, commands: Vec<GraphCommand>, expected: Option<u64>) -> Submission<GraphCommand> {
    Submission { context: CommandContext::new(CommandId::from_u64(id), "tester"), commands, expected }
}

async fn both(told: &[Told; 2], graph: GraphId, submission: &Submission<GraphCommand>) {
    let [memory, jetstream] = told.each_ref().map(|told| told.engine.submit(graph, submission.clone()));
    let (memory, jetstream) = futures::join!(memory, jetstream);
    assert_eq!(answer(jetstream), answer(memory), "{submission:?}");
}
