//! The log in memory: every event in one list, and the places of each aggregate's events in it.

use std::collections::HashMap;
use std::time::Duration;

use cidgraph::chain::{Link, verify_block, verify_link};
use cidgraph::store::batch::{appended, check_batch};
use cidgraph::{
    AggregateAppend, AggregateId, Appended, Capabilities, ChainError, Damage, Durability, HashKind, Head, SealedEvent,
    StoreError, StoredEvent,
};
use parking_lot::{Mutex, RwLock};
use rayon::prelude::*;
use tokio::sync::watch;

use crate::follow::Paged;
use crate::store::Verified;

/// Events of one allocation of the list: growing it never moves the others.
const CHUNK_EVENTS: usize = 4096;

/// What this store can do.
const CAPABILITIES: Capabilities = Capabilities {
    durable: false,
    append_events_max: 1 << 20,
    block_bytes_max: 16 << 20,
    gapless_sequences: true,
    purges: false,
    group_transactions_min: 1,
    deadline: Duration::from_secs(20),
};

/// Events in memory, gone with the process.
#[derive(Debug)]
pub(crate) struct Volatile {
    hash: HashKind,
    state: RwLock<State>,
    committed: watch::Sender<u64>,
    positions: Mutex<HashMap<String, u64>>,
}

#[derive(Debug, Default)]
struct State {
    chunks: Vec<Vec<SealedEvent>>,
    last_sequence: u64,
    streams: HashMap<AggregateId, Stream, foldhash::fast::RandomState>,
}

#[derive(Debug)]
struct Stream {
    head: Head,
    /// The sequence of each version, from version 1.
    sequences: Vec<u64>,
}

impl Volatile {
    pub(crate) fn new(hash: HashKind) -> Self {
        Self { hash, state: RwLock::default(), committed: watch::Sender::new(0), positions: Mutex::default() }
    }

    /// Returns the bytes on the heap, blocks included.
    pub(crate) fn heap_bytes(&self) -> usize {
        let state = self.state.read();
        let chunk = |chunk: &Vec<SealedEvent>| {
            let blocks = chunk.iter().map(|event| event.block.len()).sum::<usize>();
            chunk.capacity() * size_of::<SealedEvent>() + blocks
        };
        let sequences = state.streams.values().map(|stream| stream.sequences.capacity() * size_of::<u64>());
        let streams = state.streams.capacity() * size_of::<(AggregateId, Stream)>();
        state.chunks.iter().map(chunk).sum::<usize>() + sequences.sum::<usize>() + streams
    }

    pub(crate) const fn hash_kind(&self) -> HashKind {
        self.hash
    }

    pub(crate) const fn capabilities(&self) -> Capabilities {
        CAPABILITIES
    }

    pub(crate) fn committed(&self) -> watch::Receiver<u64> {
        self.committed.subscribe()
    }

    pub(crate) fn append(&self, batch: &[AggregateAppend]) -> Result<Appended, StoreError> {
        check_batch(batch, self.hash, &CAPABILITIES)?;
        let mut state = self.state.write();
        if let Some(conflict) = state.conflict(batch) {
            return state.answer_again(batch).ok_or(conflict);
        }
        let first_sequence = state.last_sequence + 1;
        for event in batch.iter().flat_map(|part| &part.events) {
            state.push(event.clone());
        }
        let last_sequence = state.last_sequence;
        drop(state);
        self.committed.send_replace(last_sequence);
        Ok(appended(batch, first_sequence, last_sequence, Durability::Memory))
    }

    pub(crate) fn head(&self, aggregate: AggregateId) -> Option<Head> {
        self.state.read().head(aggregate)
    }

    pub(crate) fn read(&self, aggregate: AggregateId, from_version: u64, limit: usize) -> Vec<StoredEvent> {
        let state = self.state.read();
        let Some(stream) = state.streams.get(&aggregate) else { return Vec::new() };
        let start = index(from_version).min(stream.sequences.len());
        let end = start.saturating_add(limit).min(stream.sequences.len());
        stream.sequences[start..end].iter().map(|sequence| state.stored(*sequence)).collect()
    }

    pub(crate) fn read_all(&self, from_sequence: u64, limit: usize) -> Vec<StoredEvent> {
        let state = self.state.read();
        let from = from_sequence.max(1);
        let after = from.saturating_add(limit as u64).min(state.last_sequence + 1);
        (from..after).map(|sequence| state.stored(sequence)).collect()
    }

