//! The bytes of a journal besides its events: file names, the manifest, the commit block.
//!
//! A segment is a CARv1 file whose root is the manifest, a block that is the same in every segment of every store with
//! the same hash function. Events follow in the order of their sequences; after each group of appends stands one
//! commit block. What is not behind a commit block did not happen.

use cidgraph::car::{push_header, push_section};
use cidgraph::dag_cbor::{CodecError, Decoder, Encoder};
use cidgraph::{AggregateId, Cid, HashKind, Head};

/// The layout that this program writes and reads.
const FORMAT_VERSION: u64 = 1;

/// How every commit block starts, and no event: a map of five whose first key is `count`.
pub(crate) const COMMIT_START: &[u8] = b"\xa5\x65count";

/// Returns the file name of a segment; segments are numbered from 1.
pub(crate) fn segment_name(number: u32) -> String {
    format!("segment-{number:010}.car")
}

/// Returns the file name of a segment's index.
pub(crate) fn index_name(number: u32) -> String {
    format!("segment-{number:010}.idx")
}

/// Returns the number in a segment's file name, or `None` for another file.
pub(crate) fn segment_number(name: &str) -> Option<u32> {
    let number = name.strip_prefix("segment-")?.strip_suffix(".car")?.parse().ok()?;
    (segment_name(number) == name).then_some(number)
}

/// Returns the bytes every segment starts with: the CAR header and the manifest.
pub(crate) fn segment_header(hash: HashKind) -> Vec<u8> {
    let mut manifest = Vec::new();
    let mut out = Encoder::new(&mut manifest);
    out.map(3);
    out.text("hash");
    out.text(hash_name(hash));
    out.text("format");
    out.text("cidgraph journal");
    out.text("version");
    out.uint(FORMAT_VERSION);
    let cid = Cid::of_block(hash, &manifest);
    let mut header = Vec::new();
    push_header(&mut header, &[cid]);
    push_section(&mut header, &cid, &manifest);
    header
}

/// Returns the hash function's multiformats name.
pub(crate) const fn hash_name(hash: HashKind) -> &'static str {
    match hash {
        HashKind::Sha2_256 => "sha2-256",
        HashKind::Blake3 => "blake3",
    }
}

/// Closes a group of appends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Commit {
    /// Events of the group.
    pub(crate) count: u64,
    /// The head of each aggregate that the group changed, ordered by id.
    pub(crate) heads: Vec<(AggregateId, Head)>,
    /// The commit before, also across segments.
    pub(crate) previous: Option<Cid>,
    /// The sequence of the group's last event.
    pub(crate) sequence: u64,
    /// Bytes of this segment that were on the disk for certain when the commit was written.
    pub(crate) durable_offset: u64,
}

impl Commit {
    /// Returns the canonical block.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut block = Vec::with_capacity(120 + 90 * self.heads.len());
        let mut out = Encoder::new(&mut block);
        out.map(5);
        out.text("count");
        out.uint(self.count);
        out.text("heads");
        out.map(self.heads.len());
        for (aggregate, head) in &self.heads {
            out.text(&aggregate.to_string());
            out.list(2);
            out.uint(head.version);
            out.link(&head.cid);
        }
        out.text("previous");
        match &self.previous {
            Some(cid) => out.link(cid),
            None => out.null(),
        }
        out.text("sequence");
        out.uint(self.sequence);
        out.text("durable_offset");
        out.uint(self.durable_offset);
        block
    }

    /// Reads a commit block and whatever follows it stays unread.
    pub(crate) fn decode(input: &mut Decoder<'_>) -> Result<Self, CodecError> {
        input.map_of(5, "a map of the five fields of a commit")?;
        input.key("count")?;
        let count = input.uint()?;
        input.key("heads")?;
        let mut heads = Vec::new();
        for _ in 0..input.map()? {
            let aggregate = input.text()?.parse().map_err(|_| input.error("an aggregate id"))?;
            input.list_of(2, "a version and a link")?;
            heads.push((aggregate, Head { version: input.uint()?, cid: input.link()? }));
        }
        input.key("previous")?;
        let previous = if input.take_null() { None } else { Some(input.link()?) };
        input.key("sequence")?;
        let sequence = input.uint()?;
        input.key("durable_offset")?;
        let durable_offset = input.uint()?;
        Ok(Self { count, heads, previous, sequence, durable_offset })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_say_the_number() {
        assert_eq!(segment_name(7), "segment-0000000007.car");
        assert_eq!(segment_number("segment-0000000007.car"), Some(7));
        assert_eq!(segment_number("segment-7.car"), None);
        assert_eq!(segment_number("segment-0000000007.idx"), None);
    }

    #[test]
    fn a_commit_reads_back() {
        let head = Head { version: 300, cid: Cid::of_block(HashKind::Blake3, b"event") };
        let heads = vec![(AggregateId::from_u64(1), head), (AggregateId::from_u64(2), head)];
        for previous in [None, Some(head.cid)] {
            let commit = Commit { count: 9, heads: heads.clone(), previous, sequence: 1 << 40, durable_offset: 77 };
            let block = commit.encode();
            assert!(block.starts_with(COMMIT_START));
            let mut input = Decoder::new(&block);
            assert_eq!(Commit::decode(&mut input), Ok(commit));
            assert_eq!(input.finish(), Ok(()));
        }
    }
}
