//! The part of a keeper that takes histories: when one is due, what it goes on from, and its slices.

use tokio::time::Instant;

use crate::store::StoredEvent;
use crate::topology::Topology;

use super::config::Notice;
use super::folder::ShelvedHistory;
use super::found::link_at;
use super::keeper::{ELEMENTS_AN_EVENT, Keeper, LAYER_INTERVALS_MAX, Work, blocking, rests};
use super::name::fingerprint;
use super::slice::{Newest, Slice};

/// A graph that is closed has a history up to all but one event for so many elements of it.
const ELEMENTS_AN_EVENT_CLOSING: u64 = 256;

/// So many elements that came with one event are no history that anyone asks for event by event.
const BULK_ELEMENTS: u64 = 64;

/// Events that are read at a time.
const PAGE_EVENTS: u64 = 4096;

impl Work {
    /// Takes what of the history is due, slice by slice.
    pub(super) async fn take_history(&mut self, closing: bool) -> Result<(), String> {
        if !closing && rests(self.history_taken) {
            return Ok(());
        }
        let until = self.keeper.standing.covered;
        if !self.is_history_due(until, closing).await? {
            return Ok(());
        }
        let started = Instant::now();
        self.check_newest(until).await?;
        while self.newest.as_ref().is_none_or(|newest| newest.view.version() < until) {
            self.take_slice(until).await?;
        }
        self.history_taken = Some((Instant::now(), started.elapsed()));
        Ok(())
    }

    /// Returns whether enough has happened behind the newest history, which is looked for where it is not known yet.
    async fn is_history_due(&mut self, until: u64, closing: bool) -> Result<bool, String> {
        let interval = self.keeper.shelf.config().interval_events.max(1);
        if until < interval {
            return Ok(false);
        }
        if self.newest.is_none() {
            self.newest = self.find_newest(until).await?;
        }
        if self.is_bulky(self.behind(until))
            && let Some(begun) = self.begin_at_snapshot()?
        {
            self.newest = Some(begun);
        }
        let size = self.newest.as_ref().map_or(0, |newest| newest.size);
        let due = if closing {
            interval.max(size / ELEMENTS_AN_EVENT_CLOSING)
        } else {
            (LAYER_INTERVALS_MAX * interval).max(size / ELEMENTS_AN_EVENT)
        };
        Ok(self.behind(until) >= due)
    }

    /// Returns how many events up to a version the newest history lacks.
    fn behind(&self, until: u64) -> u64 {
        until.saturating_sub(self.newest.as_ref().map_or(0, |newest| newest.view.version()))
    }

    /// Returns whether so much came in so few events that a snapshot stands for them better than a history.
    fn is_bulky(&self, events: u64) -> bool {
        let view = self.keeper.reader.view();
        let elements = (view.node_count() + view.edge_count()) as u64;
        elements.saturating_sub(self.newest.as_ref().map_or(0, |newest| newest.size)) > events * BULK_ELEMENTS
    }

    /// Opens the newest history that holds and is of the chain in the store; what does not is cleared away.
    async fn find_newest(&mut self, until: u64) -> Result<Option<Newest>, String> {
        let registry = fingerprint(&self.keeper.drafts.registry);
        let mut histories = self.keeper.graph.contents().map_err(|error| error.to_string())?.histories;
        histories.retain(|history| history.registry == registry && history.versions.1 <= until);
        histories.sort_unstable_by_key(|history| history.versions.1);
        for history in histories.into_iter().rev() {
            let link = link_at(&*self.keeper.store, self.keeper.aggregate(), history.versions.1).await;
            let end = link.map_err(|error| error.to_string())?.map(|link| link.head());
            match Newest::found(&history, self.keeper.graph.id(), end) {
                Ok(newest) => return Ok(Some(newest)),
                Err(reason) => self.discard(history, &reason).await?,
            }
        }
        Ok(None)
    }

    /// Checks all of the newest history before anything is built on it; where it does not hold, the one before is the
    /// newest.
    async fn check_newest(&mut self, until: u64) -> Result<(), String> {
        while let Some(history) = self.newest.as_ref().and_then(|newest| newest.unchecked.clone()) {
            let checking = history.clone();
            self.newest = match blocking(move || Ok(Newest::checked(&checking))).await? {
                Ok(checked) => Some(checked),
                Err(reason) => {
                    self.discard(history, &reason).await?;
                    self.find_newest(until).await?
                }
            };
        }
        Ok(())
    }

    /// Clears away a history that does not hold, and says so.
    async fn discard(&mut self, history: ShelvedHistory, reason: &str) -> Result<(), String> {
        let lock = self.lock()?;
        self.keeper.shelf.give_up_history(self.keeper.graph.id(), &history.path, reason);
        let file = vec![(history.path, history.bytes)];
        blocking(move || lock.remove(file).map(drop).map_err(|error| error.to_string())).await
    }

    /// Opens the newest snapshot, for a history to begin with.
    fn begin_at_snapshot(&self) -> Result<Option<Newest>, String> {
        let Some((snapshot, _)) = self.keeper.standing.snapshot.clone() else { return Ok(None) };
        if self.newest.as_ref().is_some_and(|newest| newest.view.version() >= snapshot.version) {
            return Ok(None);
        }
        // It was taken or checked by this process.
        Newest::known(&snapshot.path).map(Some)
    }

    /// Takes the next slice of the history, up to a version at most.
    async fn take_slice(&mut self, until: u64) -> Result<(), String> {
        let Keeper { drafts, store, .. } = &self.keeper;
        let (aggregate, hash, drafts) = (self.keeper.aggregate(), store.hash_kind(), drafts.clone());
        let from = self.newest.as_ref().map_or(0, |newest| newest.view.version());
        let link = match from {
            0 => None,
            _ => link_at(&**store, aggregate, from).await.map_err(|error| error.to_string())?,
        };
        if from > 0 && link.is_none() {
            return Err(format!("the store does not give event {from}"));
        }
        let (newest, begun) = (self.newest.clone(), drafts.clone());
        let mut slice = blocking(move || {
            let start = newest.map(|newest| newest.start(&begun));
            Ok(Slice::begin(aggregate, start.as_ref().zip(link), &begun, hash))
        })
        .await?;
        let mut read = from;
        let mut pending: Vec<StoredEvent> = Vec::new();
        while read < until && !slice.is_full() {
            let page = self.read(read + 1, PAGE_EVENTS.min(until - read)).await?;
            read += page.len() as u64;
            pending.extend(page);
            let ended = pending.iter().rposition(|stored| stored.event.transaction_remaining == 0);
            let rest = pending.split_off(ended.map_or(0, |last| last + 1));
            let events = std::mem::replace(&mut pending, rest);
            slice = blocking(move || slice.take_in(&events).map(|()| slice)).await?;
        }
        if slice.version() <= from {
            return Err(format!("the store does not give the end of the transaction behind event {from}"));
        }
        let lock = self.lock()?;
        let history = blocking(move || slice.write(&lock, &drafts)).await?;
        self.keeper.shelf.open_histories.vouch(&history.path);
        let (versions, bytes) = (history.versions, history.bytes);
        self.newest = Some(Newest::known(&history.path)?);
        self.keeper.shelf.tell(&Notice::HistoryTaken { graph: self.keeper.graph.id(), versions, bytes });
        Ok(())
    }
}
