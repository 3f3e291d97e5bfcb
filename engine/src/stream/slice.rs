//! Reading a slice of one aggregate: finding where it begins, then reading and verifying up to its end.

use std::sync::Arc;
use std::time::Duration;

use crate::chain::{ChainError, ChainVerifier, Link, verify_block_in_place};
use crate::id::AggregateId;
use crate::store::{EventStore, StoreError, StoredEvent};

use super::filter::EventFilter;
use super::options::ReplayPolicy;
use super::stream_event::{SequenceRange, StreamEvent};

/// Events that are read at once.
const PAGE_EVENTS: usize = 512;

/// Events that are read at once on the way back to the start of a transaction.
const STEP_EVENTS: u64 = 64;

/// Why a slice could not be fetched.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StreamError {
    /// The store did not give it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The chain does not hold.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// It took too long.
    #[error("the events could not be fetched within {timeout:?}")]
    TimedOut {
        /// The time that it was given.
        timeout: Duration,
    },
}

/// Where a slice ends at the latest.
#[derive(Debug, Clone, Copy)]
pub(super) enum Until {
    /// With the aggregate.
    End,
    /// With this sequence.
    Sequence(u64),
    /// Before this time, nanoseconds since the Unix epoch.
    Time(u64),
}

impl Until {
    const fn is_before(self, sequence: u64, timestamp_ns: u64) -> bool {
        match self {
            Self::End => false,
            Self::Sequence(last) => last < sequence,
            Self::Time(end_ns) => end_ns <= timestamp_ns,
        }
    }
}

/// What was read of one aggregate.
#[derive(Debug, Default)]
pub(super) struct Slice {
    pub(super) range: Option<SequenceRange>,
    pub(super) events: Vec<StreamEvent>,
    pub(super) verified_events: usize,
    pub(super) more: bool,
}

/// One aggregate, read by version.
#[derive(Debug)]
pub(crate) struct AggregateStream<'a> {
    pub(crate) store: &'a Arc<dyn EventStore>,
    pub(crate) aggregate: AggregateId,
}

impl AggregateStream<'_> {
    /// Returns the first version that a policy asks for, at the start of its transaction; one past the last where it
    /// asks for none.
    pub(super) async fn begin(&self, policy: ReplayPolicy) -> Result<u64, StreamError> {
        let last = self.store.head(self.aggregate).await?.map_or(0, |head| head.version);
        let version = match policy {
            ReplayPolicy::FromBeginning => 1,
            ReplayPolicy::AfterSequence(sequence) | ReplayPolicy::LastSequence(sequence) => {
                self.first_where(last, |stored, _| stored.sequence > sequence).await?
            }
            ReplayPolicy::Range { first, .. } => self.first_where(last, |stored, _| stored.sequence >= first).await?,
            ReplayPolicy::ByTime { start_ns } => {
                self.first_where(last, |_, link| link.timestamp_ns >= start_ns).await?
            }
            ReplayPolicy::Latest => last.max(1),
        };
        self.transaction_start(version.min(last + 1)).await
    }

    /// Returns the first version up to `last` for which `holds`, or `last + 1`; what holds for a version must hold for
    /// later ones (binary search).
    pub(crate) async fn first_where(
        &self,
        last: u64,
        holds: impl Fn(&StoredEvent, &Link) -> bool + Send,
    ) -> Result<u64, StreamError> {
        let (mut low, mut high) = (1, last + 1);
        while low < high {
            let middle = low.midpoint(high);
            let stored = self.one(middle).await?;
            let (_, link) = verify_block_in_place(&stored.event, Some(stored.sequence))?;
            if holds(&stored, &link) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        Ok(low)
    }

    /// Returns the event at a version, not verified.
    pub(crate) async fn one(&self, version: u64) -> Result<StoredEvent, StreamError> {
        let missing = ChainError::SequenceGap { aggregate: self.aggregate, expected: version, actual: version - 1 };
        Ok(self.store.read(self.aggregate, version, 1).await?.pop().ok_or(missing)?)
    }

    /// Returns the first version of the transaction to which `version` belongs.
    pub(crate) async fn transaction_start(&self, mut version: u64) -> Result<u64, StreamError> {
        while version > 1 {
            let from = version.saturating_sub(STEP_EVENTS).max(1);
            let count = usize::try_from(version - from).expect("a step fits in memory");
            for before in self.store.read(self.aggregate, from, count).await?.iter().rev() {
                if before.event.transaction_remaining == 0 {
                    return Ok(before.event.version + 1);
                }
            }
            version = from;
        }
        Ok(1)
    }

    /// Reads and verifies from `from_version`, which starts a transaction, to the border at which `max_events` wanted
    /// events are there or `until` is reached.
    pub(super) async fn read(
        &self,
        from_version: u64,
        until: Until,
        max_events: Option<usize>,
        filter: Option<&EventFilter>,
    ) -> Result<Slice, StreamError> {
        let mut verifier = self.verifier(from_version).await?;
        let mut slice = Slice::default();
        let mut next = from_version;
        loop {
            let page = self.store.read(self.aggregate, next, PAGE_EVENTS).await?;
            for stored in &page {
                if verifier.is_whole() && max_events.is_some_and(|max| slice.events.len() >= max) {
                    slice.more = true;
                    return Ok(slice);
                }
                let whole = verifier.is_whole();
                let event = StreamEvent::new(stored, verifier.push(stored)?);
                if whole && until.is_before(event.sequence, event.header.timestamp_ns) {
                    return Ok(slice);
                }
                slice.take(event, filter);
            }
            if page.len() < PAGE_EVENTS {
                break;
            }
            next += PAGE_EVENTS as u64;
        }
        if !verifier.is_whole() {
            return Err(self.cut_short(&verifier).into());
        }
        Ok(slice)
    }

    /// Returns what verifies the events from a version on.
    pub(crate) async fn verifier(&self, from_version: u64) -> Result<ChainVerifier, StreamError> {
        if from_version == 1 {
            return Ok(ChainVerifier::new(self.aggregate));
        }
        let before = self.one(from_version - 1).await?;
        let (_, link) = verify_block_in_place(&before.event, Some(before.sequence))?;
        Ok(ChainVerifier::after(self.aggregate, link))
    }

    fn cut_short(&self, verifier: &ChainVerifier) -> ChainError {
        let last = verifier.tip().expect("only an event can leave a transaction open");
        ChainError::ChainBroken {
            aggregate: self.aggregate,
            version: last.version + 1,
            sequence: None,
            expected: format!("{} more events of transaction {}", last.transaction_remaining, last.transaction),
            actual: "the end of the aggregate".to_owned(),
        }
    }
}

impl Slice {
    fn take(&mut self, event: StreamEvent, filter: Option<&EventFilter>) {
        let first = self.range.map_or(event.sequence, |range| range.first);
        self.range = Some(SequenceRange { first, last: event.sequence });
        self.verified_events += 1;
        if filter.is_none_or(|filter| filter.matches(&event)) {
            self.events.push(event);
        }
    }
}
