//! The check of a stream of stored events against what was acknowledged.
//!
//! Holds 32 bytes an event for its digest and 16 for its id, and as much again for an acknowledgement.

use std::collections::{HashMap, HashSet};

use cidgraph::chain::{Link, verify_block, verify_link};
use cidgraph::{AggregateId, Cid, EventId, StoredEvent};

use super::audit::{Audit, FaultKind};
use crate::number;

/// Checks events as they come, in the store's order.
#[derive(Debug, Default)]
pub struct StreamCheck {
    chains: HashMap<AggregateId, Chain>,
    last_sequence: u64,
    audit: Audit,
}

/// What was seen of one aggregate.
#[derive(Debug)]
struct Chain {
    /// The version that was seen first: 1, unless the stream was taken up in the middle.
    first: u64,
    cids: Vec<Cid>,
    last: Link,
    events: HashSet<EventId>,
    /// Versions that came before the one below them, with the CID that they name as the previous one.
    unlinked: Vec<(u64, Option<Cid>)>,
}

impl StreamCheck {
    /// Makes a check that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the sequence of the last event seen, 0 where there was none.
    pub const fn last_sequence(&self) -> u64 {
        self.last_sequence
    }

    /// Checks the next event. An aggregate's first event may have any version: the events before it belong to whoever
    /// read up to there.
    pub fn see(&mut self, stored: &StoredEvent) {
        self.audit.stored += 1;
        let event = &stored.event;
        let (aggregate, version) = (event.aggregate, event.version);
        if stored.sequence <= self.last_sequence {
            let detail = format!("sequence {} came after {}", stored.sequence, self.last_sequence);
            self.audit.note(FaultKind::Reordered, aggregate, version, detail);
        }
        self.last_sequence = self.last_sequence.max(stored.sequence);
        match verify_block(event, Some(stored.sequence)) {
            Err(error) => self.audit.note(FaultKind::Broken, aggregate, version, error.to_string()),
            Ok((opened, link)) => self.follow_on(stored, link, opened.header.metadata.event),
        }
    }

    fn follow_on(&mut self, stored: &StoredEvent, link: Link, id: EventId) {
        let event = &stored.event;
        let Some(chain) = self.chains.get_mut(&event.aggregate) else {
            if link.version == 1
                && let Err(error) = verify_link(event.aggregate, None, event.previous, &link, Some(stored.sequence))
            {
                self.audit.note(FaultKind::Broken, event.aggregate, 1, error.to_string());
            }
            let chain = Chain {
                first: link.version,
                cids: vec![link.cid],
                last: link,
                events: HashSet::from([id]),
                unlinked: Vec::new(),
            };
            self.chains.insert(event.aggregate, chain);
            return;
        };
        let expected = chain.last.version + 1;
        if link.version < expected {
            let (kind, detail) = chain.explain_repeat(&link);
            self.audit.note(kind, event.aggregate, link.version, detail);
            return;
        }
        if link.version > expected {
            chain.unlinked.push((link.version, event.previous));
        } else if let Err(error) =
            verify_link(event.aggregate, Some(&chain.last), event.previous, &link, Some(stored.sequence))
        {
            self.audit.note(FaultKind::Broken, event.aggregate, link.version, error.to_string());
        }
        if !chain.events.insert(id) {
            let detail = format!("event {id} was stored at another version too");
            self.audit.note(FaultKind::Duplicated, event.aggregate, link.version, detail);
        }
        chain.push(link);
    }

    /// Ends the check: every acknowledged event must have been seen under its CID. A version that was acknowledged under
    /// two CIDs comes twice.
    pub fn finish(mut self, acknowledged: impl Iterator<Item = (AggregateId, u64, Cid)>) -> Audit {
        let mut acknowledged_gaps = HashSet::new();
        for (aggregate, version, cid) in acknowledged {
            self.audit.acknowledged += 1;
            match self.chains.get(&aggregate).and_then(|chain| chain.cid(version)) {
                Some(seen) if seen == cid => {}
                Some(seen) => {
                    let detail = format!("acknowledged as {cid}, stored as {seen}");
                    self.audit.note(FaultKind::Forked, aggregate, version, detail);
                }
                None => {
                    acknowledged_gaps.insert((aggregate, version));
                    self.audit.note(FaultKind::Lost, aggregate, version, format!("acknowledged as {cid}"));
                }
            }
        }
        self.note_gaps(&acknowledged_gaps);
        self.audit
    }

    /// Notes the versions that never came and were not acknowledged, and the links over gaps that were filled later.
    fn note_gaps(&mut self, acknowledged: &HashSet<(AggregateId, u64)>) {
        for (&aggregate, chain) in &self.chains {
            let versions = (chain.first..).zip(&chain.cids);
            for (version, _) in versions.filter(|(_, cid)| **cid == MISSING) {
                if !acknowledged.contains(&(aggregate, version)) {
                    self.audit.note(FaultKind::Broken, aggregate, version, "the version is missing".to_owned());
                }
            }
            for &(version, previous) in &chain.unlinked {
                let below = chain.cid(version - 1);
                if below.is_some() && below != previous {
                    let detail = "it does not link to the event before".to_owned();
                    self.audit.note(FaultKind::Broken, aggregate, version, detail);
                }
            }
        }
    }
}

impl Chain {
    fn cid(&self, version: u64) -> Option<Cid> {
        let at = version.checked_sub(self.first)?;
        self.cids.get(number::index(at)).copied().filter(|cid| *cid != MISSING)
    }

    /// Adds the next event; versions that were left out stay missing.
    fn push(&mut self, link: Link) {
        let place = number::index(link.version - self.first);
        self.cids.resize(place.min(self.cids.len() + GAP_MAX), MISSING);
        if place == self.cids.len() {
            self.cids.push(link.cid);
        }
        self.last = link;
    }

    fn explain_repeat(&mut self, link: &Link) -> (FaultKind, String) {
        let place = link.version.checked_sub(self.first).map(number::index);
        match place.and_then(|place| self.cids.get_mut(place)) {
            Some(seen) if *seen == link.cid => (FaultKind::Duplicated, format!("{} was stored before", link.cid)),
            Some(seen) if *seen == MISSING => {
                *seen = link.cid;
                (FaultKind::Reordered, format!("came after version {}", self.last.version))
            }
            Some(seen) => (FaultKind::Forked, format!("stored as {seen} and as {}", link.cid)),
            None => (FaultKind::Reordered, format!("came after version {}", self.last.version)),
        }
    }
}

/// Stands for a version that was left out; no block has this CID.
const MISSING: Cid = Cid::from_digest(cidgraph::HashKind::Sha2_256, [0; 32]);

/// Versions that may be left out at once; a wild version must not take all memory.
const GAP_MAX: usize = 1 << 20;
