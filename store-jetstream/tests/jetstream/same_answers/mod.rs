//! A store on servers beside a store in memory: the same operations, the same answers.

mod engines;
mod operation;
mod twin;

use std::time::Duration;

use async_nats::jetstream;
use cidgraph::EventStore;
use cidgraph_harness::nats::{Cluster, Server, SyncInterval, or_skip};
use cidgraph_store_jetstream::{JetStreamConfig, JetStreamStore};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use tokio::runtime::Runtime;

use self::engines::{Step, same_graph, step};
use self::operation::{Operation, operation};
use self::twin::Twin;
use crate::support::replicated;

/// One stream after the other on the same servers: each case begins with none. A server whose disk is busy may give a
/// stream that is made again right after it was deleted the first event of the one before: then both are done again.
async fn fresh(config: &JetStreamConfig) -> JetStreamStore {
    let context = jetstream::new(async_nats::connect(config.urls.clone()).await.unwrap());
    loop {
        for name in ["event-store", "KV_event-store-positions"] {
            // There is none before the first case.
            drop(context.delete_stream(name).await);
        }
        let store = JetStreamStore::connect(config.clone()).await.unwrap();
        if store.last_sequence().await.unwrap() == 0 {
            return store;
        }
    }
}

/// Runs a property on values of a strategy, as many as it is told or `PROPTEST_CASES` says.
fn hold<S: Strategy>(cases: u32, strategy: &S, check: impl Fn(S::Value)) {
    let told = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let config =
        Config { cases: told.unwrap_or(cases), max_shrink_iters: 200, failure_persistence: None, ..Config::default() };
    let run = TestRunner::new(config).run(strategy, |value| {
        check(value);
        Ok::<(), TestCaseError>(())
    });
    run.unwrap_or_else(|failure| panic!("{failure}"));
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn the_stores_agree(cases: u32, config: &JetStreamConfig) {
    let runtime = runtime();
    let check = |operations: Vec<Operation>| {
        runtime.block_on(async {
            let mut twin = Twin::new(fresh(config).await, config.clone());
            for operation in &operations {
                twin.take(operation).await;
            }
            twin.check_everything().await;
        });
    };
    hold(cases, &proptest::collection::vec(operation(), 1..60), check);
}

#[test]
fn one_server_answers_as_memory_does() {
    let Some(server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    the_stores_agree(48, &JetStreamConfig::new(&server.url));
}

#[test]
fn three_servers_answer_as_memory_does() {
    let Some(cluster) = or_skip(Cluster::start(SyncInterval::Default)) else { return };
    the_stores_agree(8, &JetStreamConfig { request_timeout: Duration::from_secs(1), ..replicated(&cluster) });
}

#[test]
fn engines_on_a_server_and_in_memory_come_to_the_same_state() {
    let Some(server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    let (config, runtime) = (JetStreamConfig::new(&server.url), runtime());
    let check = |steps: Vec<Step>| runtime.block_on(async { same_graph(fresh(&config).await, &steps).await });
    hold(32, &proptest::collection::vec(step(), 1..80), check);
}
