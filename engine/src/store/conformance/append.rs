//! Contracts of [`EventStore::append`]: whole or not at all, in order, once.

use std::sync::Arc;

use futures::future::join_all;

use crate::store::conformance::subject::{append, ensure, events_of};
use crate::store::conformance::{Subject, Verdict};
use crate::store::{Durability, Expected, Head, StoreError};

/// What was appended is read back, byte for byte.
pub async fn blocks_are_kept_as_they_are(subject: Subject) -> Verdict {
    let mut stream = subject.stream(1);
    let part = stream.appends(&[1, 3, 2]);
    subject.append(std::slice::from_ref(&part)).await?;
    let read = events_of(&subject.store.read(part.aggregate, 1, 100).await?);
    ensure!(read == part.events, "read {read:?}, appended {:?}", part.events);
    let all = events_of(&subject.all().await?);
    ensure!(all == part.events, "read of all {all:?}, appended {:?}", part.events);
    Ok(())
}

/// Where one aggregate conflicts, nothing of the others is written.
pub async fn an_append_is_applied_to_all_aggregates_or_none(subject: Subject) -> Verdict {
    let (mut one, mut two) = (subject.stream(1), subject.stream(2));
    let mut other = two.fork();
    subject.append(&[two.append(2)]).await?;
    let refused = subject.append(&[one.append(2), other.append(1)]).await;
    ensure!(matches!(refused, Err(StoreError::Conflict { .. })), "expected a conflict, got {refused:?}");
    let head = subject.store.head(one.aggregate()).await?;
    ensure!(head.is_none(), "the aggregate beside the conflict is at {head:?}");
    let last = subject.store.last_sequence().await?;
    let all = subject.all().await?;
    ensure!(all.len() == 2 && all.last().is_some_and(|stored| stored.sequence == last), "kept {all:?}");
    let (mut three, mut four) = (subject.stream(3), subject.stream(4));
    let batch = [four.append(1), three.append(3)];
    subject.append(&batch).await?;
    for part in &batch {
        let read = events_of(&subject.store.read(part.aggregate, 1, 9).await?);
        ensure!(read == part.events, "of a batch that was applied, {} holds {read:?}", part.aggregate);
    }
    Ok(())
}

/// A conflict names the actual head and writes nothing.
pub async fn a_conflict_names_the_actual_head(subject: Subject) -> Verdict {
    let mut stream = subject.stream(1);
    let first = stream.append(2);
    let mut stale = stream.fork();
    subject.append(std::slice::from_ref(&first)).await?;
    subject.append(&[stream.append(1)]).await?;
    let head = subject.store.head(stream.aggregate()).await?;
    let part = stale.append(1);
    for expected in [part.expected, Expected::Empty] {
        let mut fork = subject.stream(1).fork();
        let part = if expected == Expected::Empty { fork.append(1) } else { part.clone() };
        match subject.append(&[part]).await {
            Err(StoreError::Conflict { aggregate, expected: named, actual }) => {
                let right = aggregate == stream.aggregate() && named == expected && actual == head;
                ensure!(right, "{aggregate} expected {named:?} at {actual:?}, but its head is {head:?}");
            }
            other => ensure!(false, "expected a conflict, got {other:?}"),
        }
    }
    let mut absent = subject.stream(2);
    absent.append(1);
    let refused = subject.append(&[absent.append(1)]).await;
    let none = matches!(refused, Err(StoreError::Conflict { actual: None, .. }));
    ensure!(none, "an aggregate without events is expected to have some, got {refused:?}");
    ensure!(subject.all().await?.len() == 3, "a conflict wrote events");
    Ok(())
}

/// Of several conflicts the first in the batch is named.
pub async fn the_first_conflict_of_a_batch_is_named(subject: Subject) -> Verdict {
    let (mut one, mut two, mut three) = (subject.stream(1), subject.stream(2), subject.stream(3));
    let (mut other_one, mut other_two) = (one.fork(), two.fork());
    subject.append(&[one.append(1)]).await?;
    subject.append(&[two.append(1)]).await?;
    let refused = subject.append(&[three.append(1), other_two.append(1), other_one.append(1)]).await;
    let named = matches!(&refused, Err(StoreError::Conflict { aggregate, .. }) if *aggregate == two.aggregate());
    ensure!(named, "expected the conflict of the second aggregate, got {refused:?}");
    Ok(())
}

