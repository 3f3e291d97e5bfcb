//! Any interleaving of changes, lookups at any version and late insertions: what is answered is what would be computed,
//! and what nothing touched is answered.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use super::world::{Cache, KEYS, Query, World};
use crate::cache::{CacheConfig, Computation, QueryCache};
use crate::clock::ManualClock;
use crate::footprint::Facet;
use crate::id::GraphId;

const SECOND_NS: u64 = 1_000_000_000;
const TTL_S: u64 = 20;

#[derive(Debug, Clone)]
enum Step {
    Change { changes: Vec<(u8, Option<u64>)>, versions: u64 },
    Get { query: Query, back: usize },
    Begin { query: Query, back: usize, is_announced: bool },
    Finish { which: usize },
    Wait { seconds: u64 },
}

struct Pending {
    query: Query,
    world: World,
    computation: Option<Computation>,
}

/// What must be in the cache.
struct Kept {
    version: u64,
    footprint: Vec<Facet>,
    until_ns: u64,
}

struct Run {
    clock: Arc<ManualClock>,
    now_ns: u64,
    cache: QueryCache<Query, u64>,
    graph: Cache,
    worlds: Vec<World>,
    touched: Vec<Vec<Facet>>,
    pending: Vec<Pending>,
    kept: HashMap<Query, Kept>,
}

fn query() -> impl Strategy<Value = Query> {
    prop_oneof![
        3 => (0..KEYS).prop_map(Query::Value),
        2 => (0..KEYS, 0..KEYS).prop_map(|(one, other)| Query::Pair(one, other)),
        1 => Just(Query::Count),
        1 => Just(Query::Sum),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let change = (0..KEYS, proptest::option::weighted(0.8, 0..100_u64));
    prop_oneof![
        4 => (vec(change, 0..3), 1..4_u64).prop_map(|(changes, versions)| Step::Change { changes, versions }),
        6 => (query(), 0..4_usize).prop_map(|(query, back)| Step::Get { query, back }),
        4 => (query(), 0..4_usize, any::<bool>())
            .prop_map(|(query, back, is_announced)| Step::Begin { query, back, is_announced }),
        5 => any::<usize>().prop_map(|which| Step::Finish { which }),
        1 => (1..TTL_S).prop_map(|seconds| Step::Wait { seconds }),
    ]
}

impl Run {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::at(SECOND_NS));
        let config = CacheConfig { ttl: Duration::from_secs(TTL_S), ..CacheConfig::default() };
        let cache = QueryCache::new(config, clock.clone());
        let graph = cache.graph(GraphId::from_u64(1));
        graph.follow(0);
        let (worlds, touched) = (vec![World::default()], vec![vec![]]);
        Self { clock, now_ns: SECOND_NS, cache, graph, worlds, touched, pending: vec![], kept: HashMap::new() }
    }

    fn world(&self, back: usize) -> &World {
        &self.worlds[self.worlds.len().saturating_sub(1 + back)]
    }

    fn change(&mut self, changes: &[(u8, Option<u64>)], versions: u64) {
        let mut world = self.world(0).clone();
        let touched = world.set(changes);
        world.version += versions;
        if world.tell(&self.graph, &touched) {
            self.kept.retain(|_, kept| !kept.footprint.iter().any(|facet| touched.contains(facet)));
        } else {
            self.kept.clear();
        }
        self.worlds.push(world);
        self.touched.push(touched);
    }

    fn get(&self, query: Query, back: usize) {
        let world = self.world(back);
        let found = self.graph.get(&query, world.version);
        let kept = self.kept.get(&query);
        let is_kept = kept.is_some_and(|kept| kept.version <= world.version && self.now_ns < kept.until_ns);
        assert_eq!(found.as_deref().copied(), is_kept.then(|| world.answer(query)), "{query:?} at {}", world.version);
    }

    fn finish(&mut self, which: usize) {
        if self.pending.is_empty() {
            return;
        }
        let Pending { query, world, computation } = self.pending.swap_remove(which % self.pending.len());
        let footprint = world.footprint(query);
        let is_kept = self.graph.insert(query, world.version, &footprint, Arc::new(world.answer(query)));
        let since = self.worlds.iter().position(|other| other.version == world.version).unwrap() + 1;
        let is_untouched = !self.touched[since..].iter().flatten().any(|facet| footprint.contains(facet));
        let covering = self.kept.get(&query);
        let is_covered = covering.is_some_and(|kept| kept.version <= world.version && self.now_ns < kept.until_ns);
        assert!(!is_kept || is_untouched, "a touched answer was kept");
        assert!(!(is_kept && is_covered), "a wider answer was replaced");
        if computation.is_some() {
            assert!(is_kept || !is_untouched || is_covered, "the changes were known");
        }
        if is_kept {
            let until_ns = self.now_ns + TTL_S * SECOND_NS;
            self.kept.insert(query, Kept { version: world.version, footprint, until_ns });
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Change { changes, versions } => self.change(&changes, versions),
            Step::Get { query, back } => self.get(query, back),
            Step::Begin { query, back, is_announced } => {
                // A guard is held since before the view is read: it must be the newest one.
                let world = self.world(if is_announced { 0 } else { back }).clone();
                let computation = is_announced.then(|| self.graph.computing());
                self.pending.push(Pending { query, world, computation });
            }
            Step::Finish { which } => self.finish(which),
            Step::Wait { seconds } => {
                self.now_ns += seconds * SECOND_NS;
                self.clock.set(self.now_ns);
            }
        }
        self.validate();
    }

    fn validate(&self) {
        let counts = self.cache.statistics();
        let removed = counts.evictions + counts.expirations + counts.invalidations + counts.replacements;
        assert_eq!(counts.entries, counts.insertions - removed);
        self.graph.validate(usize::try_from(counts.entries).unwrap());
    }

    fn end(mut self) {
        self.now_ns += TTL_S * SECOND_NS;
        self.clock.set(self.now_ns);
        self.cache.remove_expired();
        assert_eq!(self.cache.statistics().entries, 0);
        self.validate();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn every_answer_is_what_would_be_computed(steps in vec(step(), 1..120)) {
        let mut run = Run::new();
        for step in steps {
            run.step(step);
        }
        run.end();
    }
}
