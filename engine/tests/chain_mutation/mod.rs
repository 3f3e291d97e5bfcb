//! Changes to a valid chain, each with the place at which verification must notice it.
//!
//! Shared by the property test `chain_laws` and the fuzz target `verify_chain`.

use bytes::Bytes;
use cidgraph::chain::{ChainVerifier, LogVerifier, open_block_in_place, seal};
use cidgraph::{
    AggregateId, ChainTip, Cid, CommandContext, CommandId, EdgeEntity, GraphEvent, HashKind, NodeEntity, NodeId,
    Properties, StoredEvent,
};

/// One change to a log of one aggregate's events. Places are taken modulo what there is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Change<'a> {
    /// Bits of a block's byte flip; the CID stays.
    Byte { event: usize, at: usize, xor: u8 },
    /// Two bytes of a block change places.
    SwapBytes { event: usize, at: usize, with: usize },
    /// A byte of a block goes.
    DropByte { event: usize, at: usize },
    /// A byte of a block comes twice.
    RepeatByte { event: usize, at: usize },
    /// The start of one block and the end of another.
    SpliceBytes { event: usize, at: usize, with: usize },
    /// Bits of a block's byte flip, and it gets the CID of its new bytes.
    Readdress { event: usize, at: usize, xor: u8 },
    /// Any bytes in a block's stead, with their CID.
    Replace { event: usize, bytes: &'a [u8] },
    /// Another event's CID.
    Mislabel { event: usize, with: usize },
    /// An event goes.
    Drop { event: usize },
    /// An event comes twice.
    Repeat { event: usize },
    /// Two events change places.
    Swap { event: usize, with: usize },
    /// The event at this place in another aggregate's chain.
    Foreign { event: usize },
    /// The event sealed again behind another one.
    Relink { event: usize, with: usize },
    /// The start of this chain and the end of another history of the same aggregate.
    Splice { at: usize },
}

impl Change<'_> {
    /// Makes a change of five numbers; every change but [`Replace`](Self::Replace) can be made.
    pub(crate) fn of_numbers(which: u8, event: usize, at: usize, with: usize, xor: u8) -> Self {
        match which % 13 {
            0 => Self::Byte { event, at, xor },
            1 => Self::SwapBytes { event, at, with },
            2 => Self::DropByte { event, at },
            3 => Self::RepeatByte { event, at },
            4 => Self::SpliceBytes { event, at, with },
            5 => Self::Readdress { event, at, xor },
            6 => Self::Mislabel { event, with },
            7 => Self::Drop { event },
            8 => Self::Repeat { event },
            9 => Self::Swap { event, with },
            10 => Self::Foreign { event },
            11 => Self::Relink { event, with },
            _ => Self::Splice { at },
        }
    }
}

/// What verification must say of a changed log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Every event holds and the last has the CID that it had.
    Whole,
    /// Every event holds, but the head is another one: to be noticed by who knows the head.
    AnotherHead,
    /// The event at this place is the first that does not hold.
    Broken(usize),
}

/// Two valid chains of one aggregate with different histories, and one of another aggregate, all of the same length.
#[derive(Debug)]
pub(crate) struct Chains {
    aggregate: AggregateId,
    chain: Vec<StoredEvent>,
    other_history: Vec<StoredEvent>,
    other_aggregate: Vec<StoredEvent>,
}

impl Chains {
    /// Seals chains of transactions with as many events as `sizes` says, at least one each.
    pub(crate) fn new(hash: HashKind, sizes: &[usize]) -> Self {
        let (one, two) = (AggregateId::from_u64(1), AggregateId::from_u64(2));
        Self {
            aggregate: one,
            chain: chain(one, hash, sizes, 1),
            other_history: chain(one, hash, sizes, 2),
            other_aggregate: chain(two, hash, sizes, 1),
        }
    }

    /// Makes the change and checks that verification notices it at the right place.
    ///
    /// # Panics
    /// Where it does not.
    pub(crate) fn check(&self, change: Change<'_>) {
        let mut log = self.chain.clone();
        let expected = self.make(change, &mut log);
        for (sequence, stored) in (1..).zip(&mut log) {
            stored.sequence = sequence;
        }
        let found = self.verdict(&log);
        let right = if matches!(change, Change::Readdress { .. } | Change::Replace { .. }) {
            self.is_right_after_readdressing(expected, found)
        } else {
            found == expected
        };
        assert!(right, "{change:?}: expected {expected:?}, found {found:?}");
        if !matches!(change, Change::Foreign { .. }) {
            let errors = LogVerifier::new().push(&log);
            assert_eq!(errors.len(), usize::from(matches!(found, Verdict::Broken(_))), "{change:?}: {errors:?}");
        }
    }

    /// A block that is still an event breaks the chain at itself (its own link) or at the event after it; behind the
    /// last event, only the head tells.
    fn is_right_after_readdressing(&self, expected: Verdict, found: Verdict) -> bool {
        let Verdict::Broken(place) = expected else { return found == expected };
        let last = place + 1 == self.chain.len();
        found == expected || found == if last { Verdict::AnotherHead } else { Verdict::Broken(place + 1) }
    }

    fn verdict(&self, log: &[StoredEvent]) -> Verdict {
        let mut verifier = ChainVerifier::new(self.aggregate);
        match log.iter().position(|stored| verifier.push(stored).is_err()) {
            Some(place) => Verdict::Broken(place),
            None if verifier.tip().map(|tip| tip.cid) == self.head() => Verdict::Whole,
            None => Verdict::AnotherHead,
        }
    }

    fn head(&self) -> Option<Cid> {
        self.chain.last().map(|stored| stored.event.cid)
    }