/// Sequences increase in the order of the batch, and the answer names the first and the last.
pub async fn sequences_increase_in_the_order_of_the_batch(subject: Subject) -> Verdict {
    let (mut one, mut two) = (subject.stream(1), subject.stream(2));
    let mut last = 0;
    for _ in 0..3 {
        let batch = [two.append(2), one.appends(&[1, 2])];
        let appended = subject.append(&batch).await?;
        ensure!(appended.first_sequence > last, "sequence {} after {last}", appended.first_sequence);
        let stored = subject.store.read_all(appended.first_sequence, 5).await?;
        let expected: Vec<_> = batch.iter().flat_map(|part| part.events.clone()).collect();
        ensure!(events_of(&stored) == expected, "from {} on stand {stored:?}", appended.first_sequence);
        let sequences: Vec<u64> = stored.iter().map(|stored| stored.sequence).collect();
        ensure!(sequences.is_sorted_by(|a, b| a < b), "sequences {sequences:?}");
        let ends = (sequences.first().copied(), sequences.last().copied());
        let answered = (Some(appended.first_sequence), Some(appended.last_sequence));
        ensure!(ends == answered, "answered {answered:?}, kept {ends:?}");
        if subject.store.capabilities().gapless_sequences {
            ensure!(appended.first_sequence == last + 1, "a gap before {}", appended.first_sequence);
            ensure!(appended.last_sequence == last + 5, "a gap before {}", appended.last_sequence);
        }
        last = appended.last_sequence;
    }
    Ok(())
}

/// The answer names each aggregate's new head in the order of the batch.
pub async fn the_answer_names_each_new_head(subject: Subject) -> Verdict {
    let (mut one, mut two) = (subject.stream(1), subject.stream(2));
    let batch = [two.append(3), one.append(1)];
    let appended = subject.append(&batch).await?;
    let expected: Vec<_> = batch.iter().map(|part| (part.aggregate, part.head())).collect();
    ensure!(appended.heads == expected, "answered {:?}, expected {expected:?}", appended.heads);
    Ok(())
}

/// Once an append is answered, head, read, list and last sequence show it.
pub async fn an_answered_append_is_seen_by_every_read(subject: Subject) -> Verdict {
    let mut stream = subject.stream(1);
    for _ in 0..20 {
        let part = stream.append(2);
        let appended = subject.append(std::slice::from_ref(&part)).await?;
        let head: Option<Head> = subject.store.head(part.aggregate).await?;
        ensure!(head == Some(part.head()), "head {head:?} after {:?}", part.head());
        let read = subject.store.read(part.aggregate, part.events[0].version, 9).await?;
        ensure!(events_of(&read) == part.events, "read {read:?} after {:?}", part.events);
        let last = subject.store.last_sequence().await?;
        ensure!(last == appended.last_sequence, "last sequence {last} after {appended:?}");
        let list = subject.store.list().await?;
        ensure!(list == [(part.aggregate, part.head())], "list {list:?} after {:?}", part.head());
    }
    Ok(())
}

/// A batch sent again gets its first answer, also when later events follow it, and is kept once.
pub async fn a_batch_sent_again_gets_its_first_answer(subject: Subject) -> Verdict {
    let (mut one, mut two) = (subject.stream(1), subject.stream(2));
    let batch = [one.append(2), two.appends(&[1, 1])];
    let first = subject.append(&batch).await?;
    let again = subject.append(&batch).await;
    ensure!(again.as_ref().ok() == Some(&first), "first {first:?}, then {again:?}");
    let next = [two.append(1), one.append(1)];
    let second = subject.append(&next).await?;
    let again = subject.append(&batch).await;
    ensure!(again.as_ref().ok() == Some(&first), "first {first:?}, after later events {again:?}");
    let again = subject.append(&next).await;
    ensure!(again.as_ref().ok() == Some(&second), "first {second:?}, then {again:?}");
    let all = subject.all().await?;
    ensure!(all.len() == 6, "{} events are kept of 6", all.len());
    Ok(())
}

