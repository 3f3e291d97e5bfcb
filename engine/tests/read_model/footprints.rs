//! What touches nothing that an answer rests on leaves the answer as it is.

use cidgraph::GraphQuery;
use proptest::prelude::*;

use crate::strategy::{Ask, condition, query, steps, walk};
use crate::world::{Step, World};

fn check(before: &[Step], changes: &[Vec<Step>], asked: &[Ask]) {
    let mut world = World::of(before);
    for (at, change) in changes.iter().enumerate() {
        if at % 2 == 0 {
            world.rest();
        }
        let model = world.read();
        let rests_on = |query: GraphQuery| {
            let answer = model.query(&query).ok()?;
            let footprint = model.footprint(&query, &answer)?;
            Some((query, answer, footprint))
        };
        let answers: Vec<_> = asked.iter().map(|ask| ask.query(&world)).filter_map(rests_on).collect();
        drop(world.take_touched());
        change.iter().for_each(|step| world.step(step));
        world.publish();
        let (touched, model) = (world.take_touched(), world.read());
        for (query, answer, footprint) in answers {
            assert!(footprint.is_sorted_by(|a, b| a < b), "facets ascend");
            if footprint.iter().all(|facet| touched.binary_search(facet).is_err()) {
                assert_eq!(model.query(&query), Ok(answer), "{query:?}");
            }
        }
    }
}

fn changes() -> impl Strategy<Value = Vec<Vec<Step>>> {
    proptest::collection::vec(steps(3), 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn answers_hold_until_their_footprint_is_touched(
        before in steps(60),
        changes in changes(),
        asked in proptest::collection::vec(query(), 1..12),
    ) {
        check(&before, &changes, &asked);
    }

    #[test]
    fn counts_of_one_condition_hold_too(
        before in steps(40),
        changes in changes(),
        asked in proptest::collection::vec(condition(), 8..40),
    ) {
        let asked: Vec<Ask> = asked.into_iter().map(|wanted| Ask::Query(GraphQuery::Count(wanted))).collect();
        check(&before, &changes, &asked);
    }

    #[test]
    fn walks_hold_too(
        before in steps(60),
        changes in changes(),
        asked in proptest::collection::vec(walk(), 8..30),
    ) {
        let asked: Vec<Ask> = asked.into_iter().map(Ask::Query).collect();
        check(&before, &changes, &asked);
    }
}
