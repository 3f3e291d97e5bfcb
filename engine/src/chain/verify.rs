//! Verification: one event by itself, and one event after another.

use super::block::{OpenedBlock, open_block_in_place};
use crate::cid::{Cid, HashKind};
use crate::dag_cbor::CodecError;
use crate::id::{AggregateId, TransactionId};
use crate::sha256::sha256_each;
use crate::store::{Head, SealedEvent, StoredEvent};

/// Why a chain does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// An event does not follow from the one before, or its bytes are not those its CID names.
    #[error("chain of {aggregate} broken at version {version}{at}: expected {expected}, found {actual}", at = at(*sequence))]
    ChainBroken {
        /// The aggregate.
        aggregate: AggregateId,
        /// The version of the first bad event.
        version: u64,
        /// Its sequence, where there is one.
        sequence: Option<u64>,
        /// What should be there.
        expected: String,
        /// What is there.
        actual: String,
    },
    /// Versions are missing or repeated.
    #[error("chain of {aggregate} has a gap: expected version {expected}, found {actual}")]
    SequenceGap {
        /// The aggregate.
        aggregate: AggregateId,
        /// The version that should come.
        expected: u64,
        /// The version that came.
        actual: u64,
    },
    /// A block is not a canonical event.
    #[error("block {cid} of {aggregate} is not a canonical event: {source}")]
    Codec {
        /// The aggregate that it is kept for.
        aggregate: AggregateId,
        /// The version that it is kept as.
        version: u64,
        /// The CID that it is kept under.
        cid: Cid,
        /// What is wrong.
        source: CodecError,
    },
}

fn at(sequence: Option<u64>) -> String {
    sequence.map_or_else(String::new, |sequence| format!(" (sequence {sequence})"))
}

/// What a verified event leaves behind for the check of the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// The event's version.
    pub version: u64,
    /// Its CID.
    pub cid: Cid,
    /// Its timestamp.
    pub timestamp_ns: u64,
    /// Its transaction.
    pub transaction: TransactionId,
    /// Events of that transaction still to come.
    pub transaction_remaining: u32,
}

impl Link {
    /// Returns the event's version and CID.
    pub const fn head(&self) -> Head {
        Head { version: self.version, cid: self.cid }
    }
}

/// Checks one event by itself: the CID is that of the bytes, and the bytes say what the store says of them. Independent
/// of every other event, so a log verifies in parallel.
///
/// # Errors
/// [`ChainError::Codec`] or [`ChainError::ChainBroken`].
pub fn verify_block(event: &SealedEvent, sequence: Option<u64>) -> Result<(OpenedBlock<'_>, Link), ChainError> {
    verify_block_in_place(event, sequence).map(|(opened, link)| (opened.into_named(), link))
}

/// Checks one event as [`verify_block`] does, with a header that borrows from the block.
///
/// # Errors
/// As [`verify_block`].
#[inline]
pub fn verify_block_in_place(
    event: &SealedEvent,
    sequence: Option<u64>,
) -> Result<(OpenedBlock<'_, &str>, Link), ChainError> {
    verify_hashed(event, sequence, Cid::of_block(event.cid.hash_kind(), &event.block))
}

/// Checks many events, each by itself, as [`verify_block_in_place`] does; their blocks are hashed side by side, so a few
/// hundred events at a time cost least.
pub fn verify_each(events: &[StoredEvent]) -> impl Iterator<Item = Result<(OpenedBlock<'_, &str>, Link), ChainError>> {
    let is_sha256 = |stored: &&StoredEvent| stored.event.cid.hash_kind() == HashKind::Sha2_256;
    let blocks: Vec<&[u8]> = events.iter().filter(is_sha256).map(|stored| stored.event.block.as_ref()).collect();
    let mut digests = sha256_each(&blocks).into_iter();
    events.iter().map(move |stored| {
        let StoredEvent { sequence, event } = stored;
        let digest = if is_sha256(&stored) { digests.next() } else { None };
        let hash = event.cid.hash_kind();
        let digest = digest.unwrap_or_else(|| hash.digest(&event.block));
        verify_hashed(event, Some(*sequence), Cid::from_digest(hash, digest))
    })
}

/// Checks one event whose block has the given CID.
#[inline]
fn verify_hashed(
    event: &SealedEvent,
    sequence: Option<u64>,
    cid: Cid,
) -> Result<(OpenedBlock<'_, &str>, Link), ChainError> {
    let broken = |expected: String, actual: String| ChainError::ChainBroken {
        aggregate: event.aggregate,
        version: event.version,
        sequence,
        expected,
        actual,
    };
    if cid != event.cid {
        return Err(broken(event.cid.to_string(), cid.to_string()));
    }
    let opened = open_block_in_place(&event.block).map_err(|source| ChainError::Codec {
        aggregate: event.aggregate,
        version: event.version,
        cid,
        source,
    })?;
    let header = &opened.header;
    if header.aggregate != event.aggregate {
        return Err(broken(format!("aggregate {}", event.aggregate), format!("aggregate {}", header.aggregate)));
    }
    if header.metadata.version != event.version {
        return Err(broken(format!("version {}", event.version), format!("version {}", header.metadata.version)));
    }
    if header.event_type != event.event_type {
        return Err(broken(event.event_type.to_string(), header.event_type.to_string()));
    }
    if header.metadata.transaction_remaining != event.transaction_remaining || header.previous != event.previous {
        return Err(broken("what the block says".to_owned(), "what the store says of it".to_owned()));
    }
    let link = Link {
        version: event.version,
        cid,
        timestamp_ns: header.timestamp_ns,
        transaction: header.metadata.transaction,
        transaction_remaining: header.metadata.transaction_remaining,
    };
    Ok((opened, link))
}

/// Checks that an event follows from the one before it in its aggregate: version, previous CID, time, transaction.
///
/// # Errors
/// [`ChainError::SequenceGap`] or [`ChainError::ChainBroken`].
pub fn verify_link(
    aggregate: AggregateId,
    before: Option<&Link>,
    previous: Option<Cid>,
    link: &Link,
    sequence: Option<u64>,
) -> Result<(), ChainError> {
    let expected = before.map_or(1, |before| before.version.saturating_add(1));
    if link.version != expected {
        return Err(ChainError::SequenceGap { aggregate, expected, actual: link.version });
    }
    let broken = |expected: String, actual: String| {
        Err(ChainError::ChainBroken { aggregate, version: link.version, sequence, expected, actual })
    };
    let expected_cid = before.map(|before| before.cid);
    if previous != expected_cid {
        return broken(show(expected_cid), show(previous));
    }
    let Some(before) = before else { return Ok(()) };
    if link.timestamp_ns < before.timestamp_ns {
        return broken(format!("a timestamp of at least {}", before.timestamp_ns), link.timestamp_ns.to_string());
    }
    if before.transaction_remaining > 0
        && (link.transaction != before.transaction || link.transaction_remaining != before.transaction_remaining - 1)
    {
        return broken(
            format!("transaction {} with {} to go", before.transaction, before.transaction_remaining - 1),
            format!("transaction {} with {} to go", link.transaction, link.transaction_remaining),
        );
    }
    Ok(())
}

fn show(cid: Option<Cid>) -> String {
    cid.map_or_else(|| "no previous event".to_owned(), |cid| cid.to_string())
}
