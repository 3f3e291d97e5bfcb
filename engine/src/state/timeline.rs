//! When the transactions of a graph ended: what a view of each end shows beside nodes and edges.
//!
//! A [`Timeline`] is frozen, in packed columns; [`TransactionEnds`] grow on top of it. Both are found by version, by time and by
//! the CID of the transaction's last event.

use std::io;
use std::sync::Arc;

use crate::arena::Arena;
use crate::cid::{Cid, HashKind};
use crate::packed::{Order, PackedInts, partition};
use crate::pages::{SnapshotDamage, guarded};
use crate::sections::{SectionKind, SectionWriter, Sections, wrong};
use crate::slab::Slab;
use crate::store::Head;
use crate::topology::Stamp;

use super::file::Shape;
use super::info::{GraphInfo, SinceCheckpoint};

/// The end of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionEnd {
    /// The transaction's last event.
    pub head: Head,
    /// That event's time, nanoseconds since the Unix epoch.
    pub timestamp_ns: u64,
    /// How many nodes there were.
    pub node_count: usize,
    /// How many edges there were.
    pub edge_count: usize,
    /// What had happened since the last checkpoint.
    pub checkpoint: SinceCheckpoint,
    /// What was known of the graph as a whole.
    pub info: Arc<GraphInfo>,
}

/// The ends of transactions since a base's first version, that one among them, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Timeline {
    /// The base's first version.
    pub(crate) from: u64,
    /// The version of each, counted from the first version.
    pub(crate) stamps: PackedInts,
    /// The first time; the others count from it and never decrease.
    pub(crate) first_time_ns: u64,
    pub(crate) times: PackedInts,
    pub(crate) digests: Slab<[u8; 32]>,
    /// 0 for SHA2-256, 1 for BLAKE3.
    pub(crate) hashes: PackedInts,
    /// Places, in the order of the digests.
    pub(crate) by_digest: PackedInts,
    pub(crate) node_counts: PackedInts,
    pub(crate) edge_counts: PackedInts,
    pub(crate) checkpoints: Checkpoints,
    /// The number of what was known of the graph.
    pub(crate) infos: PackedInts,
    pub(crate) known: Vec<Arc<GraphInfo>>,
}

impl Timeline {
    /// Packs moments from version `from` on, oldest first.
    pub fn new(from: u64, moments: &[TransactionEnd]) -> Self {
        assert!(moments.is_sorted_by(|a, b| a.head.version < b.head.version), "moments come in order");
        assert!(moments.is_sorted_by_key(|moment| moment.timestamp_ns), "time does not run backwards");
        let first_time_ns = moments.first().map_or(0, |moment| moment.timestamp_ns);
        let mut by_digest: Vec<usize> = (0..moments.len()).collect();
        by_digest.sort_unstable_by_key(|place| (moments[*place].head.cid.digest(), *place));
        let mut known: Vec<Arc<GraphInfo>> = Vec::new();
        let infos = moments.iter().map(|moment| {
            if known.last() != Some(&moment.info) {
                known.push(Arc::clone(&moment.info));
            }
            known.len() as u64 - 1
        });
        Self {
            from,
            infos: infos.collect(),
            stamps: PackedInts::of(moments, |moment| {
                moment.head.version.checked_sub(from).expect("a moment is not before the base")
            }),
            first_time_ns,
            times: PackedInts::of(moments, |moment| moment.timestamp_ns - first_time_ns),
            digests: moments.iter().map(|moment| *moment.head.cid.digest()).collect(),
            hashes: PackedInts::of(moments, |moment| match moment.head.cid.hash_kind() {
                HashKind::Sha2_256 => 0,
                HashKind::Blake3 => 1,
            }),
            by_digest: by_digest.into_iter().map(|place| place as u64).collect(),
            node_counts: PackedInts::of(moments, |moment| moment.node_count as u64),
            edge_counts: PackedInts::of(moments, |moment| moment.edge_count as u64),
            checkpoints: Checkpoints::new(moments),
            known,
        }
    }

