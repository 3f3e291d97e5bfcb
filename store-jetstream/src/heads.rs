//! The last event of every aggregate, those of many aggregates in one request.
//!
//! A direct get gives the last message of every subject, so of every type of an aggregate's events; the last of those
//! is the aggregate's. The replica that answers may lag: it says up to which sequence it looked, and only an answer that
//! covers all that the leader had when the call began is taken.

use std::collections::BTreeMap;

use cidgraph::{AggregateId, Head, StoreError};
use futures::{StreamExt, TryStreamExt, stream};

use crate::backoff::{Failure, retry};
use crate::log::Log;
use crate::message::aggregate_subjects;
use crate::places::Place;

/// Subjects of one request: half of what the server answers at most, since aggregates get new types meanwhile.
const SUBJECTS_MAX: usize = 512;

/// Requests at the same time.
const REQUESTS_IN_FLIGHT: usize = 4;

/// Heads that are asked for one by one at the same time.
const HEADS_IN_FLIGHT: usize = 64;

/// Returns every aggregate with its head, ordered by id.
pub(crate) async fn heads(log: &Log) -> Result<Vec<(AggregateId, Head)>, StoreError> {
    let last_sequence = log.last_sequence().await?;
    let groups = groups(log.aggregates().await?);
    let heads = stream::iter(groups).map(|group| heads_of(log, group, last_sequence));
    heads.buffered(REQUESTS_IN_FLIGHT).try_concat().await
}

/// Puts aggregates together whose subjects fit into one request.
fn groups(aggregates: BTreeMap<AggregateId, usize>) -> Vec<Vec<AggregateId>> {
    let mut groups: Vec<Vec<AggregateId>> = Vec::new();
    let mut left = 0;
    for (aggregate, subjects) in aggregates {
        match groups.last_mut() {
            Some(group) if subjects <= left => {
                group.push(aggregate);
                left -= subjects;
            }
            Some(_) | None => {
                groups.push(vec![aggregate]);
                left = SUBJECTS_MAX.saturating_sub(subjects);
            }
        }
    }
    groups
}

/// Returns the heads of aggregates that have events, ordered as they are.
async fn heads_of(
    log: &Log,
    group: Vec<AggregateId>,
    last_sequence: u64,
) -> Result<Vec<(AggregateId, Head)>, StoreError> {
    let subjects: Vec<String> = group.iter().copied().map(aggregate_subjects).collect();
    let places = retry(log.deadline, || async {
        let page = log.lasts(&subjects).await?;
        if !page.whole {
            return Ok(None);
        }
        if page.end.is_none_or(|end| end < last_sequence) {
            return Err(Failure::Transient("a replica lags behind its leader".to_owned()));
        }
        let mut places: BTreeMap<AggregateId, Place> = BTreeMap::new();
        for stored in &page.events {
            let place = places.entry(stored.event.aggregate).or_insert_with(|| stored.into());
            if place.sequence < stored.sequence {
                *place = stored.into();
            }
        }
        Ok(Some(places))
    });
    match places.await? {
        Some(places) => Ok(places.into_iter().map(|(aggregate, place)| (aggregate, place.head)).collect()),
        // Blocks that are too large to come together.
        None => heads_one_by_one(log, group).await,
    }
}

/// Returns the heads of aggregates, each read through the leader.
async fn heads_one_by_one(log: &Log, group: Vec<AggregateId>) -> Result<Vec<(AggregateId, Head)>, StoreError> {
    let lasts = stream::iter(group).map(|aggregate| log.last(aggregate, log.deadline));
    let heads = lasts
        .buffered(HEADS_IN_FLIGHT)
        .try_filter_map(|last| async move { Ok(last.map(|stored| (stored.event.aggregate, stored.event.head()))) });
    heads.try_collect().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_has_at_most_so_many_subjects() {
        let check = |subjects: &[usize], expected: &[usize]| {
            let aggregates = (0..).map(AggregateId::from_u64).zip(subjects.iter().copied()).collect();
            let groups: Vec<usize> = groups(aggregates).iter().map(Vec::len).collect();
            assert_eq!(groups, expected);
        };
        check(&[], &[]);
        check(&[1], &[1]);
        check(&[1; SUBJECTS_MAX + 1], &[SUBJECTS_MAX, 1]);
        check(&[SUBJECTS_MAX - 1, 1, 1], &[2, 1]);
        check(&[1, 2 * SUBJECTS_MAX, 1], &[1, 1, 1]);
    }
}
