//! Appends on their way to the writer: encoded by their callers, waiting in order to be taken as a group.

use std::collections::VecDeque;

use cidgraph::car::{push_section, split_section};
use cidgraph::{AggregateAppend, AggregateId, Appended, Cid, Durability, Expected, Head, StoreError};
use tokio::sync::oneshot;

use crate::journal::scan::Run;
use crate::journal::segments::agrees_with_block;

/// Bytes that a CAR section adds to a block, at most: the length and the CID.
const SECTION_OVERHEAD: usize = 9 + 36;

/// Bytes of one append, at most: offsets within a segment have 32 bits.
pub(crate) const APPEND_BYTES_MAX: usize = 1 << 30;

/// Bytes after which a group takes no further append.
const GROUP_BYTES: usize = 8 << 20;

#[derive(Debug, Default)]
pub(crate) struct Queue {
    pub(crate) waiting: VecDeque<Pending>,
    /// The writing thread sleeps until so many appends wait; 0 while it is at work.
    pub(crate) wanted: usize,
    /// Something was written since the last sync.
    pub(crate) unsynced: bool,
    pub(crate) closing: bool,
    /// The writing thread is gone: nothing that comes now would ever be answered.
    pub(crate) abandoned: bool,
}

/// An append in the queue: encoded, not yet judged.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) parts: Vec<Part>,
    pub(crate) sections: Vec<u8>,
    /// Where each event's section starts in `sections`.
    pub(crate) starts: Vec<u32>,
    answer: oneshot::Sender<Result<Appended, StoreError>>,
}

/// One aggregate's part of an append.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) aggregate: AggregateId,
    pub(crate) expected: Expected,
    pub(crate) head: Head,
    pub(crate) events: usize,
}

impl Queue {
    /// Takes the appends of the next group: first those deferred, then those that wait.
    pub(crate) fn take(&mut self, deferred: &mut VecDeque<Pending>) -> Vec<Pending> {
        let mut bytes = 0;
        let mut group = Vec::with_capacity(deferred.len() + self.waiting.len());
        while bytes < GROUP_BYTES {
            let Some(pending) = deferred.pop_front().or_else(|| self.waiting.pop_front()) else { break };
            bytes += pending.sections.len();
            group.push(pending);
        }
        while let Some(pending) = deferred.pop_back() {
            self.waiting.push_front(pending);
        }
        group
    }
}

impl Pending {
    pub(crate) fn encode(
        batch: &[AggregateAppend],
        answer: oneshot::Sender<Result<Appended, StoreError>>,
    ) -> Result<Self, StoreError> {
        let events = || batch.iter().flat_map(|part| &part.events);
        let bytes = events().map(|event| event.block.len() + SECTION_OVERHEAD).sum::<usize>();
        if bytes > APPEND_BYTES_MAX {
            return Err(StoreError::Malformed { reason: "more than 1 GiB in one append".into() });
        }
        let mut sections = Vec::with_capacity(bytes + 256);
        let mut starts = Vec::with_capacity(events().count());
        for event in events() {
            if !agrees_with_block(event) {
                return Err(StoreError::Malformed { reason: "a block says something else than is said of it".into() });
            }
            starts.push(u32::try_from(sections.len()).expect("an append has at most 1 GiB"));
            push_section(&mut sections, &event.cid, &event.block);
        }
        let part = |part: &AggregateAppend| Part {
            aggregate: part.aggregate,
            expected: part.expected,
            head: part.head(),
            events: part.events.len(),
        };
        Ok(Self { parts: batch.iter().map(part).collect(), sections, starts, answer })
    }

    /// Returns the events as runs, their sections standing in the file from `base` on.
    pub(crate) fn runs(&self, base: u32) -> Vec<Run> {
        let mut starts = self.starts.iter().map(|start| base + start);
        let run = |part: &Part| Run {
            aggregate: part.aggregate,
            first_version: part.expected.version() + 1,
            previous: part.expected.cid(),
            head: part.head,
            offsets: starts.by_ref().take(part.events).collect(),
        };
        self.parts.iter().map(run).collect()
    }

    pub(crate) fn cids(&self) -> impl Iterator<Item = Cid> {
        self.starts.iter().map(|start| {
            let section = split_section(&self.sections[*start as usize..]);
            let cid = section.ok().flatten().and_then(|section| Cid::from_bytes(section.cid).ok());
            cid.expect("the section was encoded by this program")
        })
    }

    pub(crate) fn appended(&self, first_sequence: u64, last_sequence: u64, durability: Durability) -> Appended {
        let heads = self.parts.iter().map(|part| (part.aggregate, part.head)).collect();
        Appended { heads, first_sequence, last_sequence, durability }
    }

    /// Answers; a caller that is gone does not want to know.
    pub(crate) fn answer(self, answer: Result<Appended, StoreError>) {
        drop(self.answer.send(answer));
    }
}

pub(crate) fn answer_all(accepted: Vec<Pending>, first_sequence: u64, durability: Durability) {
    let mut sequence = first_sequence;
    for pending in accepted {
        let last = sequence + pending.starts.len() as u64 - 1;
        let appended = pending.appended(sequence, last, durability);
        pending.answer(Ok(appended));
        sequence = last + 1;
    }
}
