//! Criteria, orders and pages, with the indices up to date and with nodes that they lack.

use cidgraph::{Criterion, GraphReadModel, NodeId, NodeQuery};
use proptest::prelude::*;

use crate::naive;
use crate::strategy::{criterion, node_query, steps};
use crate::world::{Step, World};

fn check_criterion(model: &GraphReadModel, criterion: &Criterion) {
    let expected: Vec<NodeId> =
        naive::all(model).iter().filter(|node| naive::meets(node, criterion)).map(|node| node.id).collect();
    let page = model.nodes(&NodeQuery::of(criterion.clone()).ids_only());
    let found: Vec<NodeId> = page.nodes.iter().map(|node| node.id).collect();
    assert_eq!(found, expected, "{criterion:?}");
    assert_eq!((page.total, model.count(criterion)), (expected.len(), expected.len()), "{criterion:?}");
}

fn check_page(model: &GraphReadModel, query: &NodeQuery) {
    let page = model.nodes(query);
    assert_eq!((page.nodes, page.total), naive::page(model, query), "{query:?}");
}

/// Two halves of a story: the indices know all of it, the first half, or nothing.
pub fn worlds(first: &[Step], second: &[Step]) -> [World; 3] {
    let mut worlds = [World::of(first), World::of(first), World::of(first)];
    worlds[..2].iter_mut().for_each(World::rest);
    for world in &mut worlds {
        second.iter().for_each(|step| world.step(step));
        world.publish();
    }
    worlds[0].rest();
    worlds
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 384, ..ProptestConfig::default() })]

    #[test]
    fn criteria_are_those_of_a_scan(
        first in steps(60),
        second in steps(30),
        criteria in proptest::collection::vec(criterion(), 1..16),
        queries in proptest::collection::vec(node_query(), 1..12),
    ) {
        let worlds = worlds(&first, &second);
        prop_assert!(worlds[0].read().view().is_index_current());
        for world in &worlds {
            let model = world.read();
            criteria.iter().for_each(|criterion| check_criterion(&model, criterion));
            queries.iter().for_each(|query| check_page(&model, query));
        }
    }

    #[test]
    fn pages_join_into_the_whole(story in steps(60), criterion in criterion(), limit in 1usize..5) {
        let model = World::of(&story).read();
        let whole = model.nodes(&NodeQuery::of(criterion.clone())).nodes;
        let (mut joined, mut query) = (Vec::new(), NodeQuery::of(criterion).limit(limit));
        loop {
            let page = model.nodes(&query).nodes;
            let Some(last) = page.last() else { break };
            query = query.after(last.id);
            joined.extend(page);
        }
        prop_assert_eq!(joined, whole);
    }
}
