//! Whatever happens to a graph and however far the frame loop is behind, what it draws is the graph of the end of a
//! transaction, and in the end that of now.

use std::sync::Arc;
use std::time::Duration;

use cidgraph::history::Step;
use cidgraph::{AsyncSyncBridge, BatchConfig, BridgeEvent, Engine, FeedId, FeedStart, Origin};
use proptest::prelude::*;

use crate::commands::graph;
use crate::picture::Picture;
use crate::story::Story;
use crate::world::{runtime, until};

/// Draws a feed to the end of a story, so many events a frame, and compares with the story after each.
fn draw(bridge: &mut AsyncSyncBridge, feed: FeedId, story: &Story, events_a_frame: usize) -> u64 {
    let (mut picture, mut merged) = (None::<Picture>, 0);
    until("the end of the story", || {
        for event in bridge.receive_events_within(Duration::MAX).take(events_a_frame) {
            match event {
                BridgeEvent::Opened { feed: opened, view } => {
                    assert_eq!(opened, feed);
                    picture = Some(Picture::of(&view));
                }
                BridgeEvent::Changed { feed: changed, update } => {
                    assert_eq!(changed, feed);
                    merged += update.transactions - 1;
                    let version = update.version;
                    let then = story.state(version).expect("it is of the story");
                    assert_eq!(update.cid, then.head().map(|head| head.cid), "an update ends with a transaction");
                    assert_eq!(update.timestamp_ns, then.timestamp_ns());
                    let picture = picture.as_mut().expect("a feed begins with its graph");
                    picture.update(update);
                    assert_eq!(*picture, Picture::of(then.view()), "version {version}");
                }
                BridgeEvent::Answered { .. } => panic!("nothing was asked"),
                BridgeEvent::Ended { outcome, .. } => assert!(outcome.is_ok(), "{outcome:?}"),
            }
        }
        picture.as_ref().is_some_and(|picture| picture.version == story.last()).then_some(())
    });
    merged
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn every_update_makes_the_end_of_a_transaction(
        script in proptest::collection::vec(any::<u8>(), 0..600),
        batch in 1_usize..6,
        pending in 1_usize..40,
        start in 0_usize..12,
        events_a_frame in 1_usize..5,
        step in 1_u64..30,
    ) {
        let runtime = runtime();
        let story = runtime.block_on(Story::of(&script, 4));
        prop_assume!(!story.states.is_empty());
        let start = story.states.get(start).map_or(0, |state| state.version());
        let config = BatchConfig { max_batch_size: batch, max_pending_events: pending, ..BatchConfig::default() };
        let engine = Engine::new(Arc::clone(story.engine.store()));
        let mut bridge = AsyncSyncBridge::new(&engine, runtime.handle(), config);
        let feed = bridge.follow(graph(), FeedStart::AfterVersion(start));
        // The frame loop begins when the feed has gone as far as it can.
        until("the feed waits or is done", || {
            let status = bridge.feeds().pop().expect("it is there");
            (status.waits_for_frame_loop || status.followed_version == story.last()).then_some(())
        });
        draw(&mut bridge, feed, &story, events_a_frame);
        prop_assert!(bridge.stop(feed));
        let now = bridge.follow(graph(), FeedStart::Now);
        draw(&mut bridge, now, &story, 1);
        prop_assert!(bridge.stop(now));
        let replay = bridge.replay(graph(), None, None);
        prop_assert_eq!(draw(&mut bridge, replay, &story, events_a_frame), 0, "the past is shown one by one");
        let animation = bridge.animate(graph(), None, None, Step::Versions(step));
        draw(&mut bridge, animation, &story, events_a_frame);
        prop_assert!(bridge.feeds().iter().all(|status| status.origin == Origin::Replay));
    }
}
