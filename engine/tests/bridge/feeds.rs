//! Several feeds: of several graphs, of one graph, in several bridges; paused, stopped, from another process's events.

use std::sync::Arc;

use cidgraph::bridge::FeedStatus;
use cidgraph::{
    AggregateId, BatchConfig, BridgeEvent, Engine, FeedStart, GraphId, GraphMetadata, GraphMutation, NodeView, Origin,
    SystemClock, TransactionalCommandHandler, WriterConfig,
};

use crate::picture::Picture;
use crate::support::context;
use crate::support::counter::{Counter, CounterCommand};
use crate::world::{Frames, World, add, node, until};

#[test]
fn two_bridges_and_many_feeds_see_the_same() {
    let world = World::new();
    let other =
        world.runtime.block_on(world.engine.create_graph(GraphMetadata::named("other"))).expect("it is created");
    let mut bridges = [world.bridge(BatchConfig::default()), world.bridge(BatchConfig::default())];
    let feeds = bridges
        .each_mut()
        .map(|bridge| [world.graph, other, world.graph].map(|graph| bridge.follow(graph, FeedStart::AfterVersion(0))));
    world.add(0..100);
    world.runtime.block_on(world.engine.command(other, add(7))).expect("no rule forbids it");
    for (bridge, [first, second, third]) in bridges.iter_mut().zip(feeds) {
        let mut frames = Frames::default();
        let picture = frames.reach(bridge, first, 101).clone();
        assert_eq!(*frames.reach(bridge, third, 101), picture);
        assert_eq!(picture.nodes.len(), 100);
        assert_eq!(frames.reach(bridge, second, 2).nodes.len(), 1);
        let graphs: Vec<GraphId> = bridge.feeds().iter().map(|status| status.graph).collect();
        assert_eq!(graphs, [world.graph, other, world.graph]);
    }
}

/// Another engine on the same store is another process, as far as this one knows.
#[test]
fn what_others_write_comes_as_well() {
    let world = World::new();
    let elsewhere = Engine::new(Arc::clone(world.engine.store()));
    let mut bridge = world.bridge(BatchConfig::default());
    let feed = bridge.follow(world.graph, FeedStart::Now);
    let mut frames = Frames::default();
    for number in 0..20 {
        let written = world.runtime.block_on(elsewhere.command(world.graph, add(number))).expect("no rule forbids it");
        let picture = frames.reach(&mut bridge, feed, written.head.version);
        assert_eq!(picture.nodes.len() as u64, number + 1);
    }
    let view = bridge.view(feed).expect("it has begun");
    assert_eq!(frames.pictures[&feed], Picture::of(&view));
}

#[test]
fn a_graph_that_is_not_there_yet_is_followed_from_its_first_event() {
    let world = World::new();
    let graph = world.engine.fresh_graph_id();
    let mut bridge = world.bridge(BatchConfig::default());
    let feed = bridge.follow(graph, FeedStart::Now);
    let mut frames = Frames::default();
    assert_eq!(*frames.reach(&mut bridge, feed, 0), Picture::default());
    let metadata = GraphMetadata::named("late");
    let created = cidgraph::GraphCommand::CreateGraph { metadata };
    world.runtime.block_on(world.engine.command(graph, created)).expect("it is created");
    frames.reach(&mut bridge, feed, 1);
    assert!(matches!(frames.updates[0].mutations[..], [GraphMutation::GraphChanged { .. }]));
    assert_eq!(frames.updates[0].origin, Origin::Live);
}

#[test]
fn a_paused_feed_rests_and_is_stepped_through() {
    let world = World::new();
    world.add(0..10);
    let mut bridge = world.bridge(BatchConfig { max_batch_size: 4, ..BatchConfig::default() });
    let past = bridge.replay(world.graph, None, None);
    let live = bridge.follow(world.graph, FeedStart::Now);
    let mut frames = Frames::default();
    // A batch is taken and not received whole when the feed is paused.
    until("the past has begun", || {
        let event = bridge.receive_events().next()?;
        frames.receive(event);
        frames.pictures.contains_key(&past).then_some(())
    });
    bridge.pause(past);
    let shown = frames.pictures[&past].version;
    frames.reach(&mut bridge, live, 11);
    world.add(10..12);
    frames.reach(&mut bridge, live, 13);
    assert_eq!(frames.pictures[&past].version, shown, "it rests");
    for version in shown + 1..=6 {
        let event = until("the next transaction", || bridge.step(past));
        assert!(matches!(event, BridgeEvent::Changed { .. }));
        frames.receive(event);
        assert_eq!(frames.pictures[&past].version, version);
    }
    bridge.resume(past);
    frames.reach(&mut bridge, past, 11);
    until("its end", || {
        frames.frame(&mut bridge);
        (frames.ends == [(past, None)]).then_some(())
    });
    assert!(!bridge.stop(past), "its end was received");
}

