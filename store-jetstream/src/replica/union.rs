//! The log that all copies together make up: every event that at least one of them has, verified in order, from what was
//! archived on.

use std::collections::HashMap;

use cidgraph::chain::LogVerifier;
use cidgraph::{AggregateId, ChainError, Damage, StoreError, StoredEvent};

use super::archived::Archived;

/// Events that are verified at a time.
const PAGE_EVENTS: usize = 1 << 14;

/// Ranges of sequences without a message that are remembered.
const HOLES_MAX: usize = 1 << 16;

/// What all copies together say.
#[derive(Debug)]
pub(crate) struct Union {
    pub(crate) archived: Archived,
    verifier: LogVerifier,
    page: Vec<StoredEvent>,
    /// Each aggregate's last version.
    versions: HashMap<AggregateId, u64, foldhash::fast::RandomState>,
    /// Each aggregate's last event: sequence, and events of its transaction that must follow.
    lasts: HashMap<AggregateId, (u64, u64, u32), foldhash::fast::RandomState>,
    last_sequence: u64,
    holes: Vec<(u64, u64)>,
    /// Sequences that no copy has, between the first and the last that one has.
    pub(crate) vacant: u64,
    /// What is bad or missing in every copy.
    pub(crate) lost: Vec<Damage>,
    /// All events, where they are wanted.
    pub(crate) kept: Option<Vec<StoredEvent>>,
}

impl Union {
    /// Keeps all events in memory where `keep` says so.
    pub(crate) fn new(keep: bool, archived: Archived) -> Self {
        Self {
            archived,
            verifier: LogVerifier::new(),
            page: Vec::new(),
            versions: HashMap::default(),
            lasts: HashMap::default(),
            last_sequence: 0,
            holes: Vec::new(),
            vacant: 0,
            lost: Vec::new(),
            kept: keep.then(Vec::new),
        }
    }

    pub(crate) async fn push(&mut self, stored: StoredEvent) -> Result<(), StoreError> {
        self.pass(stored.sequence);
        if let Some(kept) = &mut self.kept {
            kept.push(stored.clone());
        }
        let event = &stored.event;
        let before = self.versions.insert(event.aggregate, event.version).unwrap_or(0);
        if event.version > before + 1 {
            self.go_on_behind_archive(event.aggregate, event.version - 1, before).await?;
        }
        self.page.push(stored);
        if self.page.len() == PAGE_EVENTS {
            self.verify_page();
        }
        Ok(())
    }

    /// Lets an aggregate's next event follow from what is archived, where that is the version before it.
    async fn go_on_behind_archive(
        &mut self,
        aggregate: AggregateId,
        version: u64,
        before: u64,
    ) -> Result<(), StoreError> {
        match self.archived.link(aggregate, version).await {
            Ok(None) => {}
            Ok(Some(link)) => {
                self.verify_page();
                if before == 0 || self.verifier.tip(aggregate).is_some() {
                    self.verifier.go_on_after(aggregate, link);
                }
            }
            Err(StoreError::Corrupt { damage }) => self.lost.push(*damage),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Notes that there is a message that is no event.
    pub(crate) fn push_unreadable(&mut self, damage: Damage) {
        if let Some(sequence) = damage.sequence {
            self.pass(sequence);
        }
        self.lost.push(damage);
    }

    fn pass(&mut self, sequence: u64) {
        assert!(sequence > self.last_sequence, "a log is read in the order of its sequences");
        if self.last_sequence > 0 && sequence > self.last_sequence + 1 {
            self.vacant += sequence - self.last_sequence - 1;
            if self.holes.len() < HOLES_MAX {
                self.holes.push((self.last_sequence + 1, sequence - 1));
            }
        }
        self.last_sequence = sequence;
    }

    fn verify_page(&mut self) {
        let page = std::mem::take(&mut self.page);
        for error in self.verifier.push(&page) {
            let damage = self.damage_of(&error, &page);
            self.lost.push(damage);
        }
        for StoredEvent { sequence, event } in &page {
            self.lasts.insert(event.aggregate, (*sequence, event.version, event.transaction_remaining));
        }
    }

    /// Says where a chain breaks; an event that is missing has the first vacant sequence behind the one before it.
    fn damage_of(&self, error: &ChainError, page: &[StoredEvent]) -> Damage {
        match error {
            ChainError::ChainBroken { aggregate, version, sequence, expected, actual } => Damage {
                place: "the stream".to_owned(),
                aggregate: Some(*aggregate),
                version: Some(*version),
                sequence: *sequence,
                expected: Some(expected.clone()),
                actual: Some(actual.clone()),
                reason: "an event does not follow from the one before it, or is not what its CID names".to_owned(),
                ..Damage::default()
            },
            ChainError::SequenceGap { aggregate, expected, actual } => Damage {
                place: "the stream".to_owned(),
                aggregate: Some(*aggregate),
                version: Some(*expected),
                sequence: self.vacant_sequence(*aggregate, *actual, page),
                actual: Some(format!("version {actual}")),
                reason: "an event is missing, which stood at this sequence or behind it".to_owned(),
                ..Damage::default()
            },
            ChainError::Codec { aggregate, version, cid, source } => Damage {
                place: "the stream".to_owned(),
                aggregate: Some(*aggregate),
                version: Some(*version),
                sequence: sequence_of(page, *aggregate, *version),
                expected: Some(cid.to_string()),
                reason: source.to_string(),
                ..Damage::default()
            },
        }
    }

    fn vacant_sequence(&self, aggregate: AggregateId, found_version: u64, page: &[StoredEvent]) -> Option<u64> {
        let found = sequence_of(page, aggregate, found_version)?;
        let before = page.iter().rev().find(|stored| stored.sequence < found && stored.event.aggregate == aggregate);
        let known = || self.lasts.get(&aggregate).map_or(0, |(sequence, ..)| *sequence);
        let before = before.map_or_else(known, |stored| stored.sequence);
        let hole = self.holes.iter().find(|(_, end)| *end > before)?;
        Some(hole.0.max(before + 1)).filter(|vacant| *vacant < found)
    }

    /// Ends the log: no transaction may be cut.
    pub(crate) fn finish(&mut self) {
        self.verify_page();
        for (aggregate, (sequence, version, remaining)) in &self.lasts {
            if *remaining > 0 && self.verifier.tip(*aggregate).is_some() {
                self.lost.push(Damage {
                    place: "the stream".to_owned(),
                    aggregate: Some(*aggregate),
                    version: Some(version + 1),
                    sequence: Some(sequence + 1),
                    reason: format!("{remaining} more events of the last transaction are missing"),
                    ..Damage::default()
                });
            }
        }
        self.lost.sort_by_key(|damage| damage.sequence.unwrap_or(u64::MAX));
    }

    pub(crate) fn events(&self) -> u64 {
        self.verifier.events()
    }

    pub(crate) fn aggregates(&self) -> u64 {
        self.verifier.aggregates() as u64
    }
}

fn sequence_of(page: &[StoredEvent], aggregate: AggregateId, version: u64) -> Option<u64> {
    let found = page.iter().find(|stored| stored.event.aggregate == aggregate && stored.event.version == version);
    found.map(|stored| stored.sequence)
}
