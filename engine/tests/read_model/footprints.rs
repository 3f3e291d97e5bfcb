//! What touches nothing that an answer rests on leaves the answer as it is.

use proptest::prelude::*;

use crate::strategy::{query, steps};
use crate::world::World;

proptest! {
    #![proptest_config(ProptestConfig { cases: 384, ..ProptestConfig::default() })]

    #[test]
    fn answers_hold_until_their_footprint_is_touched(
        before in steps(60),
        changes in proptest::collection::vec(steps(3), 1..8),
        asked in proptest::collection::vec(query(), 1..12),
    ) {
        let mut world = World::of(&before);
        for (at, change) in changes.iter().enumerate() {
            if at % 2 == 0 {
                world.rest();
            }
            let model = world.read();
            let answers: Vec<_> = asked.iter().map(|ask| ask.query(&world)).filter_map(|query| {
                let answer = model.query(&query).ok()?;
                let footprint = model.footprint(&query, &answer)?;
                Some((query, answer, footprint))
            }).collect();
            drop(world.take_touched());
            change.iter().for_each(|step| world.step(step));
            world.publish();
            let (touched, model) = (world.take_touched(), world.read());
            for (query, answer, footprint) in answers {
                prop_assert!(footprint.is_sorted_by(|a, b| a < b));
                if footprint.iter().all(|facet| touched.binary_search(facet).is_err()) {
                    prop_assert_eq!(model.query(&query), Ok(answer), "{:?}", query);
                }
            }
        }
    }
}
