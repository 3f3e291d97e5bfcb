//! The proof file: one strict DAG-CBOR map, as `docs/PROOF.md` describes it.

use bytes::Bytes;

use crate::cid::HashKind;
use crate::dag_cbor::{CodecError, Decoder, Encoder};
use crate::id::{GraphId, NodeId};
use crate::merkle::Hash;
use crate::state::{Bucket, Entry};

use super::error::ProofError;

/// What a proof calls its format.
const FORMAT: &str = "cidgraph-proof-1";

/// A proof as its file holds it; nothing of it is checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The graph.
    pub graph: GraphId,
    /// The node.
    pub node: NodeId,
    /// The version.
    pub version: u64,
    /// The node's bucket in the state of a checkpoint; `None` where the events begin with the first one.
    pub state: Option<StateProof>,
    /// The blocks of the events after the state up to the version. Where the state is that of the version, the block of
    /// the version's event stands alone.
    pub blocks: Vec<Bytes>,
    /// The blocks of the events after the version up to the head; none where there is an anchor.
    pub later: Vec<Bytes>,
    /// How the head leads to the version, where not by the blocks themselves.
    pub anchor: Option<Anchor>,
}

/// A bucket of a state that a checkpoint says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateProof {
    /// The version that the state is of.
    pub version: u64,
    /// All that the bucket holds.
    pub bucket: Bucket,
    /// The node's record, where it is in the bucket.
    pub record: Option<Bytes>,
    /// The hashes beside the way from the bucket to the state hash.
    pub path: Vec<Hash>,
}

/// How a head leads to an event far below it: blocks down to a checkpoint, and a path in its event tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// The blocks from the checkpoint's event up to the head.
    pub blocks: Vec<Bytes>,
    /// The hashes beside the way from the version's event to the event root.
    pub path: Vec<Hash>,
    /// The checkpoint of the state, where it stands above the version.
    pub committed: Option<Committed>,
}

/// An event that a checkpoint's event tree holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// Its block.
    pub block: Bytes,
    /// The hashes beside the way from its CID to the event root.
    pub path: Vec<Hash>,
}

impl Proof {
    /// Returns the file's bytes.
    pub fn encode(&self) -> Vec<u8> {
        self.with_digest(&self.digest())
    }

    /// Returns the SHA-256 of the file in which no digest stands.
    fn digest(&self) -> Hash {
        HashKind::Sha2_256.digest(&self.with_digest(&[]))
    }

    fn with_digest(&self, digest: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut out = Encoder::new(&mut bytes);
        out.map(9);
        out.text("node");
        out.bytes(self.node.as_bytes());
        out.text("graph");
        out.bytes(self.graph.as_bytes());
        out.text("later");
        write_blocks(&self.later, &mut out);
        out.text("state");
        match &self.state {
            None => out.null(),
            Some(state) => state.encode(&mut out),
        }
        out.text("anchor");
        match &self.anchor {
            None => out.null(),
            Some(anchor) => anchor.encode(&mut out),
        }
        out.text("blocks");
        write_blocks(&self.blocks, &mut out);
        out.text("digest");
        out.bytes(digest);
        out.text("format");
        out.text(FORMAT);
        out.text("version");
        out.uint(self.version);
        bytes
    }

    /// Reads a file's bytes.
    ///
    /// # Errors
    /// [`ProofError::Codec`], [`ProofError::UnknownFormat`] or [`ProofError::Changed`].
    pub fn decode(bytes: &[u8]) -> Result<Self, ProofError> {
        let mut input = Decoder::new(bytes);
        input.map_of(9, "a map of the nine fields of a proof")?;
        input.key("node")?;
        let node = NodeId::from_bytes(input.bytes16()?);
        input.key("graph")?;
        let graph = GraphId::from_bytes(input.bytes16()?);
        input.key("later")?;
        let later = read_blocks(&mut input)?;
        input.key("state")?;
        let state = if input.take_null() { None } else { Some(StateProof::decode(&mut input)?) };
        input.key("anchor")?;
        let anchor = if input.take_null() { None } else { Some(Anchor::decode(&mut input)?) };
        input.key("blocks")?;
        let blocks = read_blocks(&mut input)?;
        input.key("digest")?;
        let digest = input.bytes()?;
        input.key("format")?;
        let format = input.text()?;
        if format != FORMAT {
            return Err(ProofError::UnknownFormat { found: format.chars().take(64).collect() });
        }
        input.key("version")?;
        let version = input.uint()?;
        input.finish()?;
        let proof = Self { graph, node, version, state, blocks, later, anchor };
        if proof.digest() == digest { Ok(proof) } else { Err(ProofError::Changed) }
    }
}

