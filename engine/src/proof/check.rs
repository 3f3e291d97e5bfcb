//! Checking a proof against a trusted event, with nothing else.

use bytes::Bytes;

use crate::chain::{EventHeader, open_block};
use crate::checkpoint::{Said, event_leaf};
use crate::cid::{Cid, HashKind};
use crate::event::{DecodeError, GraphEvent};
use crate::graph::TracedNode;
use crate::id::{AggregateId, GraphId, NodeId};
use crate::merkle::root_of_path;
use crate::state::{STATE_LEAVES, leaf_index_of, read_node_record};
use crate::view::NodeView;

use super::PROOF_BYTES_MAX;
use super::error::ProofError;
use super::format::{Anchor, Committed, Proof, StateProof};

/// What a proof shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// The graph.
    pub graph: GraphId,
    /// The version at which the node was so; a transaction's end.
    pub version: u64,
    /// The CID of that version's event.
    pub event: Cid,
    /// That event's time, nanoseconds since the Unix epoch.
    pub timestamp_ns: u64,
    /// The node's id.
    pub id: NodeId,
    /// The node as it was; `None` where it was not in the graph.
    pub node: Option<NodeView>,
    /// The checkpoint whose state the proof begins with; `None` where it begins with the graph's first event.
    pub checkpoint: Option<Said>,
    /// The version of the trusted event.
    pub head_version: u64,
}

/// Checks a proof file: that the writer of the event `head` committed to the node being as the proof says.
///
/// # Errors
/// [`ProofError`]: what does not hold.
pub fn check(bytes: &[u8], head: Cid) -> Result<Proven, ProofError> {
    if bytes.len() > PROOF_BYTES_MAX {
        return Err(ProofError::TooLarge { bytes: bytes.len(), max: PROOF_BYTES_MAX });
    }
    check_proof(&Proof::decode(bytes)?, head)
}

fn check_proof(proof: &Proof, head: Cid) -> Result<Proven, ProofError> {
    if proof.anchor.is_some() && !proof.later.is_empty() {
        return Err(ProofError::TwoWays);
    }
    let blocks: Vec<Bytes> = proof.blocks.iter().chain(&proof.later).cloned().collect();
    let run = Run::open(proof.graph, &blocks, head.hash_kind())?;
    let (head_version, anchored) = match &proof.anchor {
        None => (run.end_at(head)?, None),
        Some(anchor) => {
            let (head_version, said) = check_anchor(proof, anchor, &run, head)?;
            (head_version, Some(said))
        }
    };
    let from = proof.state.as_ref().map_or(0, |state| state.version);
    let incomplete = |reason| ProofError::Incomplete { from, to: proof.version, reason };
    let first = if from == proof.version { from } else { from + 1 };
    if from > proof.version || run.first_version() != first {
        return Err(incomplete("the first event is another one"));
    }
    let at = run.at(proof.version).ok_or_else(|| incomplete("the version's own event is missing"))?;
    if first + proof.blocks.len() as u64 != proof.version + 1 {
        return Err(incomplete("the events up to the version end with another one"));
    }
    if at.remaining > 0 {
        return Err(incomplete("the version is within a transaction"));
    }
    let checkpoint = match &proof.state {
        Some(state) => Some(committed_state(proof, state, &run, anchored)?),
        None => None,
    };
    let mut traced = TracedNode::new(proof.node, recorded(proof)?);
    for event in run.events.iter().filter(|event| event.version > from && event.version <= proof.version) {
        for happened in &event.events {
            let applied = traced.apply(happened, event.version);
            applied.map_err(|misfit| ProofError::Misfit { version: event.version, reason: misfit.reason })?;
        }
    }
    Ok(Proven {
        graph: proof.graph,
        version: proof.version,
        event: at.cid,
        timestamp_ns: at.timestamp_ns,
        id: proof.node,
        node: traced.into_node(),
        checkpoint,
        head_version,
    })
}

/// Checks that the head leads down to a checkpoint whose events hold the run's last one; returns the head's version and
/// what that checkpoint says.
fn check_anchor(proof: &Proof, anchor: &Anchor, run: &Run, head: Cid) -> Result<(u64, Said), ProofError> {
    let above = Run::open(proof.graph, &anchor.blocks, head.hash_kind())?;
    let head_version = above.end_at(head)?;
    let said = above.events[0].said().ok_or(ProofError::NoCheckpoint { version: run.last_version() })?;
    is_among_events(&said, run.last_version(), run.last_cid(), &anchor.path, "event")?;
    Ok((head_version, said))
}

/// Checks that a checkpoint's events hold an event at its place.
fn is_among_events(
    said: &Said,
    version: u64,
    cid: Cid,
    path: &[[u8; 32]],
    what: &'static str,
) -> Result<(), ProofError> {
    let root = root_of_path(version - 1, said.version, event_leaf(&cid), path);
    if root == Some(said.event_root) { Ok(()) } else { Err(ProofError::NotCommitted { what }) }
}