    /// Returns how many there are.
    pub const fn len(&self) -> usize {
        self.stamps.len()
    }

    /// Returns whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.stamps.is_empty()
    }

    /// Returns the moment at a place.
    ///
    /// # Panics
    /// Where there is none.
    pub fn get(&self, place: usize) -> TransactionEnd {
        let hash = if self.hashes.get(place) == 0 { HashKind::Sha2_256 } else { HashKind::Blake3 };
        let number = |column: &PackedInts| usize::try_from(column.get(place)).expect("a count in memory fits");
        TransactionEnd {
            head: Head {
                version: self.from + self.stamps.get(place),
                cid: Cid::from_digest(hash, self.digests.get(place)),
            },
            timestamp_ns: self.first_time_ns + self.times.get(place),
            node_count: number(&self.node_counts),
            edge_count: number(&self.edge_counts),
            checkpoint: self.checkpoints.get(place),
            info: Arc::clone(&self.known[number(&self.infos)]),
        }
    }

    /// Returns the place of the last one at or before a version.
    pub fn by_version(&self, version: u64) -> Option<usize> {
        partition(self.len(), |place| self.from + self.stamps.get(place) <= version).checked_sub(1)
    }

    /// Returns the place of the last one at or before a time.
    pub fn by_time(&self, timestamp_ns: u64) -> Option<usize> {
        partition(self.len(), |place| self.first_time_ns + self.times.get(place) <= timestamp_ns).checked_sub(1)
    }

    /// Returns the place of the one that ends with an event.
    pub fn by_cid(&self, cid: &Cid) -> Option<usize> {
        let place = |at: usize| self.by_digest.get_u32(at) as usize;
        let at = partition(self.len(), |at| self.digests.get(place(at)) < *cid.digest());
        let found = at < self.len() && self.get(place(at)).head.cid == *cid;
        found.then(|| place(at))
    }

    /// Returns all of them, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = TransactionEnd> + '_ {
        (0..self.len()).map(|place| self.get(place))
    }

    /// Returns everything that was known of the graph as a whole, in turn.
    pub fn known(&self) -> &[Arc<GraphInfo>] {
        &self.known
    }

    /// Writes it, but for what was known of the graph and the first time, which the last one tells.
    pub(super) fn write(&self, out: &mut SectionWriter<'_>) -> io::Result<()> {
        out.numbers(SectionKind::TransactionStamps, &self.stamps)?;
        out.numbers(SectionKind::TransactionTimes, &self.times)?;
        out.slab(SectionKind::TransactionDigests, &self.digests)?;
        out.numbers(SectionKind::TransactionHashes, &self.hashes)?;
        out.numbers(SectionKind::TransactionsByDigest, &self.by_digest)?;
        out.numbers(SectionKind::NodeCounts, &self.node_counts)?;
        out.numbers(SectionKind::EdgeCounts, &self.edge_counts)?;
        out.numbers(SectionKind::CheckpointVersions, &self.checkpoints.versions)?;
        out.numbers(SectionKind::CheckpointEvents, &self.checkpoints.events)?;
        out.numbers(SectionKind::CheckpointChanges, &self.checkpoints.changes)?;
        out.numbers(SectionKind::TransactionInfos, &self.infos)
    }

    /// Reads it, where a file has it; the last transaction ends with the file's last version.
    pub(super) fn read(
        sections: &Sections,
        shape: &Shape,
        known: Vec<Arc<GraphInfo>>,
    ) -> Result<Option<Self>, SnapshotDamage> {
        let Some(stamps) = sections.get(SectionKind::TransactionStamps) else { return Ok(None) };
        let wrong = |what| wrong(SectionKind::TransactionStamps, what);
        let len = usize::try_from(stamps.count).map_err(|_| wrong("there are too many"))?;
        let column = |kind, below: u64, order| sections.numbers(kind, len, below, order);
        let counts = |kind, count: usize| column(kind, count as u64 + 1, Order::Any);
        let version = |kind| column(kind, shape.last_version() + 1, Order::Any);
        let digests = sections.slab(SectionKind::TransactionDigests, Box::new(|_, _| true))?;
        let stamps = column(SectionKind::TransactionStamps, u64::from(shape.last) + 1, Order::Ascending)?;
        let times = column(SectionKind::TransactionTimes, shape.timestamp_ns.saturating_add(1), Order::Ascending)?;
        if len == 0 || digests.len() != len || guarded(|| stamps.get(len - 1))? != u64::from(shape.last) {
            return Err(wrong("the last transaction does not end with the last version"));
        }
        Ok(Some(Self {
            from: shape.version,
            // No time is above the last one.
            first_time_ns: shape.timestamp_ns - guarded(|| times.get(len - 1))?,
            stamps,
            times,
            digests,
            hashes: column(SectionKind::TransactionHashes, 2, Order::Any)?,
            by_digest: column(SectionKind::TransactionsByDigest, len as u64, Order::Any)?,
            node_counts: counts(SectionKind::NodeCounts, shape.nodes)?,
            edge_counts: counts(SectionKind::EdgeCounts, shape.edges)?,
            checkpoints: Checkpoints {
                versions: version(SectionKind::CheckpointVersions)?,
                events: version(SectionKind::CheckpointEvents)?,
                changes: column(SectionKind::CheckpointChanges, u64::MAX, Order::Any)?,
            },
            infos: column(SectionKind::TransactionInfos, known.len() as u64, Order::Ascending)?,
            known,
        }))
    }

    /// Checks that transactions end one after another and that their digests are in order.
    ///
    /// # Panics
    /// Where it is not so, as [`PackedInts::broken`] does.
    pub(super) fn check(&self) {
        let digest = |at: usize| self.digests.get(self.by_digest.get_u32(at) as usize);
        let is_sound = |at: usize| self.stamps.get(at - 1) < self.stamps.get(at) && digest(at - 1) < digest(at);
        if !(1..self.len()).all(is_sound) {
            self.stamps.broken("transactions are not in order");
        }
    }

    /// Returns the bytes on the heap, without what is known of the graph.
    pub fn heap_bytes(&self) -> usize {
        let Self { stamps, times, hashes, by_digest, node_counts, edge_counts, infos, .. } = self;
        let Checkpoints { versions, events, changes } = &self.checkpoints;
        let counts = [node_counts, edge_counts, infos, versions, events, changes];
        let columns = [stamps, times, hashes, by_digest].into_iter().chain(counts);
        self.digests.heap_bytes() + columns.map(|column| column.heap_bytes()).sum::<usize>()
    }
}