    pub(crate) fn list(&self) -> Vec<(AggregateId, Head)> {
        let state = self.state.read();
        let mut heads: Vec<_> = state.streams.iter().map(|(aggregate, stream)| (*aggregate, stream.head)).collect();
        heads.sort_unstable_by_key(|(aggregate, _)| *aggregate);
        heads
    }

    pub(crate) fn last_sequence(&self) -> u64 {
        self.state.read().last_sequence
    }

    /// Checks every event. The events are looked at as they are now; appends wait.
    pub(crate) fn verify(&self) -> Result<Verified, StoreError> {
        let state = self.state.read();
        let links: Vec<Vec<Link>> =
            state.chunks.par_iter().map(|chunk| chunk.iter().map(link_of).collect()).collect::<Result<_, _>>()?;
        let mut lasts: HashMap<AggregateId, Link, foldhash::fast::RandomState> = HashMap::default();
        for (sequence, (event, link)) in (1..).zip(state.chunks.iter().flatten().zip(links.iter().flatten())) {
            let before = lasts.get(&event.aggregate);
            let follows = verify_link(event.aggregate, before, event.previous, link, Some(sequence));
            follows.map_err(|error| damaged(event, &error))?;
            lasts.insert(event.aggregate, *link);
        }
        let bytes = state.chunks.iter().flatten().map(|event| event.block.len() as u64).sum();
        Ok(Verified { events: state.last_sequence, aggregates: lasts.len() as u64, segments: 0, bytes })
    }

    pub(crate) fn save_position(&self, reader: &str, sequence: u64) {
        self.positions.lock().insert(reader.to_owned(), sequence);
    }

    pub(crate) fn load_position(&self, reader: &str) -> Option<u64> {
        self.positions.lock().get(reader).copied()
    }
}

impl Paged for Volatile {
    fn page(&self, from_sequence: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        Ok(self.read_all(from_sequence, limit))
    }
}

impl State {
    fn head(&self, aggregate: AggregateId) -> Option<Head> {
        self.streams.get(&aggregate).map(|stream| stream.head)
    }

    fn conflict(&self, batch: &[AggregateAppend]) -> Option<StoreError> {
        batch.iter().find_map(|part| {
            let actual = self.head(part.aggregate);
            let conflict = StoreError::Conflict { aggregate: part.aggregate, expected: part.expected, actual };
            (!part.expected.holds(actual)).then_some(conflict)
        })
    }

    /// Returns the first answer to a batch whose events are all there already.
    fn answer_again(&self, batch: &[AggregateAppend]) -> Option<Appended> {
        let mut bounds = (u64::MAX, 0);
        for event in batch.iter().flat_map(|part| &part.events) {
            let sequence = *self.streams.get(&event.aggregate)?.sequences.get(index(event.version))?;
            if self.event(sequence).cid != event.cid {
                return None;
            }
            bounds = (bounds.0.min(sequence), bounds.1.max(sequence));
        }
        Some(appended(batch, bounds.0, bounds.1, Durability::Memory))
    }

    fn push(&mut self, event: SealedEvent) {
        self.last_sequence += 1;
        let head = event.head();
        let stream = self.streams.entry(event.aggregate).or_insert_with(|| Stream { head, sequences: Vec::new() });
        stream.head = head;
        stream.sequences.push(self.last_sequence);
        assert_eq!(stream.sequences.len() as u64, head.version, "versions of an aggregate are contiguous from 1");
        if self.chunks.last().is_none_or(|chunk| chunk.len() == CHUNK_EVENTS) {
            self.chunks.push(Vec::with_capacity(CHUNK_EVENTS));
        }
        self.chunks.last_mut().expect("a chunk with room was just made sure of").push(event);
    }

    fn event(&self, sequence: u64) -> &SealedEvent {
        let at = index(sequence);
        &self.chunks[at / CHUNK_EVENTS][at % CHUNK_EVENTS]
    }

    fn stored(&self, sequence: u64) -> StoredEvent {
        StoredEvent { sequence, event: self.event(sequence).clone() }
    }
}

fn link_of(event: &SealedEvent) -> Result<Link, StoreError> {
    verify_block(event, None).map(|(_, link)| link).map_err(|error| damaged(event, &error))
}

fn damaged(event: &SealedEvent, error: &ChainError) -> StoreError {
    let damage = Damage {
        place: "memory".to_owned(),
        aggregate: Some(event.aggregate),
        version: Some(event.version),
        reason: error.to_string(),
        ..Damage::default()
    };
    StoreError::Corrupt { damage: Box::new(damage) }
}

/// Returns the place in a list of what is counted from 1; 0 counts as 1, and what no list holds lies beyond every list.
fn index(number: u64) -> usize {
    usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX)
}
