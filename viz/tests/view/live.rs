//! A store on servers that is followed: what another process writes is shown, and a store that goes away comes back.

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bevy::math::UVec2;
use cidgraph::{Engine, EventStore, GraphCommand, GraphId, GraphMetadata, NodeEntity, NodeId, Submission};
use cidgraph_harness::nats::{Server, SyncInterval};
use cidgraph_store_jetstream::{JetStreamConfig, JetStreamStore};
use cidgraph_store_memory::MemoryStore;
use cidgraph_viz::GraphBridge;
use cidgraph_viz::app::ViewerPlugin;
use cidgraph_viz::command::Arguments;
use cidgraph_viz::headless::{Adapter, HeadlessView};
use cidgraph_viz::scene::GraphScene;
use cidgraph_viz::source::Source;
use clap::Parser;
use tokio::runtime::Runtime;

use super::stage::is_there;

/// After how long something that does not happen is given up.
const DEADLINE: Duration = Duration::from_secs(120);

/// Events that the other process writes, and those of one of its transactions.
const EVENTS: u64 = 10_000;
const TRANSACTION: u64 = 100;

/// Names the servers to [`publisher`].
const SERVERS: &str = "CIDGRAPH_VIEW_TEST_SERVERS";

fn graph() -> GraphId {
    GraphId::named("live")
}

fn engine(runtime: &Runtime, url: &str) -> Engine {
    let opened = runtime.block_on(JetStreamStore::connect(JetStreamConfig::new(url)));
    let store: Arc<dyn EventStore> = Arc::new(opened.unwrap());
    let _guard = runtime.enter();
    Engine::new(store)
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

/// Adds nodes, one event each.
fn publish(engine: &Engine, runtime: &Runtime, numbers: std::ops::RangeInclusive<u64>) {
    let numbers: Vec<u64> = numbers.collect();
    for numbers in numbers.chunks(usize::try_from(TRANSACTION).unwrap()) {
        let node = |number: &u64| NodeEntity::new(NodeId::from_u64(*number), "thing");
        let commands = numbers.iter().map(|number| GraphCommand::AddNode { node: node(number) }).collect();
        let submission = Submission { context: engine.context(), commands, expected: None };
        runtime.block_on(engine.submit(graph(), submission)).unwrap();
    }
}

/// Writes to the servers that are named, which makes it the other process of [`what_another_process_writes_is_shown`]; to
/// a store in memory where none are.
#[test]
fn every_event_is_published() {
    let runtime = runtime();
    let engine = match std::env::var(SERVERS) {
        Ok(url) => engine(&runtime, &url),
        Err(_) => {
            let engine = Engine::new(Arc::new(MemoryStore::new()));
            create(&runtime, &engine);
            engine
        }
    };
    publish(&engine, &runtime, 1..=EVENTS);
    assert_eq!(runtime.block_on(engine.get_graph(graph())).unwrap().version(), EVENTS + 1);
}

fn open(url: &str) -> HeadlessView {
    let mut view = HeadlessView::open_with(Adapter::Noop, UVec2::splat(64), |app| {
        app.add_plugins(ViewerPlugin);
    })
    .unwrap();
    let arguments = Arguments::try_parse_from(["cidgraph-viz", url]).unwrap();
    let world = view.world();
    let opened = Source::open(&arguments.place(), None, None, &mut world.resource_mut::<GraphScene>());
    let (source, bridge) = opened.unwrap();
    world.insert_resource(source);
    world.insert_resource(bridge);
    view
}

/// Makes frames until something is so.
fn until(view: &mut HeadlessView, what: &str, is_so: impl Fn(&mut HeadlessView) -> bool) {
    let given_up = Instant::now() + DEADLINE;
    while !is_so(view) {
        assert!(Instant::now() < given_up, "{what} does not happen");
        view.frame();
    }
}

fn shown_version(view: &mut HeadlessView) -> u64 {
    view.world().resource::<GraphScene>().graphs().first().map_or(0, |graph| graph.version)
}

fn create(runtime: &Runtime, engine: &Engine) {
    let metadata = GraphMetadata::named("live");
    runtime.block_on(engine.command(graph(), GraphCommand::CreateGraph { metadata })).unwrap();
}

#[test]
fn what_another_process_writes_is_shown() {
    let started = Server::start(SyncInterval::Default);
    if !is_there(started.as_ref()) {
        return;
    }
    let server = started.unwrap();
    let runtime = runtime();
    let writer = engine(&runtime, &server.url);
    create(&runtime, &writer);
    let mut view = open(&server.url);
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "live::every_event_is_published"])
        .env(SERVERS, &server.url)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    until(&mut view, "the last event", |view| shown_version(view) == EVENTS + 1);
    assert!(process.wait().unwrap().success());

    let stored = runtime.block_on(engine(&runtime, &server.url).get_graph(graph())).unwrap();
    let world = view.world();
    let followed = world.resource::<GraphBridge>().view(graph()).unwrap();
    let followed = cidgraph::GraphReadModel::new(followed, cidgraph::pool::ComponentRegistry::default());
    assert_eq!(followed.state_hash(), stored.state_hash());
    let scene = world.resource::<GraphScene>();
    assert_eq!(scene.graphs()[0].node_count, stored.node_count());
    assert!((1..=EVENTS).all(|number| scene.find_node(0, NodeId::from_u64(number)).is_some()));
    let ends: Vec<u64> = (0..=EVENTS / TRANSACTION).map(|number| number * TRANSACTION + 1).collect();
    assert_eq!(scene.graphs()[0].transaction_ends(), ends, "every transaction was shown by itself");
}

#[test]
fn a_store_that_goes_away_and_comes_back_loses_nothing() {
    let started = Server::start(SyncInterval::Default);
    if !is_there(started.as_ref()) {
        return;
    }
    let mut server = started.unwrap();
    let runtime = runtime();
    let writer = engine(&runtime, &server.url);
    create(&runtime, &writer);
    let mut view = open(&server.url);
    publish(&writer, &runtime, 1..=50);
    until(&mut view, "the first events", |view| shown_version(view) == 51);

    server.kill().unwrap();
    until(&mut view, "the view says that the store is away", |view| {
        view.world().resource::<Source>().trouble().is_some()
    });
    assert_eq!(shown_version(&mut view), 51, "what was shown stays");

    server.restart().unwrap();
    publish(&writer, &runtime, 51..=100);
    until(&mut view, "what was written since", |view| shown_version(view) == 101);
    until(&mut view, "the view says that all is well", |view| view.world().resource::<Source>().trouble().is_none());
    let scene = view.world().resource::<GraphScene>();
    assert!((1..=100).all(|number| scene.find_node(0, NodeId::from_u64(number)).is_some()));
}