/// Checks that a checkpoint of the chain says the state that the bucket is in, and returns that checkpoint.
fn committed_state(proof: &Proof, state: &StateProof, run: &Run, anchored: Option<Said>) -> Result<Said, ProofError> {
    let missing = ProofError::NoCheckpoint { version: state.version };
    let said = match (&anchored, proof.anchor.as_ref().and_then(|anchor| anchor.committed.as_ref())) {
        (Some(said), Some(committed)) => checkpoint_among_events(proof.graph, committed, said, run)?,
        (_, None) => run
            .events
            .iter()
            .filter_map(Opened::said)
            .find(|said| said.version == state.version)
            .ok_or(missing.clone())?,
        (None, Some(_)) => return Err(missing),
    };
    if said.version != state.version || said.event <= said.version {
        return Err(missing);
    }
    let root = root_of_path(leaf_index_of(proof.node.as_bytes()), STATE_LEAVES, state.bucket.leaf(), &state.path);
    if root == Some(said.state_root) { Ok(said) } else { Err(ProofError::NotCommitted { what: "state" }) }
}

fn checkpoint_among_events(
    graph: GraphId,
    committed: &Committed,
    anchored: &Said,
    run: &Run,
) -> Result<Said, ProofError> {
    let alone = Run::open(graph, std::slice::from_ref(&committed.block), run.last_cid().hash_kind())?;
    let event = &alone.events[0];
    is_among_events(anchored, event.version, event.cid, &committed.path, "checkpoint")?;
    event.said().ok_or(ProofError::NoCheckpoint { version: event.version })
}

/// Returns the node as its record in the bucket says; `None` where the bucket shows that it is not there.
fn recorded(proof: &Proof) -> Result<Option<NodeView>, ProofError> {
    let Some(state) = &proof.state else { return Ok(None) };
    let wrong = || ProofError::WrongRecord { node: proof.node };
    let entry = state.bucket.nodes.iter().find(|entry| entry.id == *proof.node.as_bytes());
    match (entry, &state.record) {
        (None, None) => Ok(None),
        (Some(entry), Some(record)) if HashKind::Sha2_256.digest(record) == entry.record => {
            let node = read_node_record(record)?;
            if node.id == proof.node { Ok(Some(node)) } else { Err(wrong()) }
        }
        (Some(_), _) | (None, Some(_)) => Err(wrong()),
    }
}

/// Blocks of one graph, each linked to by the next.
struct Run {
    events: Vec<Opened>,
}

/// An event of a run.
struct Opened {
    version: u64,
    cid: Cid,
    timestamp_ns: u64,
    remaining: u32,
    events: Vec<GraphEvent>,
}

impl Opened {
    fn said(&self) -> Option<Said> {
        self.events.iter().find_map(|event| Said::of(event, self.version))
    }
}

impl Run {
    /// Opens blocks, of which there is at least one, and checks that each names the one before it.
    fn open(graph: GraphId, blocks: &[Bytes], hash: HashKind) -> Result<Self, ProofError> {
        let mut events: Vec<Opened> = Vec::with_capacity(blocks.len());
        for block in blocks {
            let cid = Cid::of_block(hash, block);
            let opened = open_block(block)?;
            let EventHeader { aggregate, previous, timestamp_ns, ref metadata, .. } = opened.header;
            let (version, remaining) = (metadata.version, metadata.transaction_remaining);
            if aggregate != AggregateId::from(graph) {
                return Err(ProofError::OtherGraph { graph, found: aggregate.into() });
            }
            if let Some(before) = events.last() {
                if version != before.version + 1 {
                    let reason = "an event between two others is missing";
                    return Err(ProofError::Incomplete { from: before.version, to: version, reason });
                }
                if previous != Some(before.cid) {
                    let expected = previous.unwrap_or(cid);
                    return Err(ProofError::BrokenLink { version: before.version, expected, actual: before.cid });
                }
            }
            let mut happened = Vec::new();
            let decoded: Result<(), DecodeError> = opened.decode(&mut happened);
            decoded.map_err(|source| ProofError::Event { version, source })?;
            events.push(Opened { version, cid, timestamp_ns, remaining, events: happened });
        }
        if events.is_empty() {
            return Err(ProofError::Incomplete { from: 0, to: 0, reason: "there is no event" });
        }
        Ok(Self { events })
    }

    fn last(&self) -> &Opened {
        self.events.last().expect("a run has events")
    }

    fn first_version(&self) -> u64 {
        self.events[0].version
    }

    fn last_version(&self) -> u64 {
        self.last().version
    }

    fn last_cid(&self) -> Cid {
        self.last().cid
    }

    /// Checks that the run ends with the trusted event and returns its version.
    fn end_at(&self, head: Cid) -> Result<u64, ProofError> {
        let last = self.last();
        if last.cid == head { Ok(last.version) } else { Err(ProofError::OtherHead { head, found: last.cid }) }
    }

    fn at(&self, version: u64) -> Option<&Opened> {
        let place = usize::try_from(version.checked_sub(self.first_version())?).ok()?;
        self.events.get(place)
    }
}
