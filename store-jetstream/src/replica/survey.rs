//! All copies read side by side to their end, and where each first differs from what the others have.

use std::collections::HashSet;

use cidgraph::chain::verify_block;
use cidgraph::{AggregateId, Damage, SealedEvent, StoreError, StoredEvent};

use super::archived::Archived;
use super::copy::{CopyReader, Kept};
use super::members::{Members, open_log, stream};
use super::union::Union;
use crate::config::JetStreamConfig;
use crate::log::Log;
use crate::refusals::reason;

/// What was found in one server's copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicaSurvey {
    /// The server's name.
    pub server: String,
    /// Whether it led the stream when the survey started.
    pub leads: bool,
    /// Events that it has as they should be.
    pub events: u64,
    /// Events that it lacks, or has otherwise than they should be.
    pub bad_events: u64,
    /// The first of them, by sequence.
    pub first_damage: Option<Damage>,
    /// Why its copy could not be read to the end: that says nothing of what it has.
    pub unreachable: Option<String>,
}

impl ReplicaSurvey {
    /// Returns whether every event is there as it should be.
    pub const fn is_whole(&self) -> bool {
        self.first_damage.is_none() && self.unreachable.is_none()
    }

    /// Returns whether an event is not there as it should be, as far as the copy was read.
    pub const fn is_broken(&self) -> bool {
        self.first_damage.is_some()
    }
}

/// What was found in all copies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamSurvey {
    /// Each server's copy, the leader's first.
    pub replicas: Vec<ReplicaSurvey>,
    /// Events that at least one copy has.
    pub events: u64,
    /// Their aggregates.
    pub aggregates: u64,
    /// The stream's last sequence when the survey started.
    pub last_sequence: u64,
    /// Sequences that no copy has, between the first and the last that one has: by itself no damage, but where a copy
    /// is damaged events without a successor may have stood there.
    pub vacant_sequences: u64,
    /// The first event of each aggregate that no copy has as it should be, by sequence.
    pub lost: Vec<Damage>,
}

impl StreamSurvey {
    /// Returns whether every copy could be read and is whole.
    pub fn is_clean(&self) -> bool {
        self.lost.is_empty() && self.replicas.iter().all(ReplicaSurvey::is_whole)
    }
}

/// Reads and compares the copies of all servers that keep the stream. Changes nothing; appends go on meanwhile.
///
/// # Errors
/// As [`connect`](crate::JetStreamStore::connect); [`StoreError::Unavailable`] where there is no stream. Damage is no
/// error but the answer.
pub async fn survey_replicas(config: &JetStreamConfig) -> Result<StreamSurvey, StoreError> {
    Ok(survey(&open_log(config).await?, false).await?.0)
}

/// Surveys the stream; returns all events that some copy has, where they are wanted.
pub(crate) async fn survey(log: &Log, keep: bool) -> Result<(StreamSurvey, Vec<StoredEvent>), StoreError> {
    let (info, members) = stream(log).await?;
    let last_sequence = info.state.last_sequence;
    let union = Union::new(keep, Archived::open(log).await?);
    let mut walk = Walk::new(log, &members, last_sequence, union);
    while let Some(sequence) = walk.next_sequence().await {
        walk.step(sequence).await?;
    }
    walk.union.finish();
    let Walk { copies, mut union } = walk;
    let kept = union.kept.take().unwrap_or_default();
    let replicas = copies.into_iter().map(|copy| copy.survey).collect();
    log.consumers.close(&log.connection, &log.name).await;
    let survey = StreamSurvey {
        replicas,
        events: union.events(),
        aggregates: union.aggregates(),
        last_sequence,
        vacant_sequences: union.vacant,
        lost: union.lost,
    };
    Ok((share_losses(survey), kept))
}

/// What no copy has, each copy that was read lacks.
fn share_losses(mut survey: StreamSurvey) -> StreamSurvey {
    let lost = survey.lost.first().cloned();
    for replica in survey.replicas.iter_mut().filter(|replica| replica.unreachable.is_none()) {
        let own = replica.first_damage.take();
        let sequence = |damage: &Damage| damage.sequence.unwrap_or(u64::MAX);
        replica.first_damage = own.into_iter().chain(lost.clone()).min_by_key(sequence);
    }
    survey
}

struct Walk {
    copies: Vec<WalkedCopy>,
    union: Union,
}

struct WalkedCopy {
    reader: CopyReader,
    survey: ReplicaSurvey,
    /// Aggregates of which it has an event so far.
    seen: HashSet<AggregateId, foldhash::fast::RandomState>,
}

/// What a copy has at a sequence.
struct Taken<'a> {
    kept: Option<Kept>,
    copy: &'a mut WalkedCopy,
}

