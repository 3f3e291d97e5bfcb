//! Frames of an animation: put together they are the whole stretch, and each is the difference between two states.

use cidgraph::history::{Frame, Step};
use cidgraph::{GraphReplayService, Moment};
use proptest::prelude::*;
use std::sync::Arc;
use std::time::Duration;

use crate::commands::graph;
use crate::naive;
use crate::story::{Story, TICK_NS, wait};

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn each_frame_is_the_difference_of_its_step(
        script in proptest::collection::vec(any::<u8>(), 0..400),
        step in 1_u64..60,
    ) {
        wait(async {
            let story = Story::of(&script, 4).await;
            if story.states.len() < 3 {
                return;
            }
            let (first, last) = (&story.states[0], &story.states[story.states.len() - 1]);
            let animation = GraphReplayService::new(Arc::clone(story.engine.store()))
                .create_replay_animation(graph(), first.timestamp_ns(), last.timestamp_ns(), Duration::from_nanos(step))
                .await
                .expect("there are both");
            check(&story, &animation.frames().await.expect("they hold"), first.version(), |frame| {
                first.timestamp_ns() + (frame.number * step).min(last.timestamp_ns() - first.timestamp_ns())
            });
            let (from, to) = (Moment::Version(first.version()), Moment::Version(last.version()));
            let animation = story.history().animate(Some(from), to, Step::Versions(step)).await.expect("there are both");
            let frames = animation.frames().await.expect("they hold");
            assert!(frames.iter().all(|frame| frame.place.head.version <= last.version()));
            check(&story, &frames, first.version(), |frame| frame.place.timestamp_ns);
        });
    }
}

/// Checks frames from the state at a version on to the last.
fn check(story: &Story, frames: &[Frame], from: u64, time_of: impl Fn(&Frame) -> u64) {
    let mut shown = story.state(from).expect("it is there");
    let mut number = 0;
    for frame in frames {
        assert!(frame.number > number, "steps go on");
        number = frame.number;
        assert_eq!(frame.time_ns, time_of(frame));
        let after = story.state(frame.place.head.version).expect("it is there");
        assert_eq!(after.head(), Some(frame.place.head), "a frame ends with a transaction");
        assert!(after.timestamp_ns() <= frame.time_ns);
        assert_eq!(frame.events as u64, after.version() - shown.version());
        assert_eq!(frame.delta, naive::diff(shown, after));
        shown = after;
    }
    assert_eq!(shown.version(), story.last(), "the last frame ends with the stretch");
}

#[test]
fn steps_of_time_begin_where_the_stretch_does() {
    wait(async {
        let script: Vec<u8> = (0..=255).cycle().take(2000).collect();
        let story = Story::of(&script, 2).await;
        let to = Moment::Version(story.last());
        let animation = story.history().animate(None, to, Step::Time(TICK_NS)).await.expect("it is there");
        assert_eq!(animation.start().version(), 0);
        let frames = animation.frames().await.expect("they hold");
        // The first transaction lies at the very start of the first step, the second at its end.
        assert_eq!(frames[0].place.head, story.states[1].head().expect("it has one"));
        assert_eq!(frames.len(), story.states.len() - 1);
        let nothing = story.history().animate(Some(to), to, Step::Versions(1)).await.expect("it is there");
        assert!(nothing.frames().await.expect("they hold").is_empty());
        story.history().animate(None, to, Step::Time(0)).await.expect_err("a step of nothing");
    });
}
