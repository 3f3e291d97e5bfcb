//! Keeps the cache of an open graph warm: what is asked for again and again is computed again, on a thread beside the
//! writer, as soon as a change has made its answer invalid.
//!
//! Only an answer that was given since it was computed is computed again, so the work is never more than that of the
//! readers: an answer that nobody asks for between two changes is left.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio::runtime::Handle;

use crate::cache::{GraphCache, QueryCache};
use crate::footprint::{ChangeObserver, Facet};
use crate::id::{AggregateId, GraphId};
use crate::read_model::{Answer, GraphQuery, GraphReadModel, QueryError};

use super::front::Inner;

/// How many queries wait at most; the oldest are left for their readers.
const WAITING_MAX: usize = 1024;

/// Follows one graph for the cache.
#[derive(Clone)]
pub(super) struct Warming {
    graph: GraphId,
    cached: GraphCache<GraphQuery, Answer>,
    engine: Weak<Inner>,
    work: Arc<Mutex<Work>>,
}

#[derive(Default)]
struct Work {
    waiting: VecDeque<GraphQuery>,
    is_under_way: bool,
}

impl Warming {
    /// Lets the cache follow a graph that is about to be loaded, without what it knew of it before.
    pub(super) fn start(
        cache: &QueryCache<GraphQuery, Answer>,
        graph: GraphId,
        engine: Weak<Inner>,
    ) -> Arc<dyn ChangeObserver> {
        cache.forget(graph);
        let cached = cache.graph(graph);
        cached.follow(0);
        Arc::new(Self { graph, cached, engine, work: Arc::default() })
    }

    /// Computes what waits, until nothing does.
    fn run(&self) {
        while let Some(query) = self.next() {
            // What cannot be computed now is for those who ask.
            drop(self.compute(query));
        }
    }

    fn next(&self) -> Option<GraphQuery> {
        let mut work = self.work.lock();
        let next = work.waiting.pop_front();
        work.is_under_way = next.is_some();
        next
    }

    fn compute(&self, query: GraphQuery) -> Result<(), QueryError> {
        let Some(engine) = self.engine.upgrade() else { return Ok(()) };
        let Some(open) = engine.graphs.find(AggregateId::from(self.graph)) else { return Ok(()) };
        let _computing = self.cached.computing();
        let model = GraphReadModel::new(open.reader.view(), engine.components.clone());
        let answer = Arc::new(model.query(&query)?);
        let footprint = model.footprint(&query, &answer);
        self.cached.insert(query, model.version(), &footprint, answer);
        Ok(())
    }
}

impl ChangeObserver for Warming {
    fn is_interested(&self) -> bool {
        self.cached.is_interested()
    }

    fn changed(&self, version: u64, facets: &[Facet]) {
        let lost = self.cached.change(version, facets);
        if lost.is_empty() {
            return;
        }
        let waiting = &mut self.work.lock().waiting;
        waiting.extend(lost);
        let over = waiting.len().saturating_sub(WAITING_MAX);
        drop(waiting.drain(..over));
    }

    fn published(&self) {
        let mut work = self.work.lock();
        if work.waiting.is_empty() || work.is_under_way {
            return;
        }
        let Ok(runtime) = Handle::try_current() else { return };
        work.is_under_way = true;
        drop(work);
        let warming = self.clone();
        drop(runtime.spawn_blocking(move || warming.run()));
    }
}