    fn make(&self, change: Change<'_>, log: &mut Vec<StoredEvent>) -> Verdict {
        let len = log.len();
        match change {
            Change::Byte { event, .. }
            | Change::SwapBytes { event, .. }
            | Change::DropByte { event, .. }
            | Change::RepeatByte { event, .. }
            | Change::SpliceBytes { event, .. }
            | Change::Readdress { event, .. }
            | Change::Replace { event, .. } => self.change_bytes(change, event % len, log),
            Change::Mislabel { event, with } => {
                log[event % len].event.cid = self.chain[with % len].event.cid;
                broken_unless(event % len == with % len, event % len)
            }
            Change::Drop { event } => {
                log.remove(event % len);
                if event % len + 1 == len { Verdict::AnotherHead } else { Verdict::Broken(event % len) }
            }
            Change::Repeat { event } => {
                log.insert(event % len, self.chain[event % len].clone());
                Verdict::Broken(event % len + 1)
            }
            Change::Swap { event, with } => {
                log.swap(event % len, with % len);
                broken_unless(event % len == with % len, (event % len).min(with % len))
            }
            Change::Foreign { event } => {
                log[event % len] = self.other_aggregate[event % len].clone();
                Verdict::Broken(event % len)
            }
            Change::Relink { event, with } => self.relink(event % len, with % len, log),
            Change::Splice { at } => {
                log.truncate(at % len);
                log.extend_from_slice(&self.other_history[at % len..]);
                if at % len == 0 { Verdict::AnotherHead } else { Verdict::Broken(at % len) }
            }
        }
    }

    fn change_bytes(&self, change: Change<'_>, event: usize, log: &mut [StoredEvent]) -> Verdict {
        let sealed = &mut log[event].event;
        let block = &self.chain[event].event.block;
        let mut bytes = block.to_vec();
        let len = bytes.len();
        match change {
            Change::Byte { at, xor, .. } | Change::Readdress { at, xor, .. } => bytes[at % len] ^= xor,
            Change::SwapBytes { at, with, .. } => bytes.swap(at % len, with % len),
            Change::Replace { bytes: new, .. } => bytes = new.to_vec(),
            Change::DropByte { at, .. } => drop(bytes.remove(at % len)),
            Change::RepeatByte { at, .. } => bytes.insert(at % len, block[at % len]),
            Change::SpliceBytes { at, with, .. } => {
                let end = &self.chain[with % self.chain.len()].event.block;
                bytes.truncate(at % len);
                bytes.extend_from_slice(&end[(at % len).min(end.len())..]);
            }
            Change::Mislabel { .. }
            | Change::Drop { .. }
            | Change::Repeat { .. }
            | Change::Swap { .. }
            | Change::Foreign { .. }
            | Change::Relink { .. }
            | Change::Splice { .. } => unreachable!("changes events, not bytes"),
        }
        let verdict = broken_unless(bytes == *block, event);
        sealed.block = Bytes::from(bytes);
        if matches!(change, Change::Readdress { .. } | Change::Replace { .. }) {
            sealed.cid = Cid::of_block(sealed.cid.hash_kind(), &sealed.block);
        }
        verdict
    }

    /// Seals the event again behind event `with`, at its own version.
    fn relink(&self, event: usize, with: usize, log: &mut [StoredEvent]) -> Verdict {
        if event == 0 || with + 1 == event {
            return Verdict::Whole;
        }
        let other = self.chain[with].event.cid;
        let sealed = &mut log[event].event;
        let mut block = sealed.block.to_vec();
        let link = block.len() - 32;
        block[link..].copy_from_slice(other.digest());
        sealed.block = Bytes::from(block);
        sealed.cid = Cid::of_block(other.hash_kind(), &sealed.block);
        sealed.previous = Some(other);
        assert!(open_block_in_place(&sealed.block).is_ok(), "the link is the end of the block");
        Verdict::Broken(event)
    }
}

fn broken_unless(unchanged: bool, place: usize) -> Verdict {
    if unchanged { Verdict::Whole } else { Verdict::Broken(place) }
}

/// Seals a chain of small events; `salt` makes histories differ from the first event on.
fn chain(aggregate: AggregateId, hash: HashKind, sizes: &[usize], salt: u64) -> Vec<StoredEvent> {
    let mut tip = ChainTip::empty(aggregate, hash);
    let mut sealed = Vec::new();
    for (number, size) in (1u64..).zip(sizes) {
        let events: Vec<GraphEvent> = (0..(*size).max(1) as u64).map(|index| event(number * 100 + index)).collect();
        let context = CommandContext {
            id: CommandId::from_u64(number << 8 | salt),
            actor: "test".into(),
            correlation: CommandId::from_u64(number).into(),
            causation: (number % 2 == 0).then(|| CommandId::from_u64(number - 1).into()),
        };
        seal(&mut tip, &context, 1_700_000_000_000_000_000 + number, &events, &mut sealed);
    }
    (1..).zip(sealed).map(|(sequence, event)| StoredEvent { sequence, event }).collect()
}

fn event(number: u64) -> GraphEvent {
    let node = NodeId::from_u64(number);
    match number % 3 {
        0 => GraphEvent::NodeAdded { node: NodeEntity::new(node, "Person").with("Profile", [("age", 36)]) },
        1 => GraphEvent::NodeRemoved { node },
        _ => {
            let edge = EdgeEntity::new(node, "knows", NodeId::from_u64(number + 1));
            GraphEvent::EdgeConnected { edge: edge.with_properties(Properties::from([("weight", 2)])) }
        }
    }
}
