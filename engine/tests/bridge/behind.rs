//! A frame loop that is behind: how much waits, what is put together, what is not, and that all of it comes.

use std::time::Duration;

use cidgraph::{BatchConfig, BridgeEvent, FeedStart, GraphCommand, GraphMutation};

use crate::picture::Picture;
use crate::world::{Frames, World, add, node, translate, until};

/// The frame loop stands still while a thousand nodes are added, far more than may wait.
#[test]
fn a_frame_loop_that_stands_still_bounds_what_waits_and_loses_nothing() {
    const NODES: u64 = 1000;
    const PENDING_MAX: usize = 50;
    let world = World::new();
    let config = BatchConfig { max_batch_size: 10, max_pending_events: PENDING_MAX, ..BatchConfig::default() };
    let mut bridge = world.bridge(config);
    let feed = bridge.follow(world.graph, FeedStart::AfterVersion(1));
    world.add(0..NODES);
    let status = until("the feed waits", || bridge.feeds().pop().filter(|status| status.waits_for_frame_loop));
    assert_eq!(status.pending_mutations, PENDING_MAX);
    // Of the store's 1001 versions those were read that wait, and the one that found no room.
    assert!(status.followed_version <= 2 + PENDING_MAX as u64 && status.received_version == 0, "{status:?}");
    assert_eq!(status.lag_versions(), status.followed_version);
    let mut frames = Frames::default();
    let picture = frames.reach(&mut bridge, feed, 1 + NODES);
    assert_eq!(picture.nodes.len() as u64, NODES);
    assert_eq!(bridge.counters().transactions, NODES);
    assert_eq!(bridge.counters().mutations, NODES, "structure is all there");
    assert_eq!(bridge.feeds()[0].lag_versions(), 0);
}

/// Movements of the same nodes take no more room the longer the frame loop stands still.
#[test]
fn of_what_is_overwritten_only_the_last_word_waits() {
    const MOVES: u32 = 300;
    let world = World::new();
    world.add(0..5);
    let config = BatchConfig { max_batch_size: 10, max_pending_events: 40, ..BatchConfig::default() };
    let mut bridge = world.bridge(config);
    let feed = bridge.follow(world.graph, FeedStart::Now);
    let mut frames = Frames::default();
    frames.reach(&mut bridge, feed, 6);
    for _ in 0..MOVES {
        world.command(translate(0..5, 0.1));
    }
    let last = 6 + u64::from(MOVES);
    let status =
        until("it is followed to the end", || bridge.feeds().pop().filter(|status| status.followed_version == last));
    assert!(!status.waits_for_frame_loop && status.pending_mutations <= 20, "{status:?}");
    let picture = frames.reach(&mut bridge, feed, last).clone();
    let now = world.runtime.block_on(world.engine.get_graph(world.graph)).expect("it is there");
    assert_eq!(picture, Picture::of(now.view()), "to the last bit");
    let counters = bridge.counters();
    assert_eq!(counters.transactions, u64::from(MOVES));
    assert_eq!(counters.mutations + counters.coalesced, u64::from(MOVES) * 5);
    assert_eq!(counters.dropped, 0);
}

#[test]
fn what_a_removed_element_was_like_is_dropped_its_structure_is_not() {
    let world = World::new();
    let config = BatchConfig { max_batch_size: 1, ..BatchConfig::default() };
    let mut bridge = world.bridge(config);
    let feed = bridge.follow(world.graph, FeedStart::Now);
    let mut frames = Frames::default();
    frames.reach(&mut bridge, feed, 1);
    world.add(0..2);
    world.command(translate(0..2, 1.0));
    world.command(translate(0..2, 1.0));
    world.command(GraphCommand::RemoveNode { node: node(0) });
    until("it is followed to the end", || bridge.feeds().pop().filter(|status| status.followed_version == 6));
    frames.reach(&mut bridge, feed, 6);
    let mutations = frames.updates.iter().flat_map(|update| &update.mutations);
    let structure = mutations.filter(|mutation| mutation.is_structural()).count();
    assert_eq!(structure, 3, "two nodes were added, one was removed");
    let counters = bridge.counters();
    assert_eq!(counters.mutations + counters.coalesced + counters.dropped, 7);
    assert_eq!(frames.pictures[&feed].nodes.len(), 1);
}

/// A thousand events of one transaction come in one piece, however little a frame takes.
#[test]
fn a_transaction_is_never_split() {
    const NODES: u64 = 1000;
    let world = World::new();
    let config = BatchConfig { max_batch_size: 1, max_pending_events: 1, ..BatchConfig::default() };
    let mut bridge = world.bridge(config);
    let feed = bridge.follow(world.graph, FeedStart::AfterVersion(1));
    let submission =
        cidgraph::Submission { context: bridge.context(), commands: (0..NODES).map(add).collect(), expected: None };
    let receipt = world.runtime.block_on(world.engine.submit(world.graph, submission)).expect("no rule forbids it");
    assert_eq!(u64::from(receipt.events), NODES);
    let mut frames = Frames::default();
    until("the transaction", || {
        // No time at all: one event comes nevertheless.
        let received = bridge.receive_events_within(Duration::ZERO).collect::<Vec<BridgeEvent>>();
        assert!(received.len() <= 1);
        received.into_iter().for_each(|event| frames.receive(event));
        (!frames.updates.is_empty()).then_some(())
    });
    let update = &frames.updates[0];
    assert_eq!((update.first_version, update.version), (2, 1 + NODES));
    assert_eq!(update.cid, Some(receipt.head.cid));
    let added = |mutation: &GraphMutation| matches!(mutation, GraphMutation::NodeAdded { .. });
    assert!(update.mutations.len() as u64 == NODES && update.mutations.iter().all(added));
    assert_eq!(frames.pictures[&feed].version, 1 + NODES);
}

/// A bulk event counts what it holds.
#[test]
fn one_event_of_many_elements_fills_a_feed() {
    let world = World::new();
    let config = BatchConfig { max_batch_size: 1, max_pending_events: 100, ..BatchConfig::default() };
    let mut bridge = world.bridge(config);
    let feed = bridge.follow(world.graph, FeedStart::AfterVersion(1));
    for bulk in 0..3 {
        let nodes = (0..200).map(|number| cidgraph::NodeEntity::new(node(bulk * 200 + number), "Person")).collect();
        world.command(GraphCommand::AddNodes { nodes });
    }
    let status = until("the feed waits", || bridge.feeds().pop().filter(|status| status.waits_for_frame_loop));
    assert!(status.pending_mutations <= 201, "{status:?}");
    let mut frames = Frames::default();
    assert_eq!(frames.reach(&mut bridge, feed, 4).nodes.len(), 600);
}

/// A frame in which nothing happens costs next to nothing.
#[test]
fn a_frame_without_events_allocates_nothing() {
    let world = World::new();
    let mut bridge = world.bridge(BatchConfig::default());
    let feed = bridge.follow(world.graph, FeedStart::Now);
    Frames::default().reach(&mut bridge, feed, 1);
    let counted = allocation_counter::measure(|| assert_eq!(bridge.receive_events().count(), 0));
    assert_eq!(counted.count_total, 0);
}
