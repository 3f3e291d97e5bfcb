//! What makes a damaged stream whole again, and doing it.
//!
//! A whole copy is never touched before all the others that are needed are whole: a damaged copy is given up only where
//! the leader's, verified to its end, holds everything; and a stream is deleted only when all of it has been verified
//! in a file on the disk.

use std::path::PathBuf;
use std::time::Duration;

use cidgraph::{Cid, SealedEvent, StoreError, StoredEvent};
use tokio::time::sleep;

use super::archived::Archived;
use super::members::open_log;
use super::merge::{Merged, merge};
use super::rebuild::{fill, rebuild, reopen};
use super::resync::{resync, settle};
use super::survey::{ReplicaSurvey, StreamSurvey, survey};
use crate::config::JetStreamConfig;
use crate::log::Log;
use crate::refusals::{invalid, unavailable};

/// Looks at what was repaired, at most.
const LOOKS_MAX: u32 = 10;

/// The pause between two looks.
const LOOK_PAUSE: Duration = Duration::from_millis(500);

/// What a repair may use.
#[derive(Debug, Clone, Default)]
pub struct Repair {
    /// Events from elsewhere: of an export, verified or not.
    pub supplement: Vec<SealedEvent>,
    /// A file that is not there yet, which takes the whole log where the stream must be made anew.
    pub keep: Option<PathBuf>,
}

/// One step of a repair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// A server gives up its copy and takes the leader's.
    Resync {
        /// The server.
        server: String,
    },
    /// Events that follow the stream's last ones are appended.
    Append {
        /// How many.
        events: u64,
    },
    /// The stream is made anew from all copies, its archive and what was given; it holds all events then.
    Rebuild {
        /// Events of the whole log.
        events: u64,
        /// Those of them that no copy has.
        supplied: u64,
        /// Whether all other events keep their sequences; where not, places that readers keep hold no longer.
        sequences_kept: bool,
    },
}

/// What a repair did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repaired {
    /// What was found.
    pub before: StreamSurvey,
    /// What was done, in this order.
    pub remedies: Vec<Remedy>,
    /// What was found then: every copy whole.
    pub after: StreamSurvey,
}

/// Says what is damaged and what a repair would do. Changes nothing.
///
/// # Errors
/// As [`repair`].
pub async fn plan(config: &JetStreamConfig, with: &Repair) -> Result<(StreamSurvey, Vec<Remedy>), StoreError> {
    let plan = Plan::make(&open_log(config).await?, with).await?;
    Ok((plan.found, plan.remedies))
}

/// Makes every server's copy of the stream whole.
///
/// # Errors
/// [`StoreError::Corrupt`] where events are missing that no copy has and that were not given: nothing was changed.
/// [`StoreError::Unavailable`] where a copy cannot be read; [`StoreError::Invalid`] where the stream must be made anew
/// and no file is named to keep it.
pub async fn repair(config: &JetStreamConfig, with: &Repair) -> Result<Repaired, StoreError> {
    let log = &open_log(config).await?;
    reopen(log).await?;
    settle(log).await?;
    let Plan { found: before, mut remedies, appended } = Plan::make(log, with).await?;
    let whole = servers(&before, has_all);
    for remedy in &mut remedies {
        match remedy {
            Remedy::Resync { server } => resync(log, &whole, server).await?,
            Remedy::Append { .. } => fill(log, &appended, before.last_sequence).await?,
            Remedy::Rebuild { events, supplied, sequences_kept } => {
                let file = with.keep.as_ref();
                let needed = || invalid("the stream must be made anew: name a file that keeps the whole log meanwhile");
                let merged = rebuild(log, &with.supplement, file.ok_or_else(needed)?).await?;
                (*events, *supplied) = (merged.events.len() as u64, merged.supplied);
                *sequences_kept = merged.sequences_kept;
            }
        }
    }
    let after = if remedies.is_empty() { before.clone() } else { look_over(log, before.replicas.len()).await? };
    Ok(Repaired { before, remedies, after })
}

/// Surveys what was repaired. A cluster may still tell of fewer copies than it is making, or let none read a new one.
async fn look_over(log: &Log, copies: usize) -> Result<StreamSurvey, StoreError> {
    let mut looks = 1;
    loop {
        settle(log).await?;
        let (found, _) = survey(log, false).await?;
        if found.is_clean() && found.replicas.len() == copies {
            return Ok(found);
        }
        if looks == LOOKS_MAX {
            let damage = found.replicas.into_iter().find_map(|replica| replica.first_damage);
            return Err(match damage {
                Some(damage) => StoreError::Corrupt { damage: Box::new(damage) },
                None => unavailable("not every copy can be read after the repair"),
            });
        }
        looks += 1;
        sleep(LOOK_PAUSE).await;
    }
}

struct Plan {
    found: StreamSurvey,
    remedies: Vec<Remedy>,
    /// Events that follow the stream's last ones.
    appended: Vec<StoredEvent>,
}

impl Plan {
    async fn make(log: &Log, with: &Repair) -> Result<Self, StoreError> {
        let (found, kept) = survey(log, !with.supplement.is_empty()).await?;
        if let Some(reason) = found.replicas.iter().find_map(|replica| replica.unreachable.clone()) {
            return Err(unavailable(format!("every copy must be read before one is touched: {reason}")));
        }
        if found.lost.is_empty() && found.replicas.iter().any(has_all) && with.supplement.is_empty() {
            let remedies = resyncs(&found);
            return Ok(Self { found, remedies, appended: Vec::new() });
        }
        let kept = if with.supplement.is_empty() { survey(log, true).await?.1 } else { kept };
        let kept = Archived::open(log).await?.with(kept).await?;
        Self::of_merged(found, kept, &with.supplement)
    }

    fn of_merged(
        found: StreamSurvey,
        mut kept: Vec<StoredEvent>,
        supplement: &[SealedEvent],
    ) -> Result<Self, StoreError> {
        if found.lost.is_empty() {
            // Chains that hold lack nothing but what comes last, so no vacant sequence is to be filled.
            (1..).zip(&mut kept).for_each(|(sequence, stored)| stored.sequence = sequence);
        }
        let order: Vec<Cid> = kept.iter().map(|stored| stored.event.cid).collect();
        let Merged { mut events, supplied, sequences_kept } = merge(kept, supplement)?;
        let continues = order.iter().eq(events.iter().take(order.len()).map(|stored| &stored.event.cid));
        if !continues || !found.replicas.iter().any(has_all) {
            let remedies = vec![Remedy::Rebuild { events: events.len() as u64, supplied, sequences_kept }];
            return Ok(Self { found, remedies, appended: Vec::new() });
        }
        let mut remedies = resyncs(&found);
        let appended = events.split_off(order.len());
        if !appended.is_empty() {
            remedies.push(Remedy::Append { events: appended.len() as u64 });
        }
        Ok(Self { found, remedies, appended })
    }
}

/// Returns whether a copy has everything that some copy has.
const fn has_all(replica: &ReplicaSurvey) -> bool {
    replica.bad_events == 0 && replica.unreachable.is_none()
}

fn resyncs(found: &StreamSurvey) -> Vec<Remedy> {
    servers(found, |replica| !has_all(replica)).into_iter().map(|server| Remedy::Resync { server }).collect()
}

fn servers(found: &StreamSurvey, which: impl Fn(&ReplicaSurvey) -> bool) -> Vec<String> {
    found.replicas.iter().filter(|replica| which(replica)).map(|replica| replica.server.clone()).collect()
}
