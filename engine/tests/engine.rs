//! The front door on the embedded store: what is written is read, replayed and verified the same.

use std::sync::Arc;

use cidgraph::algorithm::Direction;
use cidgraph::topology::Topology;
use cidgraph::{
    Answer, CommandContext, CommandId, Criterion, EdgeEntity, EdgeId, Engine, ErrorKind, GraphCommand, GraphId,
    GraphMetadata, GraphQuery, GraphView, NodeEntity, NodeId, NodeUpdate, Submission, TransformOperation,
};
use cidgraph_store_memory::MemoryStore;

fn person(graph: GraphId, number: i64) -> NodeEntity {
    let profile = [("age", number % 90), ("group", number % 7)];
    NodeEntity::keyed(graph, "Person", number).with("Profile", profile)
}

fn id(graph: GraphId, number: i64) -> NodeId {
    NodeId::of_key(graph, "Person", &number.into())
}

async fn hash_after_reload(engine: &Engine, graph: GraphId) -> [u8; 32] {
    let other = Engine::new(Arc::clone(engine.store()));
    other.get_graph(graph).await.expect("it loads").state_hash()
}

#[tokio::test]
async fn the_readme_works() {
    let engine = Engine::new(Arc::new(MemoryStore::new()));
    let graph = engine.create_graph(GraphMetadata::named("friends")).await.expect("created");
    let (alice, bob) = (person(graph, 1), person(graph, 2));
    let (alice_id, bob_id) = (alice.id, bob.id);
    engine.add_node_to_graph(graph, alice).await.expect("added");
    engine.add_node_to_graph(graph, bob).await.expect("added");
    let receipt = engine.connect_graph_nodes(graph, EdgeEntity::new(alice_id, "knows", bob_id)).await.expect("edge");
    let view = engine.load_graph(graph).await.expect("there").view();
    assert_eq!((view.version(), view.node_count(), view.edge_count()), (4, 2, 1));
    let edge = view.at().find_edge(EdgeId::engine_made(receipt.first_version, 0)).expect("the edge");
    assert_eq!(view.at().edge_view(edge).target, bob_id);
    assert_eq!(engine.verify_graph(graph).await.expect("whole").head, receipt.head);
    assert_eq!(hash_after_reload(&engine, graph).await, view.state_hash());
}

#[tokio::test]
async fn a_graph_that_is_not_there_is_told() {
    let engine = Engine::new(Arc::new(MemoryStore::new()));
    let error = engine.get_graph(GraphId::named("none")).await.expect_err("there is none");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(engine.open_graphs().is_empty());
    let error = engine.rename_graph(GraphId::named("none"), "some").await.expect_err("there is none");
    assert_eq!(error.kind(), ErrorKind::Rejected);
    assert!(engine.open_graphs().is_empty());
}

/// Enough rows for several folds while commands go on, with removals so that ordinals change.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn folding_changes_nothing() {
    let engine = Engine::builder(Arc::new(MemoryStore::new())).fold_rows_min(1 << 16).build();
    let graph = GraphId::named("folded");
    let submit = async |number: u64, commands: Vec<GraphCommand>| {
        let context = CommandContext::new(CommandId::from_u64(number), "tester");
        engine.submit(graph, Submission { context, commands, expected: None }).await
    };
    submit(0, vec![GraphCommand::CreateGraph { metadata: GraphMetadata::named("folded") }]).await.expect("created");
    let loaded = engine.load_graph(graph).await.expect("open");
    let mut bases = std::collections::BTreeSet::new();
    for round in 0..100_i64 {
        let nodes: Vec<NodeEntity> = (0..500).map(|at| person(graph, round * 500 + at)).collect();
        let edges = (0..2500).map(|at| {
            let (source, target) = (round * 500 + at % 500, (round * 500 + at * 7) % (round * 500 + 500));
            EdgeEntity::new(id(graph, source), "knows", id(graph, target / 10 * 10 + 1)).with_properties([("at", at)])
        });
        let edges = edges.collect();
        let commands = vec![GraphCommand::AddNodes { nodes }, GraphCommand::ConnectEdges { edges }];
        submit(1 + 4 * round.unsigned_abs(), commands).await.expect("added");
        let moved = GraphCommand::TransformNodes {
            nodes: vec![id(graph, round * 500 + 1)],
            operation: TransformOperation::Translate([1.0, 2.0, 3.0]),
        };
        let removed = GraphCommand::RemoveNode { node: id(graph, round * 500 + 4) };
        submit(2 + 4 * round.unsigned_abs(), vec![moved, removed]).await.expect("changed");
        let child = id(graph, round * 500 + 11);
        let adopt = TransformOperation::Reparent(Some(id(graph, round * 500 + 21)));
        let adopt = GraphCommand::TransformNodes { nodes: vec![child], operation: adopt };
        let again = GraphCommand::AddNode { node: person(graph, round * 500 + 4) };
        let refused = GraphCommand::RemoveNode { node: NodeId::from_u64(1) };
        submit(3 + 4 * round.unsigned_abs(), vec![adopt.clone(), again.clone(), refused]).await.expect_err("refused");
        submit(4 + 4 * round.unsigned_abs(), vec![adopt, again]).await.expect("changed");
        bases.insert(loaded.view().generation().base().version());
        tokio::task::yield_now().await;
    }
    let view = loaded.view();
    assert_eq!(view.at().nodes().count(), view.node_count());
    assert_eq!(view.at().edges().count(), view.edge_count());
    assert_eq!(hash_after_reload(&engine, graph).await, view.state_hash());
    assert!(bases.len() > 1, "at least one fold was adopted while commands went on");
}

