//! What a cache makes of changes that it was not told, was told late, or did not want to know.

use std::sync::Arc;

use super::world::key;
use crate::cache::{CacheConfig, GraphCache, QueryCache};
use crate::clock::ManualClock;
use crate::footprint::{ChangeObserver, Facet};
use crate::id::GraphId;

type Cache = GraphCache<&'static str, u64>;

fn cache() -> (QueryCache<&'static str, u64>, Cache) {
    let cache = QueryCache::new(CacheConfig::default(), Arc::new(ManualClock::at(1)));
    let graph = cache.graph(GraphId::from_u64(1));
    (cache, graph)
}

fn followed(version: u64) -> Cache {
    let (_, graph) = cache();
    graph.follow(version);
    graph
}

fn get(graph: &Cache, version: u64) -> Option<u64> {
    graph.get(&"query", version).as_deref().copied()
}

fn insert(graph: &Cache, version: u64, facets: &[Facet]) -> bool {
    graph.insert("query", version, facets, Arc::new(version))
}

#[test]
fn an_answer_is_for_its_version_and_later_ones() {
    let graph = followed(5);
    assert!(insert(&graph, 5, &[key(1)]));
    graph.changed(6, &[key(2)]);
    assert_eq!((get(&graph, 4), get(&graph, 5), get(&graph, 6), get(&graph, 7)), (None, Some(5), Some(5), None));
    graph.changed(7, &[key(1)]);
    assert_eq!((get(&graph, 5), get(&graph, 7)), (None, None));
}

#[test]
fn an_answer_from_before_a_change_is_kept_where_the_change_did_not_touch_it() {
    let graph = followed(5);
    let computation = graph.computing();
    assert!(graph.is_interested());
    graph.changed(6, &[key(1)]);
    graph.changed(7, &[key(2)]);
    assert!(!insert(&graph, 5, &[key(1)]));
    assert!(!insert(&graph, 6, &[key(2)]));
    assert!(insert(&graph, 5, &[key(3)]));
    assert_eq!(get(&graph, 7), Some(5));
    drop(computation);
}

#[test]
fn an_answer_is_refused_where_nobody_was_interested_in_a_change_since() {
    let graph = followed(5);
    assert!(!graph.is_interested());
    let computation = graph.computing();
    graph.changed(6, &[]);
    assert!(!insert(&graph, 5, &[key(1)]));
    assert!(insert(&graph, 6, &[key(1)]));
    drop(computation);
}

#[test]
fn an_answer_kept_between_no_interest_and_the_change_is_forgotten() {
    let graph = followed(5);
    assert!(!graph.is_interested());
    assert!(insert(&graph, 5, &[key(1)]));
    graph.changed(6, &[]);
    assert_eq!(get(&graph, 6), None);
    graph.validate(0);
}

#[test]
fn a_change_that_touched_nothing_forgets_nothing() {
    let graph = followed(5);
    assert!(insert(&graph, 5, &[key(1)]));
    assert!(graph.is_interested());
    graph.changed(6, &[]);
    assert_eq!(get(&graph, 6), Some(5));
}

#[test]
fn without_an_observer_an_answer_is_for_its_version_alone() {
    let (_, graph) = cache();
    assert!(insert(&graph, 5, &[key(1)]));
    assert_eq!((get(&graph, 5), get(&graph, 6)), (Some(5), None));
    assert!(insert(&graph, 6, &[key(1)]));
    assert_eq!((get(&graph, 5), get(&graph, 6)), (None, Some(6)));
    assert!(!insert(&graph, 5, &[key(2)]));
}

#[test]
fn the_first_change_forgets_what_an_unseen_one_may_have_touched() {
    let (_, graph) = cache();
    assert!(insert(&graph, 5, &[key(1)]));
    graph.changed(8, &[key(2)]);
    assert_eq!(get(&graph, 8), None);
}

#[test]
fn following_again_at_the_same_version_forgets_nothing() {
    let graph = followed(5);
    assert!(insert(&graph, 5, &[key(1)]));
    graph.follow(5);
    assert_eq!(get(&graph, 5), Some(5));
    graph.follow(6);
    assert_eq!(get(&graph, 6), None);
}

#[test]
fn publishing_a_version_again_touches_nothing() {
    let graph = followed(5);
    assert!(insert(&graph, 5, &[key(1)]));
    graph.changed(5, &[]);
    assert_eq!(get(&graph, 5), Some(5));
}

#[test]
fn an_older_version_forgets_everything() {
    let graph = followed(5);
    assert!(insert(&graph, 5, &[key(1)]));
    graph.changed(3, &[key(2)]);
    assert_eq!((get(&graph, 3), get(&graph, 5)), (None, None));
}

#[test]
fn changes_beyond_the_log_are_not_known() {
    let graph = followed(0);
    let computation = graph.computing();
    for version in 1..=5_000 {
        graph.changed(version, &[key(1)]);
    }
    assert!(!insert(&graph, 10, &[key(2)]));
    assert!(insert(&graph, 4_000, &[key(2)]));
    let many: Vec<Facet> = (0..20_000).map(|node| Facet::node(crate::id::NodeId::from_u64(1_000 + node))).collect();
    graph.changed(5_001, &many);
    assert_eq!(get(&graph, 5_001), Some(4_000), "what is kept already is matched with all facets");
    assert!(!graph.insert("other", 5_000, &[key(3)], Arc::new(0)));
    drop(computation);
}

#[test]
fn an_answer_valid_from_earlier_replaces_a_later_one_and_is_not_replaced() {
    let graph = followed(5);
    let computation = graph.computing();
    graph.changed(6, &[key(2)]);
    assert!(insert(&graph, 6, &[key(1)]));
    assert!(insert(&graph, 5, &[key(1)]));
    assert!(!insert(&graph, 6, &[key(1)]));
    assert_eq!(get(&graph, 6), Some(5));
    graph.validate(1);
    drop(computation);
}

#[test]
fn graphs_do_not_share_answers_nor_changes() {
    let (cache, one) = cache();
    let other = cache.graph(GraphId::from_u64(2));
    one.follow(5);
    other.follow(5);
    assert!(insert(&one, 5, &[key(1)]));
    assert_eq!(get(&other, 5), None);
    other.changed(6, &[key(1)]);
    assert_eq!(get(&one, 5), Some(5));
    cache.forget(GraphId::from_u64(1));
    assert_eq!(get(&one, 5), None);
}
