//! Getting a group into the store: sending it until its fate is known, or the deadline has passed.

use tokio::time::{Instant, timeout_at};

use crate::aggregate::Draft;
use crate::store::{AggregateAppend, Durability, StoreError};

use super::backoff::Backoff;
use super::group::Group;
use super::submission::Failure;
use super::task::Writer;

/// What became of an append.
pub(super) enum Settled {
    /// The store holds it, and held nothing else before.
    Applied { first_sequence: Option<u64>, durability: Option<Durability> },
    /// The store holds another writer's events instead.
    Overtaken,
    /// It was given up.
    Failed(Failure),
}

/// What stands in the store where a group's events should.
enum Found {
    Ours { first_sequence: u64 },
    Others,
    Nothing,
}

impl<D: Draft> Writer<D> {
    /// Sends the same bytes until the store has taken or refused them, or the deadline has passed.
    pub(super) async fn append(&mut self, batch: &[AggregateAppend], deadline: Instant) -> Settled {
        let mut uncertain = false;
        let mut backoff = self.backoff(deadline);
        loop {
            let patience = deadline.saturating_duration_since(Instant::now());
            let reason = match self.store.append_within(batch, patience).await {
                Ok(appended) => {
                    let (first_sequence, durability) = (Some(appended.first_sequence), Some(appended.durability));
                    return Settled::Applied { first_sequence, durability };
                }
                Err(StoreError::Unavailable { reason }) => reason,
                Err(
                    error @ (StoreError::Conflict { .. } | StoreError::Unknown { .. } | StoreError::Partial { .. }),
                ) => {
                    let conflict = matches!(error, StoreError::Conflict { .. });
                    uncertain |= !conflict;
                    match self.find(batch, deadline).await {
                        Ok(Found::Ours { first_sequence }) => {
                            return Settled::Applied { first_sequence: Some(first_sequence), durability: None };
                        }
                        Ok(Found::Others) => return Settled::Overtaken,
                        Ok(Found::Nothing) if conflict => return Settled::Overtaken,
                        Ok(Found::Nothing) | Err(_) => error.to_string(),
                    }
                }
                Err(
                    error @ (StoreError::Malformed { .. }
                    | StoreError::Corrupt { .. }
                    | StoreError::Refused { .. }
                    | StoreError::Invalid { .. }),
                ) => {
                    return Settled::Failed(if uncertain {
                        Failure::Unknown { reason: error.to_string() }
                    } else {
                        Failure::Store(error)
                    });
                }
            };
            if !backoff.wait().await {
                return Settled::Failed(if uncertain {
                    Failure::Unknown { reason }
                } else {
                    Failure::Unavailable { reason }
                });
            }
            self.counters.resent.add(1);
        }
    }

    /// Checks that refusals rest on the aggregate's present end, as an append would have: another writer may have
    /// changed what they rest on.
    pub(super) async fn confirm(&mut self, group: &Group<D>, deadline: Instant) -> Settled {
        let mut backoff = self.backoff(deadline);
        loop {
            let late = |_| Err(StoreError::Unavailable { reason: "no answer came in time".to_owned() });
            match timeout_at(deadline, self.store.head(self.tip.aggregate)).await.unwrap_or_else(late) {
                Ok(head) if head == group.tip.head => {
                    return Settled::Applied { first_sequence: None, durability: None };
                }
                Ok(_) => return Settled::Overtaken,
                Err(error @ (StoreError::Unavailable { .. } | StoreError::Unknown { .. })) => {
                    if !backoff.wait().await {
                        return Settled::Failed(Failure::Unavailable { reason: error.to_string() });
                    }
                }
                Err(error) => return Settled::Failed(Failure::Store(error)),
            }
        }
    }

    /// Finds out whether the store holds a batch. Its last CID vouches for all of it; the first alone would not: another
    /// writer may have been sent the first command too and have sealed the same bytes.
    async fn find(&mut self, batch: &[AggregateAppend], deadline: Instant) -> Result<Found, StoreError> {
        let late = |_| Err(StoreError::Unavailable { reason: "no answer came in time".to_owned() });
        timeout_at(deadline, self.look(batch)).await.unwrap_or_else(late)
    }

    async fn look(&mut self, batch: &[AggregateAppend]) -> Result<Found, StoreError> {
        let events = &batch[0].events;
        let last = &events[events.len() - 1];
        let first = self.store.read(last.aggregate, events[0].version, 1).await?.pop();
        let Some(first) = first else { return Ok(Found::Nothing) };
        let found = self.store.read(last.aggregate, last.version, 1).await?.pop();
        let ours = found.is_some_and(|found| found.event.cid == last.cid);
        Ok(if ours { Found::Ours { first_sequence: first.sequence } } else { Found::Others })
    }

    pub(super) fn backoff(&self, deadline: Instant) -> Backoff {
        let aggregate = self.tip.aggregate.as_bytes();
        let id = u64::from_le_bytes(aggregate[8..].try_into().expect("eight of sixteen bytes"));
        Backoff::new(&self.config, deadline, id ^ self.tip.version())
    }
}