#[test]
fn nothing_comes_of_a_feed_that_was_stopped() {
    let world = World::new();
    world.add(0..10);
    let config = BatchConfig { max_pending_events: 2, ..BatchConfig::default() };
    let mut bridge = world.bridge(config);
    let feed = bridge.follow(world.graph, FeedStart::AfterVersion(0));
    until("it waits", || bridge.feeds().pop().filter(|status| status.waits_for_frame_loop));
    // Some of it was taken already.
    assert!(bridge.receive_events().next().is_some());
    assert!(bridge.stop(feed) && !bridge.stop(feed));
    let other = bridge.follow(world.graph, FeedStart::Now);
    let mut frames = Frames::default();
    frames.reach(&mut bridge, other, 11);
    assert_eq!(frames.pictures.len(), 1);
    let FeedStatus { feed, trouble, .. } = bridge.feeds().pop().expect("one is left");
    assert_eq!((feed, trouble, bridge.view(other).is_some()), (other, None, true));
}

#[test]
fn a_feed_begins_at_the_end_of_a_transaction_and_follows_graphs_alone() {
    let world = World::new();
    let submission = |commands| cidgraph::Submission { context: world.engine.context(), commands, expected: None };
    let both = world.engine.submit(world.graph, submission(vec![add(0), add(1)]));
    world.runtime.block_on(both).expect("no rule forbids it");
    let (store, order) = (Arc::clone(world.engine.store()), AggregateId::from_u64(77));
    let counters = TransactionalCommandHandler::<Counter>::new(store, WriterConfig::default(), Arc::new(SystemClock));
    world.runtime.block_on(counters.handle(order, context(1), CounterCommand::Add(1))).expect("it is counted");
    let mut bridge = world.bridge(BatchConfig::default());
    let inside = bridge.follow(world.graph, FeedStart::AfterVersion(2));
    let beyond = bridge.follow(world.graph, FeedStart::AfterVersion(9));
    let foreign = bridge.follow(GraphId::from(order), FeedStart::AfterVersion(0));
    let mut frames = Frames::default();
    until("all have ended", || {
        frames.frame(&mut bridge);
        (frames.ends.len() == 3).then_some(())
    });
    let why = |feed| frames.ends.iter().find(|(ended, _)| *ended == feed).and_then(|(_, why)| why.as_deref());
    assert_eq!(why(inside), Some("version 2 lies inside a transaction: begin at 1"));
    assert!(why(beyond).expect("it failed").contains('9'), "{:?}", why(beyond));
    assert_eq!(why(foreign), Some("the aggregate of this id is no graph"));
    assert_eq!(bridge.feeds(), []);
}

#[test]
fn changes_of_this_process_go_the_same_way() {
    let world = World::new();
    let mut bridge = world.bridge(BatchConfig { max_pending_events: 3, ..BatchConfig::default() });
    let mut local = bridge.local(GraphId::named("generated"));
    let feed = local.id();
    let generating = world.runtime.spawn(async move {
        for number in 0..50 {
            let node = NodeView { id: node(number), key: None, kind: "Point".into(), version: 0, components: vec![] };
            let pushed = local.push(number, vec![GraphMutation::NodeAdded { node }]).await;
            assert_eq!(pushed, Some(number + 1));
        }
    });
    let mut frames = Frames::default();
    assert_eq!(frames.reach(&mut bridge, feed, 50).nodes.len(), 50);
    assert!(frames.updates.iter().all(|update| update.origin == Origin::Local && update.cid.is_none()));
    world.runtime.block_on(generating).expect("all were taken");
    until("its end", || {
        frames.frame(&mut bridge);
        (!frames.ends.is_empty()).then_some(())
    });
    assert_eq!(frames.ends, [(feed, Some("whatever fed it has ended".to_owned()))]);
}
