//! Time to live, capacity and the order in which entries make room.

use std::sync::Arc;
use std::time::Duration;

use super::stress::scatter;
use super::world::key;
use crate::cache::{CacheConfig, CacheStatistics, QueryCache};
use crate::clock::ManualClock;
use crate::footprint::{ChangeObserver, Facet};
use crate::id::{GraphId, NodeId};

fn cache(capacity: usize) -> (QueryCache<u64, u64>, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(1_000));
    let config = CacheConfig { ttl: Duration::from_nanos(300), capacity, footprint_facets_max: 4 };
    (QueryCache::new(config, clock.clone()), clock)
}

#[test]
fn an_answer_is_given_until_its_time_is_over() {
    let (cache, clock) = cache(10);
    let graph = cache.graph(GraphId::from_u64(1));
    graph.follow(1);
    assert!(graph.insert(7, 1, &[key(1)], Arc::new(7)));
    for (now, is_given) in [(1_000, true), (1_299, true), (1_300, false), (999, false), (1_001, true)] {
        clock.set(now);
        assert_eq!(graph.get(&7, 1).is_some(), is_given, "at {now}");
        assert_eq!(graph.is_interested(), is_given, "at {now}");
    }
}

#[test]
fn what_is_over_is_removed_by_an_insertion_and_on_demand() {
    let (cache, clock) = cache(10);
    let graph = cache.graph(GraphId::from_u64(1));
    assert!(graph.insert(7, 1, &[key(1)], Arc::new(7)));
    clock.set(1_300);
    assert!(graph.insert(7, 1, &[key(1)], Arc::new(8)));
    assert_eq!(graph.get(&7, 1).as_deref(), Some(&8));
    assert_eq!(cache.statistics().expirations, 1);
    clock.set(1_600);
    assert_eq!(cache.remove_expired(), 1);
    let expected = CacheStatistics { hits: 1, insertions: 2, expirations: 2, ..CacheStatistics::default() };
    assert_eq!(cache.statistics(), expected);
    graph.validate(0);
}

#[test]
fn the_capacity_is_over_all_graphs() {
    let (cache, _) = cache(100);
    let graphs = [1, 2, 3].map(|id| cache.graph(GraphId::from_u64(id)));
    for query in 0..1_000 {
        let graph = &graphs[usize::try_from(query % 3).unwrap()];
        assert!(graph.insert(query, 1, &[key(1), Facet::nodes()], Arc::new(query)));
        assert_eq!(graph.get(&query, 1).as_deref(), Some(&query), "the newest is there");
        assert_eq!(cache.statistics().entries, 100.min(query + 1));
    }
    assert_eq!(cache.statistics().evictions, 900);
    let kept = graphs.iter().map(|graph| (0..1_000).filter(|query| graph.get(query, 1).is_some()).count());
    assert_eq!(kept.sum::<usize>(), 100);
    for graph in &graphs {
        graph.follow(2);
        graph.validate(0);
    }
    assert_eq!(cache.statistics().entries, 0);
}

#[test]
fn what_is_asked_for_stays_when_others_pass_by() {
    let (cache, _) = cache(1_000);
    let graph = cache.graph(GraphId::from_u64(1));
    for query in 0..20_000 {
        graph.insert(query, 1, &[], Arc::new(query));
        graph.get(&(query % 100), 1);
    }
    let kept = (0..100).filter(|query| graph.get(query, 1).is_some()).count();
    assert!(kept >= 95, "{kept} of 100");
}

/// What was hot before gives way to what is hot now, also while changes keep taking answers that come back as the newest.
#[test]
fn what_was_asked_for_before_gives_way_while_answers_come_and_go() {
    const ASKED: u64 = 20_000;
    let (cache, _) = cache(1_000);
    let graph = cache.graph(GraphId::from_u64(1));
    graph.follow(0);
    let ask =
        |query, version| graph.get_or_compute(&query, version, || (query, [Facet::node(NodeId::from_u64(query))]));
    let mut random = 1;
    for _ in 0..ASKED {
        ask(5_000 + skewed(scatter(&mut random)) + scatter(&mut random) % 1_000, 0);
    }
    let mut before = cache.statistics();
    for number in 1..ASKED {
        let query = skewed(scatter(&mut random));
        if number == ASKED / 2 {
            before = cache.statistics();
        }
        if number % 20 == 0 {
            assert!(graph.is_interested());
            graph.changed(number, &[Facet::node(NodeId::from_u64(query))]);
        } else {
            ask(query, number / 20 * 20);
        }
    }
    let after = cache.statistics();
    let (hits, misses) = (after.hits - before.hits, after.misses - before.misses);
    assert!(hits > 9 * misses, "{hits} hits, {misses} misses");
}

/// Returns a number below 1,024, half of the time one of the first 32.
fn skewed(random: u64) -> u64 {
    let width = 1 << ((random >> 8) % 10);
    width + (random >> 16) % width
}

#[test]
fn a_change_tells_which_answers_were_asked_for_again() {
    let (cache, _) = cache(10);
    let graph = cache.graph(GraphId::from_u64(1));
    graph.follow(1);
    for query in 1..=3 {
        assert!(graph.insert(query, 1, &[key(1)], Arc::new(query)));
    }
    assert!(graph.insert(4, 1, &[key(2)], Arc::new(4)));
    assert!(graph.get(&2, 1).is_some() && graph.get(&4, 1).is_some());
    assert!(graph.is_interested());
    assert_eq!(graph.change(2, &[key(1)]), [2]);
    assert_eq!(cache.statistics().invalidations, 3);
}

#[test]
fn a_capacity_of_one_keeps_the_newest_and_of_none_keeps_nothing() {
    let (one, _) = cache(1);
    let graph = one.graph(GraphId::from_u64(1));
    for query in 0..50 {
        assert!(graph.insert(query, 1, &[key(1)], Arc::new(query)));
        assert!(graph.get(&query, 1).is_some());
    }
    graph.validate(1);
    let (none, _) = cache(0);
    let graph = none.graph(GraphId::from_u64(1));
    assert!(!graph.insert(1, 1, &[key(1)], Arc::new(1)));
    assert_eq!((none.statistics().refusals, none.statistics().entries), (1, 0));
    graph.validate(0);
}

#[test]
fn the_facets_of_a_footprint_are_counted_once_each() {
    let (cache, _) = cache(10);
    let graph = cache.graph(GraphId::from_u64(1));
    assert!(graph.insert(1, 1, &[key(1); 9], Arc::new(1)));
    assert!(!graph.insert(2, 1, &[1, 2, 3, 4, 5].map(key), Arc::new(2)));
    graph.follow(2);
    graph.validate(0);
}

#[test]
fn the_hit_ratio_is_of_lookups() {
    let counts = |hits, misses| CacheStatistics { hits, misses, ..CacheStatistics::default() };
    assert_eq!(counts(0, 0).hit_ratio(), None);
    assert_eq!(counts(3, 1).hit_ratio(), Some(0.75));
}