/// A batch with other bytes than those applied is a conflict, not a repetition.
pub async fn other_bytes_are_not_taken_for_a_repetition(subject: Subject) -> Verdict {
    let mut stream = subject.stream(1);
    let mut other = stream.fork();
    subject.append(&[stream.append(3)]).await?;
    let refused = subject.append(&[other.append(3)]).await;
    ensure!(matches!(refused, Err(StoreError::Conflict { .. })), "expected a conflict, got {refused:?}");
    // Half of it is there, half is not.
    let (mut one, mut two) = (subject.stream(1), subject.stream(2));
    let half = subject.append(&[one.append(3), two.append(1)]).await;
    ensure!(matches!(half, Err(StoreError::Conflict { .. })), "expected a conflict, got {half:?}");
    ensure!(subject.all().await?.len() == 3, "a conflict wrote events");
    Ok(())
}

/// Of writers that expect the same head, exactly one wins.
pub async fn racing_writers_never_fork(subject: Subject) -> Verdict {
    let mut stream = subject.stream(1);
    for _ in 0..8 {
        let mut forks = Vec::new();
        let mut fork = stream.clone();
        for _ in 0..6 {
            fork = fork.fork();
            forks.push(fork.clone());
        }
        let tasks = forks.into_iter().map(|mut fork| {
            let store = Arc::clone(&subject.store);
            tokio::spawn(async move {
                let answer = append(&*store, &[fork.append(2)]).await;
                answer.map(|_| fork)
            })
        });
        let mut winners = Vec::new();
        for answer in join_all(tasks).await {
            match answer.expect("a writer does not panic") {
                Ok(fork) => winners.push(fork),
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        ensure!(winners.len() == 1, "{} writers won", winners.len());
        stream = winners.remove(0);
        let head = subject.store.head(stream.aggregate()).await?;
        ensure!(Expected::from(head) == stream.expected(), "the winner is not the head but {head:?}");
    }
    let read = subject.store.read(stream.aggregate(), 1, 100).await?;
    let versions: Vec<u64> = read.iter().map(|stored| stored.event.version).collect();
    ensure!(versions == (1..=16).collect::<Vec<u64>>(), "versions {versions:?}");
    Ok(())
}

/// Appends at the same time to many aggregates are all kept, each once, in order.
pub async fn concurrent_appends_are_each_kept_once(subject: Subject) -> Verdict {
    let writers = (1..=8).map(|number| {
        let (store, mut stream) = (Arc::clone(&subject.store), subject.stream(number));
        tokio::spawn(async move {
            let mut events = Vec::new();
            for count in 1..=10 {
                let part = stream.append(count);
                append(&*store, std::slice::from_ref(&part)).await?;
                events.extend(part.events);
            }
            Ok::<_, StoreError>((stream.aggregate(), events))
        })
    });
    let mut total = 0;
    for written in join_all(writers).await {
        let (aggregate, events) = written.expect("a writer does not panic")?;
        let read = events_of(&subject.store.read(aggregate, 1, 1000).await?);
        ensure!(read == events, "of {} events of {aggregate} {} are kept", events.len(), read.len());
        total += events.len();
    }
    let kept = subject.all().await?.len();
    ensure!(kept == total, "{kept} events are kept of {total}");
    Ok(())
}

/// Dropping an append leaves all of it or nothing, wherever it was.
pub async fn a_dropped_append_leaves_all_or_nothing(subject: Subject) -> Verdict {
    let (mut one, mut two) = (subject.stream(1), subject.stream(2));
    let mut events = 0;
    for polls in 0..12 {
        let batch = [one.append(2), two.append(1)];
        {
            let mut sending = std::pin::pin!(subject.store.append(&batch));
            for _ in 0..polls {
                if futures::poll!(sending.as_mut()).is_ready() {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        // Whatever became of it, sending it again completes it and does not repeat it.
        subject.append(&batch).await?;
        events += 3;
        let kept = subject.all().await?.len();
        ensure!(kept == events, "{kept} events are kept of {events}");
    }
    Ok(())
}

/// The durability that an answer names is one that the store has.
pub async fn the_durability_is_one_the_store_can_give(subject: Subject) -> Verdict {
    let appended = subject.append(&[subject.stream(1).append(1)]).await?;
    let durable = subject.store.capabilities().durable;
    ensure!(
        durable == (appended.durability > Durability::Memory),
        "a store with durable = {durable} answered {}",
        appended.durability
    );
    Ok(())
}
