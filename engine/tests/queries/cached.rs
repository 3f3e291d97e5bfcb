//! Every answer of the front door, kept or not, is the one that is computed anew.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cidgraph::cache::CacheConfig;
use cidgraph::{
    Component, Engine, Graph, GraphCommand, GraphMetadata, GraphQuery, Name, NodeEntity, NodeUpdate, Properties,
    Submission,
};
use cidgraph_store_memory::MemoryStore;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::content::{GRAPH, commands, entity, queries, registry};

/// Asks a graph that may change meanwhile; compares where it did not.
fn check(graph: &Graph, query: &GraphQuery) -> bool {
    let before = graph.read();
    let given = graph.query(query).map(|answer| (*answer).clone());
    if graph.read().version() != before.version() {
        return false;
    }
    assert_eq!(given, before.query(query), "{query:?} at {}", before.version());
    true
}

async fn open(capacity: usize) -> (Engine, Graph) {
    let cache = CacheConfig { capacity, ..CacheConfig::default() };
    let builder = Engine::builder(Arc::new(MemoryStore::new())).components(registry()).cache(cache);
    let engine = builder.build();
    engine.command(GRAPH, GraphCommand::CreateGraph { metadata: GraphMetadata::named("asked") }).await.unwrap();
    let graph = engine.load_graph(GRAPH).await.unwrap();
    (engine, graph)
}

/// Lets commands happen, asking all queries between, while two readers ask as fast as they can.
async fn play(engine: &Engine, graph: &Graph, commands: Vec<GraphCommand>, queries: &Arc<Vec<GraphQuery>>) {
    let is_over = Arc::new(AtomicBool::new(false));
    let readers = [0, 1].map(|first| {
        let (graph, queries, is_over) = (graph.clone(), Arc::clone(queries), Arc::clone(&is_over));
        tokio::task::spawn_blocking(move || {
            let mut asked = queries.iter().cycle().skip(first);
            while !is_over.load(Ordering::Relaxed) {
                check(&graph, asked.next().unwrap());
            }
        })
    });
    for command in commands {
        drop(graph.submit(Submission::one(engine.context(), command)).await);
        for query in queries.iter() {
            assert!(check(graph, query), "nobody else writes");
        }
    }
    is_over.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await.unwrap();
    }
}

fn change(number: u8, value: i64) -> GraphCommand {
    let set = Properties::from([("a", value)]);
    let (node, component_type) = (entity(number).id, Name::new("Profile"));
    GraphCommand::UpdateNode { update: NodeUpdate { node, component_type, set, unset: Vec::new() } }
}

/// After a change the answers that it took and that had been asked for again are there anew before anybody asks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_asked_for_again_and_again_stays_warm() {
    let (engine, graph) = open(10_000).await;
    for number in [0, 1] {
        let component = Component::new("Profile", Properties::from([("a", 1)]));
        let node = NodeEntity { components: vec![component], ..entity(number) };
        engine.command(GRAPH, GraphCommand::AddNode { node }).await.unwrap();
    }
    let [hot, cold] = [0, 1].map(|number| GraphQuery::Node(entity(number).id));
    for query in [&hot, &hot, &cold] {
        assert!(check(&graph, query));
    }
    let counts = || engine.metrics().cache;
    let before = counts();
    assert_eq!((before.insertions, before.hits), (2, 1));
    engine.command(GRAPH, change(1, 2)).await.unwrap();
    engine.command(GRAPH, change(0, 2)).await.unwrap();
    let warmed = async {
        while counts().insertions == before.insertions {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), warmed).await.unwrap();
    assert!(check(&graph, &hot));
    assert_eq!((counts().insertions, counts().hits), (3, 2), "one was computed again, and asked for");
    assert_eq!((counts().misses, counts().invalidations), (before.misses, 2));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_answer_is_the_one_computed_anew(
        commands in vec(commands(), 1..60),
        queries in vec(queries(), 1..16),
        capacity in prop_oneof![Just(0_usize), Just(3), Just(10_000)],
        close_at in 0..120_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
        runtime.block_on(async {
            let (engine, graph) = open(capacity).await;
            let queries = Arc::new(queries);
            let mut commands = commands;
            let after = commands.split_off(close_at.min(commands.len()));
            play(&engine, &graph, commands, &queries).await;
            if !after.is_empty() {
                engine.close_graph(GRAPH).await;
                let reopened = engine.load_graph(GRAPH).await.unwrap();
                play(&engine, &reopened, after, &queries).await;
                queries.iter().for_each(|query| assert!(check(&graph, query), "a closed graph stays as it was"));
            }
        });
    }
}
