//! A toy graph: eight keys, some with a value, and the queries about them.

use crate::cache::GraphCache;
use crate::footprint::{ChangeObserver, Facet};
use crate::id::NodeId;

pub(super) const KEYS: u8 = 8;
pub(super) type Cache = GraphCache<Query, u64>;

#[derive(Debug, Clone, Default)]
pub(super) struct World {
    pub(super) version: u64,
    pub(super) values: [Option<u64>; KEYS as usize],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Query {
    Value(u8),
    Pair(u8, u8),
    Count,
    Sum,
}

pub(super) fn key(key: u8) -> Facet {
    Facet::node(NodeId::from_u64(key.into()))
}

impl World {
    pub(super) fn value(&self, key: u8) -> u64 {
        self.values[usize::from(key)].unwrap_or(u64::MAX)
    }

    pub(super) fn answer(&self, query: Query) -> u64 {
        match query {
            Query::Value(key) => self.value(key),
            Query::Pair(one, other) => self.value(one).wrapping_mul(3).wrapping_add(self.value(other)),
            Query::Count => self.values.iter().flatten().count() as u64,
            Query::Sum => self.values.iter().flatten().sum(),
        }
    }

    pub(super) fn footprint(&self, query: Query) -> Vec<Facet> {
        let present = (0..KEYS).filter(|&key| self.values[usize::from(key)].is_some()).map(key);
        match query {
            Query::Value(one) => vec![key(one)],
            Query::Pair(one, other) => vec![key(one), key(other)],
            Query::Count => vec![Facet::nodes()],
            Query::Sum => present.chain([Facet::nodes()]).collect(),
        }
    }

    /// Sets values and returns the facets that this touches.
    pub(super) fn set(&mut self, changes: &[(u8, Option<u64>)]) -> Vec<Facet> {
        let mut touched = Vec::new();
        for &(at, value) in changes {
            let before = std::mem::replace(&mut self.values[usize::from(at)], value);
            touched.push(key(at));
            if before.is_some() != value.is_some() {
                touched.push(Facet::nodes());
            }
        }
        touched
    }

    /// Tells a cache of this world what was touched, as a writer does, and returns whether it wanted to know.
    pub(super) fn tell(&self, cache: &Cache, touched: &[Facet]) -> bool {
        let is_interested = cache.is_interested();
        cache.changed(self.version, if is_interested { touched } else { &[] });
        is_interested
    }
}
