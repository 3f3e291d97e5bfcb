//! Stretches of the past, as messages like those of now.

use cidgraph::{BatchConfig, FeedStart, Moment, Origin};

use crate::picture::Picture;
use crate::world::{Frames, World, until};

#[test]
fn a_stretch_of_the_past_is_what_following_it_had_shown() {
    let world = World::new();
    let mut bridge = world.bridge(BatchConfig::default());
    let live = bridge.follow(world.graph, FeedStart::AfterVersion(0));
    let mut lived = Frames::default();
    for number in 0..20 {
        world.add(number..number + 1);
        lived.reach(&mut bridge, live, number + 2);
    }
    assert!(bridge.stop(live));
    let cid = lived.updates[4].cid.expect("it is of a store");
    let past = bridge.replay(world.graph, Some(Moment::Cid(cid)), Some(Moment::Version(15)));
    let mut frames = Frames::default();
    until("its end", || {
        frames.frame(&mut bridge);
        (frames.ends == [(past, None)]).then_some(())
    });
    let mut expected = lived.updates[5..15].to_vec();
    expected.iter_mut().for_each(|update| update.origin = Origin::Replay);
    assert_eq!(frames.updates, expected);
    let then = world.runtime.block_on(world.engine.history(world.graph).at(Moment::Version(15))).expect("it is there");
    assert_eq!(frames.pictures[&past], Picture::of(then.view()));
}

#[test]
fn a_stretch_that_goes_backwards_ends_with_the_reason() {
    let world = World::new();
    world.add(0..3);
    let mut bridge = world.bridge(BatchConfig::default());
    let past = bridge.replay(world.graph, Some(Moment::Version(3)), Some(Moment::Version(2)));
    let mut frames = Frames::default();
    until("its end", || {
        frames.frame(&mut bridge);
        (!frames.ends.is_empty()).then_some(())
    });
    assert!(frames.ends[0].0 == past && frames.ends[0].1.is_some() && frames.pictures.is_empty());
}
