//! Every answer of the front door, kept or not, is the one that is computed anew.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cidgraph::cache::CacheConfig;
use cidgraph::{Engine, Graph, GraphCommand, GraphMetadata, GraphQuery, Submission};
use cidgraph_store_memory::MemoryStore;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::content::{GRAPH, commands, queries, registry};

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