/// What had happened since the last checkpoint, by transaction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Checkpoints {
    /// The version that the checkpoint is of.
    pub(crate) versions: PackedInts,
    /// The version of the event that says it.
    pub(crate) events: PackedInts,
    pub(crate) changes: PackedInts,
}

impl Checkpoints {
    fn new(moments: &[TransactionEnd]) -> Self {
        Self {
            versions: PackedInts::of(moments, |moment| moment.checkpoint.version),
            events: PackedInts::of(moments, |moment| moment.checkpoint.event),
            changes: PackedInts::of(moments, |moment| moment.checkpoint.changes),
        }
    }

    fn get(&self, place: usize) -> SinceCheckpoint {
        SinceCheckpoint {
            version: self.versions.get(place),
            event: self.events.get(place),
            changes: self.changes.get(place),
        }
    }
}

/// The ends of transactions since a base, appended by one writer and read by many without locks.
#[derive(Debug, Default)]
pub(super) struct TransactionEnds {
    rows: Arena<Row>,
    known: Arena<Known>,
}

/// What many transactions in a row have in common.
#[derive(Debug, PartialEq, Eq)]
struct Known {
    info: Arc<GraphInfo>,
    /// The version that the last checkpoint is of, and that of the event that says it.
    checkpoint: (u64, u64),
}