impl StateProof {
    fn encode(&self, out: &mut Encoder<'_>) {
        out.map(5);
        out.text("path");
        write_hashes(&self.path, out);
        out.text("edges");
        write_entries(&self.bucket.edges, out);
        out.text("nodes");
        write_entries(&self.bucket.nodes, out);
        out.text("record");
        match &self.record {
            None => out.null(),
            Some(record) => out.bytes(record),
        }
        out.text("version");
        out.uint(self.version);
    }

    fn decode(input: &mut Decoder<'_>) -> Result<Self, CodecError> {
        input.map_of(5, "a map of the five fields of a state")?;
        input.key("path")?;
        let path = read_hashes(input)?;
        input.key("edges")?;
        let edges = read_entries(input)?;
        input.key("nodes")?;
        let nodes = read_entries(input)?;
        input.key("record")?;
        let record = if input.take_null() { None } else { Some(Bytes::copy_from_slice(input.bytes()?)) };
        input.key("version")?;
        let version = input.uint()?;
        Ok(Self { version, bucket: Bucket { nodes, edges }, record, path })
    }
}

impl Anchor {
    fn encode(&self, out: &mut Encoder<'_>) {
        out.map(3);
        out.text("path");
        write_hashes(&self.path, out);
        out.text("blocks");
        write_blocks(&self.blocks, out);
        out.text("checkpoint");
        match &self.committed {
            None => out.null(),
            Some(committed) => {
                out.map(2);
                out.text("path");
                write_hashes(&committed.path, out);
                out.text("block");
                out.bytes(&committed.block);
            }
        }
    }

    fn decode(input: &mut Decoder<'_>) -> Result<Self, CodecError> {
        input.map_of(3, "a map of the three fields of an anchor")?;
        input.key("path")?;
        let path = read_hashes(input)?;
        input.key("blocks")?;
        let blocks = read_blocks(input)?;
        input.key("checkpoint")?;
        if input.take_null() {
            return Ok(Self { blocks, path, committed: None });
        }
        input.map_of(2, "a map of the two fields of a checkpoint")?;
        input.key("path")?;
        let beside = read_hashes(input)?;
        input.key("block")?;
        let block = Bytes::copy_from_slice(input.bytes()?);
        Ok(Self { blocks, path, committed: Some(Committed { block, path: beside }) })
    }
}

fn write_blocks(blocks: &[Bytes], out: &mut Encoder<'_>) {
    out.list(blocks.len());
    blocks.iter().for_each(|block| out.bytes(block));
}

fn read_blocks(input: &mut Decoder<'_>) -> Result<Vec<Bytes>, CodecError> {
    let len = input.list_of_at_least(1)?;
    (0..len).map(|_| Ok(Bytes::copy_from_slice(input.bytes()?))).collect()
}

fn write_hashes(hashes: &[Hash], out: &mut Encoder<'_>) {
    out.bytes(hashes.as_flattened());
}

fn read_hashes(input: &mut Decoder<'_>) -> Result<Vec<Hash>, CodecError> {
    let (hashes, rest) = input.bytes()?.as_chunks();
    if rest.is_empty() { Ok(hashes.to_vec()) } else { Err(input.error("whole hashes of 32 bytes")) }
}

fn write_entries(entries: &[Entry], out: &mut Encoder<'_>) {
    let mut bytes = Vec::new();
    entries.iter().for_each(|entry| entry.write(&mut bytes));
    out.bytes(&bytes);
}

fn read_entries(input: &mut Decoder<'_>) -> Result<Vec<Entry>, CodecError> {
    Entry::read_all(input.bytes()?).ok_or_else(|| input.error("whole entries of 48 bytes, ascending by id"))
}
