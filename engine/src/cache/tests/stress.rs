//! One writer publishes while four readers ask, compute and keep, at the newest version and at older ones.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;

use super::world::{Cache, KEYS, Query, World};
use crate::cache::{CacheConfig, QueryCache};
use crate::clock::ManualClock;
use crate::id::GraphId;

const VERSIONS_MIN: u64 = 2_000;
const VERSIONS_MAX: u64 = 20_000_000;
const HITS_MIN: u64 = 10_000;

/// Returns numbers that look random (splitmix64).
pub(super) fn scatter(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ *state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^ mixed >> 27
}

fn key(random: u64) -> u8 {
    u8::try_from(random % u64::from(KEYS)).expect("there are few keys")
}

fn query(random: u64) -> Query {
    match random % 5 {
        0 => Query::Count,
        1 => Query::Sum,
        2 => Query::Pair(key(random >> 8), key(random >> 16)),
        _ => Query::Value(key(random >> 8)),
    }
}

/// Publishes until the readers found enough.
fn write(cache: &QueryCache<Query, u64>, graph: &Cache, published: &ArcSwap<World>) {
    let mut random = 1;
    let mut world = World::default();
    for version in 1..=VERSIONS_MAX {
        if version.is_multiple_of(64) {
            std::thread::yield_now();
            if version > VERSIONS_MIN && cache.statistics().hits > HITS_MIN {
                return;
            }
        }
        let number = scatter(&mut random);
        let value = (number >> 60 != 0).then_some(version);
        let touched = world.set(&[(key(number), value)]);
        world.version = version;
        world.tell(graph, &touched);
        published.store(Arc::new(world.clone()));
    }
    panic!("{:?}", cache.statistics());
}

fn read(graph: &Cache, published: &ArcSwap<World>, is_over: &AtomicBool, mut random: u64) {
    let mut held = published.load_full();
    while !is_over.load(Ordering::Relaxed) {
        let number = scatter(&mut random);
        if !number.is_multiple_of(3) {
            held = published.load_full();
        }
        let query = query(number >> 8);
        let expected = held.answer(query);
        if let Some(answer) = graph.get(&query, held.version) {
            assert_eq!(*answer, expected, "{query:?} at {}", held.version);
        } else if number.is_multiple_of(2) {
            graph.insert(query, held.version, &held.footprint(query), Arc::new(expected));
        } else {
            let compute = || (held.answer(query), held.footprint(query));
            assert_eq!(*graph.get_or_compute(&query, held.version, compute), expected);
        }
    }
}

/// Ends the readers, also where the writer panics.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn run(capacity: usize) {
    let config = CacheConfig { capacity, ..CacheConfig::default() };
    let cache = QueryCache::new(config, Arc::new(ManualClock::at(1)));
    let graph = cache.graph(GraphId::from_u64(1));
    graph.follow(0);
    let published = ArcSwap::from_pointee(World::default());
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for reader in 0..4 {
            let (graph, published, is_over) = (&graph, &published, &is_over);
            scope.spawn(move || read(graph, published, is_over, reader));
        }
        let _over = Over(&is_over);
        write(&cache, &graph, &published);
    });
    let counts = cache.statistics();
    assert!(counts.entries <= capacity as u64);
    graph.validate(usize::try_from(counts.entries).unwrap());
    cache.forget(GraphId::from_u64(1));
    assert_eq!(cache.statistics().entries, 0);
    graph.validate(0);
}

#[test]
fn no_reader_is_ever_given_a_stale_answer() {
    run(10_000);
}

#[test]
fn no_reader_is_ever_given_a_stale_answer_while_answers_make_room() {
    run(3);
}