/// A [`TransactionEnd`], small.
#[derive(Debug)]
struct Row {
    digest: [u8; 32],
    timestamp_ns: u64,
    stamp: Stamp,
    node_count: u32,
    edge_count: u32,
    known: u32,
    touched: u32,
    /// Changes since the last checkpoint.
    changes: u64,
    hash: HashKind,
}

impl TransactionEnds {
    /// Appends one at a stamp; `touched` is how many entries the generation's list of touched nodes had.
    pub(super) fn push(&self, stamp: Stamp, moment: &TransactionEnd, touched: u32) {
        let count = |elements: usize| u32::try_from(elements).expect("ordinals have 32 bits");
        assert!(
            self.rows.len().checked_sub(1).is_none_or(|last| self.row(last).stamp < stamp),
            "moments come in order"
        );
        let SinceCheckpoint { version, event, changes } = moment.checkpoint;
        let known = Known { info: Arc::clone(&moment.info), checkpoint: (version, event) };
        let last = self.known.len().checked_sub(1).filter(|last| self.known.get(*last) == Some(&known));
        self.rows.push(Row {
            digest: *moment.head.cid.digest(),
            timestamp_ns: moment.timestamp_ns,
            stamp,
            node_count: count(moment.node_count),
            edge_count: count(moment.edge_count),
            known: last.unwrap_or_else(|| self.known.push(known)),
            touched,
            changes,
            hash: moment.head.cid.hash_kind(),
        });
    }

    /// Returns the moment at a place, of a generation on a base of version `from`.
    pub(super) fn get(&self, place: u32, from: u64) -> TransactionEnd {
        let row = self.row(place);
        let Known { info, checkpoint: (version, event) } = self.known.get(row.known).expect("rows name what is there");
        TransactionEnd {
            head: Head { version: from + u64::from(row.stamp), cid: Cid::from_digest(row.hash, row.digest) },
            timestamp_ns: row.timestamp_ns,
            node_count: row.node_count as usize,
            edge_count: row.edge_count as usize,
            checkpoint: SinceCheckpoint { version: *version, event: *event, changes: row.changes },
            info: Arc::clone(info),
        }
    }

    /// Returns how many nodes had been touched at a place.
    pub(super) fn touched(&self, place: u32) -> u32 {
        self.row(place).touched
    }

    /// Returns how many there are.
    pub(super) fn len(&self) -> u32 {
        self.rows.len()
    }

    /// Returns how many there are up to a stamp.
    pub(super) fn len_at(&self, stamp: Stamp) -> u32 {
        self.partition(|row| row.stamp <= stamp)
    }

    /// Returns how many there are up to a time.
    pub(super) fn len_by_time(&self, timestamp_ns: u64) -> u32 {
        self.partition(|row| row.timestamp_ns <= timestamp_ns)
    }

    /// Returns the place of the one that ends with an event, by a look at each, newest first.
    pub(super) fn by_cid(&self, cid: &Cid) -> Option<u32> {
        (0..self.rows.len()).rev().find(|place| {
            let row = self.row(*place);
            row.digest == *cid.digest() && row.hash == cid.hash_kind()
        })
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.rows.heap_bytes() + self.known.heap_bytes()
    }

    fn row(&self, place: u32) -> &Row {
        self.rows.get(place).expect("places lie below the length")
    }

    fn partition(&self, is_before: impl Fn(&Row) -> bool) -> u32 {
        let len = self.rows.len() as usize;
        let place = |place: usize| u32::try_from(place).expect("a place lies below the length");
        place(partition(len, |at| is_before(self.row(place(at)))))
    }
}
