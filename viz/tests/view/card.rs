//! What is asked of a store for a node's card.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cidgraph::{
    CommandContext, CommandId, Engine, GraphCommand, GraphId, GraphMetadata, NodeEntity, NodeId, Submission,
};
use cidgraph_store_memory::{FsyncPolicy, MemoryStore};
use cidgraph_viz::command::Arguments;
use cidgraph_viz::scene::GraphScene;
use cidgraph_viz::source::Source;
use clap::Parser;

/// A node's last event may stand anywhere in its transaction.
#[test]
fn a_card_names_the_event_that_changed_the_node() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let graph = GraphId::named("g");
    let cids = runtime.block_on(async {
        let engine = Engine::new(Arc::new(MemoryStore::open(&store, FsyncPolicy::Never).unwrap()));
        let metadata = GraphMetadata::named("g");
        engine.command(graph, GraphCommand::CreateGraph { metadata }).await.unwrap();
        let add = |node| GraphCommand::AddNode { node: NodeEntity::new(NodeId::from_u64(node), "thing") };
        let context = CommandContext::new(CommandId::from_u64(1), "test");
        let submission = Submission { context, commands: (2..=4).map(add).collect(), expected: None };
        engine.submit(graph, submission).await.unwrap();
        let stored = engine.store().read(graph.into(), 1, 9).await.unwrap();
        engine.close().await;
        stored.into_iter().map(|stored| stored.event.cid).collect::<Vec<_>>()
    });
    let arguments = Arguments::parse_from(["cidgraph-viz", store.to_str().unwrap()]);
    let (source, bridge) = Source::open(&arguments.place(), None, None, &mut GraphScene::default()).unwrap();
    for node in 2..=4 {
        source.ask(&bridge, graph, NodeId::from_u64(node), 4);
        let begun = Instant::now();
        let asked = loop {
            if let Some(asked) = source.node() {
                break asked;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", source.take_mistakes());
            std::thread::yield_now();
        };
        assert_eq!(asked.node.unwrap().version, node);
        assert_eq!(asked.event, Some(cids[usize::try_from(node).unwrap() - 1]));
    }
}
