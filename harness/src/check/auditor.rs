//! Collects acknowledgements while load runs, follows the store beside it, and compares.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cidgraph::{AggregateAppend, AggregateId, Cid, EventStore, StoreError, StreamFilter};
use futures::StreamExt;
use tokio::task::JoinHandle;

use super::audit::Audit;
use super::stream_check::StreamCheck;

/// Events of one read.
const PAGE: usize = 4096;

/// Collects what was acknowledged; shared by all callers.
#[derive(Debug, Default)]
pub struct Auditor {
    acknowledged: Mutex<Acknowledged>,
}

/// What was acknowledged.
#[derive(Debug, Default)]
struct Acknowledged {
    versions: HashMap<AggregateId, HashMap<u64, Cid>>,
    /// Versions that were acknowledged under another CID before: a fork that the callers saw themselves.
    again: Vec<(AggregateId, u64, Cid)>,
}

impl Auditor {
    /// Makes an auditor who has heard of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes that the store or the engine acknowledged an event.
    pub fn acknowledge(&self, aggregate: AggregateId, version: u64, cid: Cid) {
        let mut acknowledged = self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner);
        let first = *acknowledged.versions.entry(aggregate).or_default().entry(version).or_insert(cid);
        if first != cid {
            acknowledged.again.push((aggregate, version, cid));
        }
    }

    /// Notes that an append was acknowledged.
    pub fn acknowledge_append(&self, batch: &[AggregateAppend]) {
        for event in batch.iter().flat_map(|append| &append.events) {
            self.acknowledge(event.aggregate, event.version, event.cid);
        }
    }

    /// Reads the whole store and compares it with what was acknowledged.
    ///
    /// # Errors
    /// Those of the store's reads.
    pub async fn compare(&self, store: &dyn EventStore) -> Result<Audit, StoreError> {
        let mut check = StreamCheck::new();
        loop {
            let page = store.read_all(check.last_sequence() + 1, PAGE).await?;
            if page.is_empty() {
                return Ok(self.conclude(check));
            }
            page.iter().for_each(|stored| check.see(stored));
        }
    }

    /// Starts to follow the store from `from_sequence` on, beside the load.
    pub fn watch(self: &Arc<Self>, store: Arc<dyn EventStore>, from_sequence: u64) -> Watch {
        let check = Arc::new(Mutex::new(StreamCheck::new()));
        let seen = Arc::clone(&check);
        let following = Arc::clone(&store);
        let task = tokio::spawn(async move {
            let mut events = following.follow(from_sequence, StreamFilter::All).await?;
            while let Some(stored) = events.next().await {
                let stored = stored?;
                seen.lock().unwrap_or_else(PoisonError::into_inner).see(&stored);
            }
            Ok(())
        });
        Watch { auditor: Arc::clone(self), store, check, task }
    }

    fn conclude(&self, check: StreamCheck) -> Audit {
        let acknowledged = self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = acknowledged.again.clone();
        for (&aggregate, versions) in &acknowledged.versions {
            all.extend(versions.iter().map(|(&version, &cid)| (aggregate, version, cid)));
        }
        all.sort_unstable_by_key(|&(aggregate, version, _)| (aggregate, version));
        check.finish(all.into_iter())
    }
}

/// A watch over a store while load runs.
#[derive(Debug)]
pub struct Watch {
    auditor: Arc<Auditor>,
    store: Arc<dyn EventStore>,
    check: Arc<Mutex<StreamCheck>>,
    task: JoinHandle<Result<(), StoreError>>,
}

impl Watch {
    /// Waits until everything now in the store was seen, or `patience` is over, and compares; what was not delivered by
    /// then counts as lost.
    ///
    /// # Errors
    /// Those of the store.
    ///
    /// # Panics
    /// Where the following task panicked.
    pub async fn finish(self, patience: Duration) -> Result<Audit, StoreError> {
        let Self { auditor, store, check, mut task } = self;
        let last = store.last_sequence().await?;
        let seen = || check.lock().unwrap_or_else(PoisonError::into_inner).last_sequence();
        let caught_up = async {
            while seen() < last {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::select! {
            _ = tokio::time::timeout(patience, caught_up) => {}
            ended = &mut task => ended.expect("the following task does not panic")?,
        }
        task.abort();
        let check = std::mem::take(&mut *check.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(auditor.conclude(check))
    }
}
