//! The last transactions up to a snapshot, by which commands that are sent again are recognised after a restart.
//!
//! Little-endian: the magic, the aggregate, the version, the number of transactions; of each its id, the version of its
//! first event and the number of its events, oldest first; SHA2-256 of all before.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use crate::cid::HashKind;
use crate::id::{AggregateId, TransactionId};
use crate::snapshot::demand_plain_file;
use crate::writer::Recent;

use super::files::write_whole;

const MAGIC: [u8; 8] = *b"CIDGTXS1";

/// Bytes of magic, aggregate, version and number.
const HEADER_BYTES: usize = 8 + 16 + 8 + 8;

const TRANSACTION_BYTES: usize = 16 + 8 + 4;

const DIGEST_BYTES: usize = 32;

/// Writes the transactions up to a version.
pub(super) fn write(path: &Path, aggregate: AggregateId, version: u64, transactions: &[Recent]) -> io::Result<u64> {
    let mut bytes = Vec::with_capacity(HEADER_BYTES + transactions.len() * TRANSACTION_BYTES + DIGEST_BYTES);
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(aggregate.as_bytes());
    bytes.extend_from_slice(&version.to_le_bytes());
    bytes.extend_from_slice(&(transactions.len() as u64).to_le_bytes());
    for Recent { transaction, first_version, events } in transactions {
        bytes.extend_from_slice(transaction.as_bytes());
        bytes.extend_from_slice(&first_version.to_le_bytes());
        bytes.extend_from_slice(&events.to_le_bytes());
    }
    let digest = HashKind::Sha2_256.digest(&bytes);
    bytes.extend_from_slice(&digest);
    write_whole(path, |file| file.write_all(&bytes))
}

/// Reads the transactions up to a version.
///
/// # Errors
/// Says what is wrong.
pub(super) fn read(path: &Path, aggregate: AggregateId, version: u64) -> Result<Vec<Recent>, String> {
    let bytes = demand_plain_file(path).and_then(|()| fs::read(path)).map_err(|error| error.to_string())?;
    parse(&bytes, aggregate, version).ok_or_else(|| "it is damaged, or of another graph or version".to_owned())
}

fn parse(bytes: &[u8], aggregate: AggregateId, version: u64) -> Option<Vec<Recent>> {
    let (content, digest) = bytes.split_last_chunk::<DIGEST_BYTES>()?;
    let (header, transactions) = content.split_at_checked(HEADER_BYTES)?;
    let (transactions, rest) = transactions.as_chunks::<TRANSACTION_BYTES>();
    let count = (transactions.len() as u64).to_le_bytes();
    let expected = [&MAGIC[..], aggregate.as_bytes(), &version.to_le_bytes(), &count].concat();
    if header != expected || !rest.is_empty() || HashKind::Sha2_256.digest(content) != *digest {
        return None;
    }
    transactions.iter().map(|bytes| transaction(bytes, version)).collect()
}

fn transaction(bytes: &[u8; TRANSACTION_BYTES], version: u64) -> Option<Recent> {
    let (id, rest) = bytes.split_first_chunk()?;
    let (first_version, events) = rest.split_first_chunk()?;
    let recent = Recent {
        transaction: TransactionId::from_bytes(*id),
        first_version: u64::from_le_bytes(*first_version),
        events: u32::from_le_bytes(events.try_into().ok()?),
    };
    let end = recent.first_version.checked_add(u64::from(recent.events))?;
    (recent.first_version > 0 && recent.events > 0 && end <= version + 1).then_some(recent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_every_changed_byte_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.transactions");
        let aggregate = AggregateId::from_u64(3);
        let recent = |id: u8, first_version, events| Recent {
            transaction: TransactionId::from_bytes([id; 16]),
            first_version,
            events,
        };
        for transactions in [vec![], vec![recent(1, 1, 4), recent(2, 5, 2)]] {
            write(&path, aggregate, 6, &transactions).unwrap();
            assert_eq!(read(&path, aggregate, 6), Ok(transactions));
            assert!(read(&path, aggregate, 7).is_err() && read(&path, AggregateId::from_u64(4), 6).is_err());
            let bytes = fs::read(&path).unwrap();
            for at in 0..bytes.len() {
                let mut changed = bytes.clone();
                changed[at] ^= 1;
                assert_eq!(parse(&changed, aggregate, 6), None, "byte {at}");
                assert_eq!(parse(&bytes[..at], aggregate, 6), None);
            }
        }
        write(&path, aggregate, 6, &[recent(1, 5, 3)]).unwrap();
        assert!(read(&path, aggregate, 6).is_err(), "a transaction behind the version");
    }
}
