//! One side ends, or cannot be reached, before the other is done.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use cidgraph::{
    AsyncSyncBridge, BatchConfig, BridgeCommand, BridgeError, BridgeEvent, Engine, ErrorKind, EventStore, FeedStart,
    GraphCommand, GraphId, GraphMetadata,
};
use cidgraph_store_memory::MemoryStore;

use crate::faulty::Faulty;
use crate::world::{Frames, World, add, runtime, until};

fn create() -> GraphCommand {
    GraphCommand::CreateGraph { metadata: GraphMetadata::named("drawn") }
}

#[test]
fn what_was_sent_is_carried_out_when_the_frame_loop_is_gone() {
    let world = World::new();
    let mut bridge = world.bridge(BatchConfig { max_pending_events: 2, ..BatchConfig::default() });
    bridge.follow(world.graph, FeedStart::AfterVersion(0));
    for number in 0..500 {
        bridge.send_command(BridgeCommand::Graph(world.graph, add(number))).expect("there is room");
    }
    drop(bridge);
    until("all commands are carried out", || {
        let graph = world.runtime.block_on(world.engine.get_graph(world.graph)).expect("it is there");
        (graph.version() == 501).then_some(())
    });
    // Nothing of the bridge stays behind: the store goes with the engine, for all that the feed waited for room.
    let World { runtime, engine, .. } = world;
    let store = Arc::downgrade(engine.store());
    runtime.block_on(engine.close());
    drop(engine);
    until("the store is let go of", || (store.strong_count() == 0).then_some(()));
}

#[test]
fn a_runtime_that_ends_answers_what_it_took_and_takes_no_more() {
    const COMMANDS: usize = 300;
    let runtime = runtime();
    // It takes no append.
    let store: Arc<dyn EventStore> = Arc::new(Faulty::closed(Arc::new(MemoryStore::new())));
    let engine = Engine::new(store);
    let mut bridge = AsyncSyncBridge::new(&engine, runtime.handle(), BatchConfig::default());
    let graph = GraphId::named("never");
    let live = bridge.follow(graph, FeedStart::Now);
    let mut frames = Frames::default();
    frames.reach(&mut bridge, live, 0);
    for _ in 0..COMMANDS {
        bridge.send_command(BridgeCommand::Graph(graph, create())).expect("there is room");
    }
    until("the first is begun with", || (!engine.open_graphs().is_empty()).then_some(()));
    drop(runtime);
    let refused = bridge.send_command(BridgeCommand::Graph(graph, create()));
    assert_eq!(refused, Err(BridgeError::CommandChannelClosed));
    frames.frame(&mut bridge);
    assert_eq!(frames.ends, [(live, Some("whatever fed it has ended".to_owned()))]);
    let kind = |event: &BridgeEvent| match event {
        BridgeEvent::Answered { outcome, .. } => outcome.as_ref().expect_err("nothing was written").kind(),
        BridgeEvent::Opened { .. } | BridgeEvent::Changed { .. } | BridgeEvent::Ended { .. } => unreachable!(),
    };
    let count = |wanted| frames.answers.iter().filter(|event| kind(event) == wanted).count();
    let (unknown, unavailable) = (count(ErrorKind::Unknown), count(ErrorKind::Unavailable));
    assert_eq!(unknown + unavailable, COMMANDS, "each is answered once");
    assert!(unknown >= 1, "what was begun with may be there");
    assert!(unavailable >= COMMANDS - 256, "what was not begun with is not");
    assert_eq!(bridge.commands_under_way(), 0);
    // A feed that is made now ends at once.
    let late = bridge.follow(graph, FeedStart::Now);
    frames.frame(&mut bridge);
    assert_eq!(frames.ends[1].0, late);
}

#[test]
fn an_engine_that_was_closed_opens_its_graphs_again() {
    let world = World::new();
    let mut bridge = world.bridge(BatchConfig::default());
    let feed = bridge.follow(world.graph, FeedStart::Now);
    let mut frames = Frames::default();
    for number in 0..5 {
        world.runtime.block_on(world.engine.close());
        bridge.send_command(BridgeCommand::Graph(world.graph, add(number))).expect("there is room");
        assert_eq!(frames.reach(&mut bridge, feed, number + 2).nodes.len() as u64, number + 1);
    }
}

#[test]
fn a_store_that_cannot_be_reached_is_named_and_followed_once_it_can() {
    let runtime = runtime();
    let faulty = Arc::new(Faulty::around(Arc::new(MemoryStore::new())));
    let store: Arc<dyn EventStore> = Arc::<Faulty>::clone(&faulty);
    let engine = Engine::new(store);
    let graph = runtime.block_on(engine.create_graph(GraphMetadata::named("drawn"))).expect("it is created");
    runtime.block_on(engine.close());
    faulty.blind.store(true, Ordering::SeqCst);
    let mut bridge = AsyncSyncBridge::new(&engine, runtime.handle(), BatchConfig::default());
    // One cannot load what it begins with, the other what follows.
    let feeds = [FeedStart::Now, FeedStart::AfterVersion(0)].map(|start| bridge.follow(graph, start));
    until("both say so", || {
        let troubles = bridge.feeds().into_iter().filter_map(|status| status.trouble);
        (troubles.filter(|trouble| trouble.contains("told not to read")).count() == 2).then_some(())
    });
    faulty.blind.store(false, Ordering::SeqCst);
    let mut frames = Frames::default();
    for feed in feeds {
        frames.reach(&mut bridge, feed, 1);
    }
    until("nothing is wrong any more", || bridge.feeds().iter().all(|status| status.trouble.is_none()).then_some(()));
}
