//! Contracts on what [`EventStore::append`](crate::EventStore::append) refuses: batches that are not well-formed are
//! refused as [`StoreError::Malformed`] and write nothing.

use crate::cid::HashKind;
use crate::store::conformance::subject::ensure;
use crate::store::conformance::{SampleStream, Subject, Verdict};
use crate::store::{AggregateAppend, StoreError};

async fn refused(subject: &Subject, what: &str, batch: &[AggregateAppend]) -> Verdict {
    let before = subject.store.last_sequence().await?;
    let answer = subject.append(batch).await;
    ensure!(matches!(answer, Err(StoreError::Malformed { .. })), "{what} was answered {answer:?}");
    let after = subject.store.last_sequence().await?;
    ensure!(before == after, "{what} was refused but moved the last sequence from {before} to {after}");
    Ok(())
}

/// A batch without events is refused.
pub async fn an_empty_batch_is_refused(subject: Subject) -> Verdict {
    refused(&subject, "an empty batch", &[]).await?;
    let mut stream = subject.stream(1);
    let expected = stream.expected();
    let hollow = AggregateAppend { aggregate: stream.aggregate(), expected, events: Vec::new() };
    refused(&subject, "an aggregate without events", std::slice::from_ref(&hollow)).await?;
    refused(&subject, "one aggregate without events", &[subject.stream(2).append(1), hollow]).await?;
    subject.append(&[stream.append(1)]).await?;
    Ok(())
}

/// Versions that are not contiguous are refused.
pub async fn a_gap_in_versions_is_refused(subject: Subject) -> Verdict {
    let mut part = subject.stream(1).appends(&[1, 1, 1]);
    part.events.remove(1);
    refused(&subject, "a gap between events", &[part]).await?;
    let mut part = subject.stream(1).appends(&[1, 1, 1]);
    part.events.remove(0);
    refused(&subject, "a gap after the expected head", &[part]).await?;
    let mut part = subject.stream(1).appends(&[1, 1]);
    part.events.push(part.events[1].clone());
    refused(&subject, "an event twice", &[part]).await?;
    let mut part = subject.stream(1).appends(&[1, 1]);
    part.events.swap(0, 1);
    refused(&subject, "events out of order", &[part]).await
}

/// A transaction of which a part is missing is refused.
pub async fn a_cut_transaction_is_refused(subject: Subject) -> Verdict {
    let mut part = subject.stream(1).appends(&[1, 3]);
    part.events.pop();
    refused(&subject, "a transaction without its end", std::slice::from_ref(&part)).await?;
    part.events.truncate(1);
    subject.append(&[part]).await?;
    Ok(())
}

/// An aggregate that stands in a batch twice is refused.
pub async fn an_aggregate_twice_is_refused(subject: Subject) -> Verdict {
    let mut stream = subject.stream(1);
    let batch = [stream.append(1), subject.stream(2).append(1), stream.append(1)];
    refused(&subject, "an aggregate twice", &batch).await
}

/// An event of another aggregate than its part is refused.
pub async fn an_event_of_another_aggregate_is_refused(subject: Subject) -> Verdict {
    let mut part = subject.stream(1).append(2);
    part.aggregate = subject.stream(2).aggregate();
    refused(&subject, "events of another aggregate", &[part]).await
}

/// An event that does not link to the one before it is refused.
pub async fn an_event_that_does_not_link_is_refused(subject: Subject) -> Verdict {
    let mut stream = subject.stream(1);
    let mut other = stream.fork();
    let mut part = stream.appends(&[1, 1]);
    let foreign = other.appends(&[1, 1]);
    part.events[1] = foreign.events[1].clone();
    refused(&subject, "an event that links to another", &[part]).await?;
    subject.append(&[subject.stream(1).append(1)]).await?;
    let mut stream = subject.stream(1);
    stream.append(1);
    let expected = stream.expected();
    let mut fork = subject.stream(1).fork();
    fork.append(1);
    let part = AggregateAppend { expected, ..fork.append(1) };
    refused(&subject, "an event that links to another than the expected head", &[part]).await
}

/// An event whose CID is taken with another hash function than the store's is refused.
pub async fn another_hash_function_is_refused(subject: Subject) -> Verdict {
    let other = match subject.store.hash_kind() {
        HashKind::Sha2_256 => HashKind::Blake3,
        HashKind::Blake3 => HashKind::Sha2_256,
    };
    refused(&subject, "another hash function", &[SampleStream::new(1, other).append(1)]).await
}
