//! The part of an append's check that needs no store: whether a batch is well-formed.
//!
//! Every store runs it first, so all refuse the same batches with the same words.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::cid::{Cid, HashKind};
use crate::store::{AggregateAppend, Appended, Capabilities, Durability, Expected, Head, SealedEvent, StoreError};

impl Expected {
    /// Returns the version that must be the aggregate's last, 0 for [`Expected::Empty`].
    pub const fn version(&self) -> u64 {
        match self {
            Self::Empty => 0,
            Self::Exact(head) => head.version,
        }
    }

    /// Returns the CID of the event that must be the aggregate's last.
    pub const fn cid(&self) -> Option<Cid> {
        match self {
            Self::Empty => None,
            Self::Exact(head) => Some(head.cid),
        }
    }

    /// Returns whether an aggregate with this head is as expected.
    pub fn holds(&self, head: Option<Head>) -> bool {
        match self {
            Self::Empty => head.is_none(),
            Self::Exact(expected) => head == Some(*expected),
        }
    }
}

impl From<Option<Head>> for Expected {
    fn from(head: Option<Head>) -> Self {
        head.map_or(Self::Empty, Self::Exact)
    }
}

impl SealedEvent {
    /// Returns the head of its aggregate once it is the last event.
    pub const fn head(&self) -> Head {
        Head { version: self.version, cid: self.cid }
    }
}

impl AggregateAppend {
    /// Returns the aggregate's head after the append.
    ///
    /// # Panics
    /// Where there are no events.
    pub fn head(&self) -> Head {
        self.events.last().expect("a well-formed append has events").head()
    }
}

/// Checks all that can be told of a batch without the store's state: it is not empty and within the limits, names each
/// aggregate once, its versions are contiguous from the expected one, each event links to the one before, and no
/// transaction is cut. Blocks are not hashed again.
///
/// # Errors
/// [`StoreError::Malformed`].
pub fn check_batch(batch: &[AggregateAppend], hash: HashKind, capabilities: &Capabilities) -> Result<(), StoreError> {
    if batch.is_empty() {
        return malformed("the batch is empty");
    }
    if batch.iter().map(|part| part.events.len()).sum::<usize>() > capabilities.append_events_max {
        return malformed("more events than the store takes in one append");
    }
    if names_an_aggregate_twice(batch) {
        return malformed("an aggregate stands in the batch twice");
    }
    batch.iter().try_for_each(|part| check_part(part, hash, capabilities))
}

/// Answers a batch that took the sequences `first_sequence` to `last_sequence`.
pub fn appended(
    batch: &[AggregateAppend],
    first_sequence: u64,
    last_sequence: u64,
    durability: Durability,
) -> Appended {
    let heads = batch.iter().map(|part| (part.aggregate, part.head())).collect();
    Appended { heads, first_sequence, last_sequence, durability }
}

fn names_an_aggregate_twice(batch: &[AggregateAppend]) -> bool {
    if batch.len() == 1 {
        return false;
    }
    let mut seen = HashSet::with_capacity(batch.len());
    !batch.iter().all(|part| seen.insert(part.aggregate))
}

fn check_part(part: &AggregateAppend, hash: HashKind, capabilities: &Capabilities) -> Result<(), StoreError> {
    let mut version = part.expected.version();
    let mut previous = part.expected.cid();
    let mut remaining = 0;
    for event in &part.events {
        if event.aggregate != part.aggregate {
            return malformed("an event of another aggregate");
        }
        if version.checked_add(1) != Some(event.version) {
            return malformed("versions are not contiguous");
        }
        if event.previous != previous {
            return malformed("an event does not link to the one before it");
        }
        if event.cid.hash_kind() != hash {
            return malformed("a CID of another hash function than the store's");
        }
        if remaining > 0 && event.transaction_remaining != remaining - 1 {
            return malformed("a transaction is cut");
        }
        let (bytes, most) = (event.block.len(), capabilities.block_bytes_max);
        if bytes == 0 || bytes > most {
            let SealedEvent { aggregate, version, .. } = event;
            let text = format!(
                "version {version} of aggregate {aggregate} is a block of {bytes} bytes, 1 to {most} are taken"
            );
            return malformed(text);
        }
        (version, previous, remaining) = (event.version, Some(event.cid), event.transaction_remaining);
    }
    if part.events.is_empty() {
        return malformed("an aggregate without events");
    }
    if remaining > 0 { malformed("a transaction is cut") } else { Ok(()) }
}

fn malformed(reason: impl Into<Cow<'static, str>>) -> Result<(), StoreError> {
    Err(StoreError::Malformed { reason: reason.into() })
}
