//! Verifiers: they keep the last link of each aggregate, so that a caller only hands events over.

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use rayon::prelude::*;

use super::block::OpenedBlock;
use super::verify::{ChainError, Link, verify_block, verify_each, verify_link};
use crate::id::AggregateId;
use crate::store::StoredEvent;

/// Events that one thread checks before it takes more.
const CHUNK: usize = 256;

/// Checks the events of one aggregate, from its first or from a known link on.
#[derive(Debug, Clone)]
pub struct ChainVerifier {
    aggregate: AggregateId,
    tip: Option<Link>,
}

impl ChainVerifier {
    /// Makes a verifier that expects the aggregate's version 1.
    pub const fn new(aggregate: AggregateId) -> Self {
        Self { aggregate, tip: None }
    }

    /// Makes a verifier that expects the event after `tip`.
    pub const fn after(aggregate: AggregateId, tip: Link) -> Self {
        Self { aggregate, tip: Some(tip) }
    }

    /// Returns the last event that held.
    pub const fn tip(&self) -> Option<&Link> {
        self.tip.as_ref()
    }

    /// Returns whether the last event ended its transaction, as a chain that is read to its end must.
    pub const fn is_whole(&self) -> bool {
        match &self.tip {
            Some(tip) => tip.transaction_remaining == 0,
            None => true,
        }
    }

    /// Checks the next event and moves on to it; stays where it is on an error.
    ///
    /// # Errors
    /// As [`verify_block`] and [`verify_link`], or [`ChainError::ChainBroken`] for another aggregate's event.
    pub fn push<'a>(&mut self, stored: &'a StoredEvent) -> Result<OpenedBlock<'a>, ChainError> {
        let (opened, link) = verify_block(&stored.event, Some(stored.sequence))?;
        self.push_verified(stored, link)?;
        Ok(opened)
    }

    /// Checks that an event whose block has been verified comes next, and moves on to it.
    ///
    /// # Errors
    /// As [`verify_link`], or [`ChainError::ChainBroken`] for another aggregate's event.
    pub fn push_verified(&mut self, stored: &StoredEvent, link: Link) -> Result<(), ChainError> {
        if stored.event.aggregate != self.aggregate {
            return Err(ChainError::ChainBroken {
                aggregate: self.aggregate,
                version: link.version,
                sequence: Some(stored.sequence),
                expected: format!("aggregate {}", self.aggregate),
                actual: format!("aggregate {}", stored.event.aggregate),
            });
        }
        verify_link(self.aggregate, self.tip.as_ref(), stored.event.previous, &link, Some(stored.sequence))?;
        self.tip = Some(link);
        Ok(())
    }
}

/// Checks the blocks of many events in parallel, each by itself, and returns the answers in the order of `events`.
pub fn verify_blocks(events: &[StoredEvent]) -> Vec<Result<Link, ChainError>> {
    let check = |events| verify_each(events).map(|verified| verified.map(|(_, link)| link)).collect();
    let chunks: Vec<Vec<_>> = events.par_chunks(CHUNK).map(check).collect();
    chunks.into_iter().flatten().collect()
}

/// Checks a log of any number of aggregates, handed over in order and in pieces of any size; in parallel all but the
/// links between the pieces that the threads took.
///
/// An aggregate that is broken stays broken: its first error is reported, its later events are counted only.
#[derive(Debug, Default)]
pub struct LogVerifier {
    chains: HashMap<AggregateId, Option<ChainVerifier>, FixedState>,
    events: u64,
    held: u64,
}

impl LogVerifier {
    /// Makes a verifier that expects each aggregate from version 1.
    pub fn new() -> Self {
        Self::default()
    }

    /// Checks the next events of the log and returns the first error of each aggregate that they break.
    pub fn push(&mut self, events: &[StoredEvent]) -> Vec<ChainError> {
        self.events += events.len() as u64;
        let runs: Vec<Vec<Run<'_>>> = events.par_chunks(CHUNK).map(Run::all_of).collect();
        runs.into_iter().flatten().filter_map(|run| self.push_run(run).err()).collect()
    }

    /// Goes on behind an event of an aggregate that was verified elsewhere: what comes before it is taken to hold.
    pub fn go_on_after(&mut self, aggregate: AggregateId, tip: Link) {
        self.chains.insert(aggregate, Some(ChainVerifier::after(aggregate, tip)));
    }

    fn push_run(&mut self, run: Run<'_>) -> Result<(), ChainError> {
        let aggregate = run.first.event.aggregate;
        let chain = self.chains.entry(aggregate).or_insert_with(|| Some(ChainVerifier::new(aggregate)));
        let Some(verifier) = chain else { return Ok(()) };
        let version = |verifier: &ChainVerifier| verifier.tip().map_or(0, |tip| tip.version);
        let before = version(verifier);
        let outcome = run.append_to(verifier);
        self.held += version(verifier) - before;
        if outcome.is_err() {
            *chain = None;
        }
        outcome
    }

    /// Returns the number of events handed over.
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// Returns the number of events that held: each aggregate's up to its first error.
    pub const fn held(&self) -> u64 {
        self.held
    }

    /// Returns the number of aggregates seen.
    pub fn aggregates(&self) -> usize {
        self.chains.len()
    }

    /// Returns the aggregate's last event that held; `None` where it is unknown or broken.
    pub fn tip(&self, aggregate: AggregateId) -> Option<&Link> {
        self.chains.get(&aggregate)?.as_ref()?.tip()
    }
}

/// Events of one aggregate that follow each other in the log, checked in themselves.
struct Run<'a> {
    first: &'a StoredEvent,
    /// The links of the first and the last event that held.
    held: Option<(Link, Link)>,
    /// Why the run holds no further.
    error: Option<ChainError>,
}

impl<'a> Run<'a> {
    fn all_of(events: &'a [StoredEvent]) -> Vec<Self> {
        let mut verified = verify_each(events).map(|verified| verified.map(|(_, link)| link));
        let runs = events.chunk_by(|a, b| a.event.aggregate == b.event.aggregate);
        runs.map(|events| Self::of(events, verified.by_ref().take(events.len()))).collect()
    }

    fn of(events: &'a [StoredEvent], verified: impl Iterator<Item = Result<Link, ChainError>>) -> Self {
        let mut run = Self { first: &events[0], held: None, error: None };
        for (stored, link) in events.iter().zip(verified) {
            if run.error.is_none() {
                run.error = link.and_then(|link| run.push(stored, link)).err();
            }
        }
        run
    }

    fn push(&mut self, stored: &StoredEvent, link: Link) -> Result<(), ChainError> {
        let sequence = Some(stored.sequence);
        let Some((_, last)) = &mut self.held else {
            self.held = Some((link, link));
            return Ok(());
        };
        verify_link(stored.event.aggregate, Some(last), stored.event.previous, &link, sequence)?;
        *last = link;
        Ok(())
    }

    fn append_to(self, verifier: &mut ChainVerifier) -> Result<(), ChainError> {
        if let Some((first, last)) = self.held {
            verifier.push_verified(self.first, first)?;
            verifier.tip = Some(last);
        }
        self.error.map_or(Ok(()), Err)
    }
}
