//! A slice of a graph's history on its way into a file that answers for every version of a stretch.
//!
//! A history is made of the one before and the events behind it, as they are in the store, a slice at a time; it takes the
//! other's place. Where most of what it holds is of the past, the next one begins where it ends. What it holds is a
//! function of its first version, its last and the events, not of the slices.

use std::path::Path;
use std::sync::Arc;

use crate::chain::Link;
use crate::cid::HashKind;
use crate::graph::{GraphAggregate, GraphDrafts, GraphReader, index_of};
use crate::id::{AggregateId, GraphId};
use crate::pages::guarded;
use crate::pool::Pool;
use crate::snapshot::Snapshot;
use crate::state::{Folded, Generation, GraphView, fold};
use crate::store::{Head, StoredEvent};
use crate::writer::LoadedTip;

use super::folder::{ShelfLock, ShelvedHistory};
use super::found::check_origin;
use super::name::{FileName, fingerprint};

/// Rows since the file before that are taken in before a file is written, at least; else half as many as the file has.
const SLICE_ROWS_MIN: usize = 1 << 17;

/// A history of fewer elements is not ended, however many of them are of the past.
const ENDED_ELEMENTS_MIN: usize = 1 << 14;

/// A history on its way: a draft above the file before.
pub(super) struct Slice {
    draft: GraphAggregate,
    reader: GraphReader,
    tip: LoadedTip,
    rows_max: usize,
}

impl Slice {
    /// Begins behind a view, which ends with an event, or with nothing.
    pub(super) fn begin(
        aggregate: AggregateId,
        before: Option<(&GraphView, Link)>,
        drafts: &GraphDrafts,
        hash: HashKind,
    ) -> Self {
        let (draft, reader) = match before {
            Some((view, _)) => GraphAggregate::resume(view, drafts.limits, drafts.registry.clone(), None),
            None => GraphAggregate::fresh(aggregate.into(), drafts.limits, drafts.registry.clone(), None),
        };
        let base = before.map_or(0, |(view, _)| elements(view));
        Self {
            // What is folded forgets.
            draft: draft.folding_above(usize::MAX),
            reader,
            tip: LoadedTip::at(aggregate, hash, before.map(|(_, link)| link)),
            rows_max: SLICE_ROWS_MIN.max(base / 2),
        }
    }

    /// Returns how far it has come.
    pub(super) fn version(&self) -> u64 {
        self.tip.version()
    }

    /// Returns whether it is to be written before more is taken in.
    pub(super) fn is_full(&self) -> bool {
        self.reader.view().generation().row_count() >= self.rows_max
    }

    /// Takes in whole transactions.
    pub(super) fn take_in(&mut self, events: &[StoredEvent]) -> Result<(), String> {
        guarded(|| self.tip.take_in(&mut self.draft, events))
            .map_err(|damage| damage.to_string())?
            .map_err(|error| error.to_string())
    }

    /// Writes it, and clears away what it surpasses.
    pub(super) fn write(self, lock: &ShelfLock, drafts: &GraphDrafts) -> Result<ShelvedHistory, String> {
        let view = self.reader.view();
        let versions = (view.first_version(), view.version());
        let registry = fingerprint(&drafts.registry);
        let path = lock.shelf.path(FileName::History { first: versions.0, last: versions.1, registry });
        let written = Snapshot::write_history(&view, &drafts.registry, &path);
        let bytes = written.map_err(|error| format!("{}: {error}", path.display()))?.file_len;
        let contents = lock.shelf.contents().map_err(|error| error.to_string())?;
        let surpassed = contents.surpassed().map(|history| (history.path.clone(), history.bytes)).collect();
        lock.remove(surpassed).map_err(|error| error.to_string())?;
        Ok(ShelvedHistory { versions, bytes, path, registry })
    }
}

/// The newest history, opened to go on from.
#[derive(Clone)]
pub(super) struct Newest {
    /// The view that the next one begins behind.
    pub(super) view: GraphView,
    /// How much of everything the file holds.
    pub(super) size: u64,
    /// The file, where all of it is still to be checked before anything is built on it.
    pub(super) unchecked: Option<ShelvedHistory>,
}

impl Newest {
    /// Opens a file that was written or checked by this process.
    pub(super) fn known(path: &Path) -> Result<Self, String> {
        Ok(Self::of(Snapshot::map(path).map_err(|error| error.to_string())?.view()))
    }

    /// Opens a history of which nothing is known yet, where the store has a transaction that ends with `end`.
    pub(super) fn found(history: &ShelvedHistory, graph: GraphId, end: Option<Head>) -> Result<Self, String> {
        let file = Snapshot::map(&history.path).map_err(|error| error.to_string())?;
        check_origin(file.info(), graph, history.versions, end)?;
        Ok(Self { unchecked: Some(history.clone()), ..Self::of(file.view()) })
    }

    /// Opens a history, all of which is checked.
    pub(super) fn checked(history: &ShelvedHistory) -> Result<Self, String> {
        Ok(Self::of(Snapshot::open_verified(&history.path).map_err(|error| error.to_string())?.view()))
    }

    /// Goes on from a view.
    fn of(view: GraphView) -> Self {
        let ends = view.generation().base().timeline().len();
        Self { size: (elements(&view) + ends) as u64, view, unchecked: None }
    }

    /// Returns the view behind which the next history begins: that of the file, or one without a past where most of the
    /// file is of the past.
    pub(super) fn start(&self, drafts: &GraphDrafts) -> GraphView {
        let base = self.view.generation().base();
        let former = base.lifetimes().map_or(0, |lifetimes| lifetimes.former_count());
        if elements(&self.view) < ENDED_ELEMENTS_MIN || former < elements(&self.view) / 2 {
            return self.view.clone();
        }
        let Folded { base, pool, .. } = fold(self.view.at(), self.view.extent());
        let pool = Pool::new(Arc::clone(self.view.at().pool().names()), pool);
        let generation = Arc::new(Generation::new(base, Arc::new(pool)));
        let index = index_of(generation.frozen(), &drafts.registry);
        let view = GraphView::frozen(self.view.info().graph, generation, index);
        view.expect("a view of a history is of the end of a transaction")
    }
}

/// Returns how many elements a view's base has, those among them that are of the past.
fn elements(view: &GraphView) -> usize {
    let base = view.generation().base();
    base.node_count() + base.edge_count()
}
