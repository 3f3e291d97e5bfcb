//! Up to where the journal is known to be on the disk: one small file, replaced whole after a sync.
//!
//! Within a segment the next commit says what of it was synced; nothing says so of the last commit. This file does, for
//! a journal that was closed or has begun a segment. It is a lower bound: the journal may reach further, and where it
//! ends before, something was lost that was safe. Without the file, or where it cannot be read, nothing is claimed.

use std::path::Path;

use cidgraph::dag_cbor::{CodecError, Decoder, Encoder};
use cidgraph::{Cid, Damage, HashKind};

use crate::disk::{Access, Disk};
use crate::journal::files::{Files, read_range};
use crate::journal::format::segment_name;

/// The file's name.
pub(crate) const FILE: &str = "durable.cbor";

/// Bytes of the file, at most; a longer one is not its.
const FILE_BYTES_MAX: u64 = 1 << 10;

/// A place in the journal up to which everything is on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Durable {
    /// The segment that was written.
    pub(crate) segment: u32,
    /// Bytes of it, up to the end of a commit or of the header.
    pub(crate) offset: u64,
    /// The last commit before that place, also across segments.
    pub(crate) commit: Option<Cid>,
}

impl Durable {
    /// Reads what is claimed of the journal in `folder`.
    pub(crate) fn read(disk: &dyn Disk, folder: &Path) -> Option<Self> {
        let file = disk.open(&folder.join(FILE), Access::Read).ok()?;
        let length = file.length().ok().filter(|length| *length <= FILE_BYTES_MAX)?;
        let bytes = read_range(&*file, 0, length).ok()?;
        Self::decode(&bytes).ok().filter(|claim| claim.encode() == bytes)
    }

    /// Keeps the claim. All it says must be on the disk. Where that fails the claim before stays, which says less.
    pub(crate) fn keep(self, files: &Files) {
        assert!(files.synced, "nothing is claimed of what is not synced");
        if Self::read(&*files.disk, &files.folder) != Some(self) {
            drop(files.replace(FILE, &self.encode()));
        }
    }

    /// Returns the damage where the journal ends at `offset` of `segment`, before the claim; `found` is what was seen
    /// there.
    pub(crate) fn lost(&self, folder: &Path, segment: u32, offset: u64, found: Option<Damage>) -> Option<Damage> {
        let path = |number| folder.join(segment_name(number)).display().to_string();
        let claim = folder.join(FILE);
        let hint = format!(
            "{} says that {} bytes of {} were on the disk: bring the file back from a copy, or delete {FILE} to go on \
             with what is left",
            claim.display(),
            self.offset,
            segment_name(self.segment),
        );
        if segment < self.segment {
            let reason = format!("the file is missing; {hint}");
            return Some(Damage { place: path(self.segment), reason, ..Damage::default() });
        }
        (segment == self.segment && offset < self.offset).then(|| {
            let cut = || Damage {
                place: path(segment),
                offset: Some(offset),
                expected: Some(format!("{} bytes", self.offset)),
                actual: Some(format!("{offset} bytes")),
                reason: "the file ends too early".to_owned(),
                ..Damage::default()
            };
            let damage = found.unwrap_or_else(cut);
            Damage { reason: format!("{}; {hint}", damage.reason), ..damage }
        })
    }

    /// Returns the damage where another commit than the claimed one stands at the claimed place.
    pub(crate) fn other_commit(&self, folder: &Path, actual: Option<Cid>) -> Option<Damage> {
        let show = |cid: Option<Cid>| cid.map_or_else(|| "no commit".to_owned(), |cid| cid.to_string());
        (actual != self.commit).then(|| Damage {
            place: folder.join(segment_name(self.segment)).display().to_string(),
            offset: Some(self.offset),
            expected: Some(show(self.commit)),
            actual: Some(show(actual)),
            reason: format!("another commit was on the disk before this offset; delete {FILE} to go on with this one"),
            ..Damage::default()
        })
    }

    fn encode(&self) -> Vec<u8> {
        let checksum = Cid::of_block(HashKind::Sha2_256, &self.fields(3, None));
        self.fields(4, Some(&checksum))
    }

    fn fields(&self, count: usize, checksum: Option<&Cid>) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(150);
        let mut out = Encoder::new(&mut bytes);
        out.map(count);
        out.text("commit");
        match &self.commit {
            Some(cid) => out.link(cid),
            None => out.null(),
        }
        out.text("offset");
        out.uint(self.offset);
        out.text("segment");
        out.uint(u64::from(self.segment));
        if let Some(checksum) = checksum {
            out.text("checksum");
            out.link(checksum);
        }
        bytes
    }

    /// Reads the fields; whether the bytes are theirs is told by encoding them again.
    fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let mut input = Decoder::new(bytes);
        input.map_of(4, "a map of the four fields of a claim")?;
        input.key("commit")?;
        let commit = if input.take_null() { None } else { Some(input.link()?) };
        input.key("offset")?;
        let offset = input.uint()?;
        input.key("segment")?;
        let segment = input.uint32()?;
        if segment == 0 {
            return Err(input.error("a segment, numbered from 1"));
        }
        Ok(Self { segment, offset, commit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_reads_back_and_no_changed_one_does() {
        for commit in [None, Some(Cid::of_block(HashKind::Blake3, b"commit"))] {
            let claim = Durable { segment: 3, offset: 1 << 20, commit };
            let bytes = claim.encode();
            let reads = |bytes: &[u8]| Durable::decode(bytes).ok().filter(|claim| claim.encode() == bytes);
            assert_eq!(reads(&bytes), Some(claim));
            for at in 0..bytes.len() {
                let mut changed = bytes.clone();
                changed[at] ^= 1;
                assert_eq!(reads(&changed), None, "byte {at}");
                assert_eq!(reads(&bytes[..at]), None, "cut at {at}");
            }
        }
    }
}