#[tokio::test]
async fn answers_are_kept_until_what_they_rest_on_changes() {
    let engine = Engine::new(Arc::new(MemoryStore::new()));
    let graph = engine.create_graph(GraphMetadata::named("asked")).await.expect("created");
    engine.add_nodes_to_graph(graph, (0..100).map(|at| person(graph, at)).collect()).await.expect("added");
    let edges = (0..99).map(|at| EdgeEntity::new(id(graph, at), "knows", id(graph, at + 1))).collect();
    engine.connect_many_graph_nodes(graph, edges).await.expect("connected");
    let open = engine.load_graph(graph).await.expect("open");

    let of_group = GraphQuery::Count(Criterion::kind("Person").and(Criterion::equals("Profile", "group", 3)));
    let near = GraphQuery::Neighborhood {
        node: id(graph, 10),
        hops: 2,
        direction: Direction::Both,
        edge_kind: Some("knows".into()),
    };
    let ask = |query: &GraphQuery| open.query(query).expect("answered");
    assert_eq!(*ask(&of_group), Answer::Count(14));
    let Answer::Levels(levels) = &*ask(&near) else { panic!("levels") };
    assert_eq!(levels.len(), 5);
    assert_eq!((ask(&of_group), ask(&near)), (ask(&of_group), ask(&near)));
    let hits = || engine.metrics().cache_hit_ratio().expect("asked");
    let before = hits();

    // It touches neither: both answers stay.
    let untouched = NodeUpdate {
        node: id(graph, 50),
        component_type: "Profile".into(),
        set: [("age", 12)].into(),
        unset: Vec::new(),
    };
    engine.update_graph_node(graph, untouched).await.expect("updated");
    ask(&of_group);
    ask(&near);
    assert!(hits() > before, "both were kept");

    engine.remove_node_from_graph(graph, id(graph, 11)).await.expect("removed");
    engine.remove_node_from_graph(graph, id(graph, 3)).await.expect("removed");
    assert_eq!(*ask(&of_group), Answer::Count(13));
    let Answer::Levels(levels) = &*ask(&near) else { panic!("levels") };
    assert_eq!(levels.len(), 3);
    let plan = open.read().explain_run(&of_group).expect("explained");
    assert_eq!((plan.step.as_str(), plan.rows), ("count", Some(13)));
}

/// A group commit and a load publish once for many transactions; the end of each is a version that can be asked for.
#[tokio::test]
async fn every_end_of_a_transaction_can_be_looked_at() {
    let engine = Engine::new(Arc::new(MemoryStore::new()));
    let graph = engine.create_graph(GraphMetadata::named("ends")).await.expect("created");
    let submissions = (0..40).map(|number: i64| {
        let nodes = [2 * number, 2 * number + 1].map(|node| GraphCommand::AddNode { node: person(graph, node) });
        let rename = GraphCommand::RenameGraph { name: format!("ends {number}").into() };
        let context = CommandContext::new(CommandId::from_u64(number.unsigned_abs()), "tester");
        let commands = nodes.into_iter().chain([rename]).collect();
        engine.submit(graph, Submission { context, commands, expected: None })
    });
    let receipts = futures::future::join_all(submissions).await;
    let live = engine.get_graph(graph).await.expect("there").view().clone();
    let reloaded = Engine::new(Arc::clone(engine.store())).get_graph(graph).await.expect("it loads").view().clone();
    let ends = |view: &GraphView| view.generation().timeline(view.at().stamp());
    assert_eq!((ends(&live), ends(&live).len()), (ends(&reloaded), 41));
    for receipt in receipts {
        let head = receipt.expect("it is applied").head;
        for view in [&live, &reloaded] {
            let past = view.at_version(head.version).expect("it is in memory");
            assert_eq!((past.head(), past.node_count() as u64), (Some(head), (head.version - 1) / 3 * 2));
            assert_eq!(past.at().nodes().count(), past.node_count());
            let between = view.at_version(head.version - 1).expect("it is in memory");
            assert_eq!(between.version(), head.version - 3, "half a transaction is never seen");
            let by_cid = view.at_cid(&head.cid).expect("it is in memory");
            assert_eq!(by_cid.info(), past.info());
        }
    }
}
