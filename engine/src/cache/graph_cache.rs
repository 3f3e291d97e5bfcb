//! The answers about one graph, and how they learn of its changes.

use std::convert::Infallible;
use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::entries::Entries;
use super::observed::Observed;
use super::slots::{Asked, Entry};
use crate::footprint::{ChangeObserver, Facet};

/// The answers about one graph; clones are the same cache.
///
/// A [`ChangeObserver`] to be given to the graph's writer, with [`follow`](Self::follow) before. Where it is not, nothing
/// false is ever answered, but a change of the version forgets everything.
pub struct GraphCache<Q, A> {
    entries: Arc<Entries<Q, A>>,
    graph: Arc<Observed>,
}

impl<Q, A> Clone for GraphCache<Q, A> {
    fn clone(&self) -> Self {
        Self { entries: self.entries.clone(), graph: self.graph.clone() }
    }
}

impl<Q, A> fmt::Debug for GraphCache<Q, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GraphCache").field("latest", &self.graph.latest()).finish_non_exhaustive()
    }
}

/// Keeps a graph's cache interested in changes while an answer is being computed.
#[derive(Debug)]
pub struct Computation(Arc<Observed>);

impl Drop for Computation {
    fn drop(&mut self) {
        self.0.computations.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<Q: Hash + Eq, A> GraphCache<Q, A> {
    pub(super) const fn new(entries: Arc<Entries<Q, A>>, graph: Arc<Observed>) -> Self {
        Self { entries, graph }
    }

    /// Returns the answer to a query for a reader at `version`: the one that it would compute there.
    #[inline]
    pub fn get(&self, query: &Q, version: u64) -> Option<Arc<A>> {
        let asked = self.asked(query);
        self.entries.get(&asked, version, self.graph.latest())
    }

    /// Keeps an answer that was computed at `version` and rests on `footprint`, and returns whether it did.
    ///
    /// It does not where something of the footprint was touched since or where that is not known any more, where an answer
    /// that is valid for longer is there, and where the footprint has more than
    /// [`footprint_facets_max`](super::CacheConfig::footprint_facets_max) facets. Hold a [`Computation`] since before
    /// `version` was read: otherwise changes meanwhile may go unknown.
    pub fn insert(&self, query: Q, version: u64, footprint: &[Facet], answer: Arc<A>) -> bool {
        let mut facets = footprint.to_vec();
        facets.sort_unstable();
        facets.dedup();
        let mut removed = Vec::new();
        let is_kept = facets.len() <= self.entries.config.footprint_facets_max
            && self.insert_distinct(query, version, &facets, answer, &mut removed);
        if !is_kept {
            self.entries.refuse();
        }
        release(removed);
        is_kept
    }

    /// Notes that an answer is being computed, until the guard is dropped.
    pub fn computing(&self) -> Computation {
        self.graph.computations.fetch_add(1, Ordering::Relaxed);
        Computation(self.graph.clone())
    }

    /// Returns the kept answer to a query, or computes it, with its footprint, and keeps it.
    ///
    /// Two readers that miss at the same time both compute.
    pub fn get_or_compute<F: AsRef<[Facet]>>(&self, query: &Q, version: u64, compute: impl FnOnce() -> (A, F)) -> Arc<A>
    where
        Q: Clone,
    {
        match self.get_or_try_compute(query, version, || Ok::<_, Infallible>(compute())) {
            Ok(answer) => answer,
            Err(never) => match never {},
        }
    }

    /// Returns the kept answer to a query, or computes it, with its footprint, and keeps it.
    ///
    /// # Errors
    /// The one of `compute`; it is not kept.
    pub fn get_or_try_compute<F: AsRef<[Facet]>, E>(
        &self,
        query: &Q,
        version: u64,
        compute: impl FnOnce() -> Result<(A, F), E>,
    ) -> Result<Arc<A>, E>
    where
        Q: Clone,
    {
        if let Some(answer) = self.get(query, version) {
            return Ok(answer);
        }
        let _computation = self.computing();
        let (answer, footprint) = compute()?;
        let answer = Arc::new(answer);
        self.insert(query.clone(), version, footprint.as_ref(), answer.clone());
        Ok(answer)
    }

    /// Tells that readers see `version` now and that every publication after it will be told; to be called when the cache
    /// is given to a writer, each time. What is kept of another version is forgotten.
    pub fn follow(&self, version: u64) {
        let mut book = self.graph.lock();
        let places = book.follow(version);
        let removed = self.entries.invalidate(&places);
        self.graph.publish(&book);
        drop(book);
        drop(removed);
    }

    /// Does what [`changed`](ChangeObserver::changed) does, and returns the queries whose answers this made invalid and
    /// that were asked again since they were kept or nearly made room: those that are worth another computation.
    pub fn change(&self, version: u64, facets: &[Facet]) -> Vec<Q> {
        let is_known = self.graph.take_promise() || !facets.is_empty();
        let mut book = self.graph.lock();
        let places = book.changed(version, facets, is_known);
        let removed = self.entries.invalidate(&places);
        self.graph.publish(&book);
        drop(book);
        removed.into_iter().filter(Entry::is_wanted).map(|entry| entry.query).collect()
    }

    pub(super) fn forget(&self) {
        let mut book = self.graph.lock();
        let places = book.footprints.drain();
        let removed = self.entries.invalidate(&places);
        self.graph.publish(&book);
        drop(book);
        drop(removed);
    }

    /// Asserts that exactly `entries` footprints are on the graph's book, and that the book agrees with itself.
    #[cfg(test)]
    pub(super) fn validate(&self, entries: usize) {
        let book = self.graph.lock();
        book.footprints.validate();
        assert_eq!(book.footprints.len(), entries);
        assert_eq!(book.latest(), self.graph.latest());
    }

    fn insert_distinct(
        &self,
        query: Q,
        version: u64,
        facets: &[Facet],
        answer: Arc<A>,
        removed: &mut Vec<Entry<Q, A>>,
    ) -> bool {
        let now_ns = self.entries.now_ns();
        let asked = self.asked(&query);
        let place = self.entries.place(asked.hash);
        let mut book = self.graph.lock();
        removed.extend(self.entries.invalidate(&book.read_at(version)));
        let is_welcome =
            book.is_untouched_since(version, facets) && self.entries.prepare(&asked, version, now_ns, removed);
        if is_welcome {
            let registration = book.footprints.insert(place, facets);
            let graph = self.graph.clone();
            let is_wanted = AtomicBool::new(false);
            let inserted_ns = now_ns;
            self.entries.insert(Entry { place, graph, query, answer, version, inserted_ns, registration, is_wanted });
            self.graph.inserted_at(now_ns);
        }
        self.graph.publish(&book);
        is_welcome
    }

    fn asked<'a>(&'a self, query: &'a Q) -> Asked<'a, Q> {
        let hash = self.entries.hasher.hash_one((self.graph.seed, query));
        Asked { hash, graph: &self.graph, query }
    }
}

/// Takes the footprints of removed entries off their graphs' books, and drops the entries.
pub(super) fn release<Q, A>(removed: Vec<Entry<Q, A>>) {
    for entry in removed {
        let mut book = entry.graph.lock();
        book.footprints.release(entry.registration, entry.place.serial);
        entry.graph.publish(&book);
    }
}

impl<Q, A> ChangeObserver for GraphCache<Q, A>
where
    Q: Hash + Eq + Send + Sync + 'static,
    A: Send + Sync + 'static,
{
    fn is_interested(&self) -> bool {
        self.graph.is_interested(self.entries.now_ns(), self.entries.ttl_ns())
    }

    fn changed(&self, version: u64, facets: &[Facet]) {
        drop(self.change(version, facets));
    }
}