impl Walk {
    fn new(log: &Log, members: &Members, last: u64, union: Union) -> Self {
        let copy = |server: String| WalkedCopy {
            reader: CopyReader::new(log, &server, members.count(), last),
            survey: ReplicaSurvey {
                leads: server == members.leader,
                unreachable: members.is_away(&server).then(|| "the cluster says that it is away".to_owned()),
                server,
                events: 0,
                bad_events: 0,
                first_damage: None,
            },
            seen: HashSet::default(),
        };
        Self { copies: members.names().into_iter().map(copy).collect(), union }
    }

    /// Returns the least sequence at which a copy has a message.
    async fn next_sequence(&mut self) -> Option<u64> {
        let mut least = None;
        for copy in self.copies.iter_mut().filter(|copy| copy.survey.unreachable.is_none()) {
            match copy.reader.next_sequence().await {
                Ok(sequence) => least = least.into_iter().chain(sequence).min(),
                Err(error) => copy.survey.unreachable = Some(reason(error)),
            }
        }
        least
    }

    /// Compares what the copies have at a sequence.
    async fn step(&mut self, sequence: u64) -> Result<(), StoreError> {
        let readable = self.copies.iter_mut().filter(|copy| copy.survey.unreachable.is_none());
        let mut taken: Vec<_> = readable.map(|copy| Taken { kept: copy.reader.take(sequence), copy }).collect();
        let Some(chosen) = choose(&taken) else {
            let damage = unreadable(sequence, &taken);
            taken.iter_mut().for_each(|taken| taken.copy.survey.note(damage.clone()));
            self.union.push_unreadable(damage);
            return Ok(());
        };
        for Taken { kept, copy } in taken {
            match kept {
                Some(Kept::Event(stored)) if stored == chosen => copy.survey.events += 1,
                None if copy.let_go(&chosen, &self.union.archived).await? => continue,
                other => copy.survey.note(difference(&copy.survey.server, &chosen, other.as_ref())),
            }
            copy.seen.insert(chosen.event.aggregate);
        }
        self.union.push(chosen).await
    }
}

impl WalkedCopy {
    /// Returns whether the copy may lack an event because it was archived: another copy may not have let go of it yet, or
    /// have it back after a damage.
    async fn let_go(&self, stored: &StoredEvent, archived: &Archived) -> Result<bool, StoreError> {
        Ok(!self.seen.contains(&stored.event.aggregate) && archived.holds(&stored.event).await?)
    }
}

impl ReplicaSurvey {
    fn note(&mut self, damage: Damage) {
        self.bad_events += 1;
        self.first_damage.get_or_insert(damage);
    }
}

/// Returns the event that the copies should have: where they differ, one whose bytes are what its CID names.
fn choose(taken: &[Taken<'_>]) -> Option<StoredEvent> {
    let events = || {
        taken.iter().filter_map(|taken| if let Some(Kept::Event(stored)) = &taken.kept { Some(stored) } else { None })
    };
    let first = events().next()?;
    if events().all(|other| other == first) {
        return Some(first.clone());
    }
    let sound = events().find(|stored| verify_block(&stored.event, Some(stored.sequence)).is_ok());
    Some(sound.unwrap_or(first).clone())
}

fn unreadable(sequence: u64, taken: &[Taken<'_>]) -> Damage {
    let reasons = taken.iter().filter_map(|taken| match &taken.kept {
        Some(Kept::Unreadable { reason, .. }) => Some(reason.clone()),
        Some(Kept::Event(_)) | None => None,
    });
    let reason = reasons.into_iter().next().unwrap_or_else(|| "a message is missing".to_owned());
    Damage { place: "the stream".to_owned(), sequence: Some(sequence), reason, ..Damage::default() }
}

/// Says how a copy differs from what it should have.
fn difference(server: &str, chosen: &StoredEvent, kept: Option<&Kept>) -> Damage {
    let StoredEvent { sequence, event } = chosen;
    let (actual, reason) = match kept {
        None => (None, "an event is missing".to_owned()),
        Some(Kept::Unreadable { reason, .. }) => (None, reason.clone()),
        Some(Kept::Event(stored)) => {
            (Some(content(&stored.event)), "an event is not the one that another copy has".to_owned())
        }
    };
    Damage {
        place: format!("the copy of server {server}"),
        aggregate: Some(event.aggregate),
        version: Some(event.version),
        sequence: Some(*sequence),
        expected: Some(event.cid.to_string()),
        actual,
        reason,
        ..Damage::default()
    }
}

/// Returns the CID that an event's bytes have.
fn content(event: &SealedEvent) -> String {
    cidgraph::Cid::of_block(event.cid.hash_kind(), &event.block).to_string()
}
