//! Contracts of [`EventStore::follow`](crate::EventStore::follow): what there is, then what comes, no gap, no repeat.

use std::sync::Arc;

use crate::store::conformance::subject::{append, ensure, events_of};
use crate::store::conformance::{Breach, Sample, Subject, Verdict};
use crate::store::{StoreError, StreamFilter};

/// A follower gets the events there are, then those that come.
pub async fn a_follower_catches_up_then_stays_live(subject: Subject) -> Verdict {
    let mut stream = subject.stream(1);
    let before = stream.appends(&[1, 3]);
    subject.append(std::slice::from_ref(&before)).await?;
    let mut following = subject.follow(0, StreamFilter::All).await?;
    let events = following.next(4).await?;
    ensure!(events_of(&events) == before.events, "caught up with {events:?}");
    for _ in 0..3 {
        let part = stream.append(2);
        subject.append(std::slice::from_ref(&part)).await?;
        let events = following.next(2).await?;
        ensure!(events_of(&events) == part.events, "then came {events:?}");
    }
    Ok(())
}

/// Followers that start at any time while writers append see every event once, in sequence order.
pub async fn a_follower_sees_no_gap_and_no_repeat(subject: Subject) -> Verdict {
    const WRITERS: u64 = 4;
    const ROUNDS: u64 = 40;
    const EVENTS: usize = 2 * 4 * 40;
    let writers: Vec<_> = (1..=WRITERS)
        .map(|number| {
            let (store, mut stream) = (Arc::clone(&subject.store), subject.stream(number));
            tokio::spawn(async move {
                for _ in 0..ROUNDS {
                    append(&*store, &[stream.append(2)]).await?;
                    tokio::task::yield_now().await;
                }
                Ok::<_, StoreError>(())
            })
        })
        .collect();
    let mut followed = Vec::new();
    for _ in 0..6 {
        let mut following = subject.follow(1, StreamFilter::All).await?;
        followed.push(tokio::spawn(async move { following.next(EVENTS).await }));
        tokio::task::yield_now().await;
    }
    for writer in writers {
        writer.await.expect("a writer does not panic")?;
    }
    let all = subject.all().await?;
    for events in followed {
        let events = events.await.expect("a follower does not panic")?;
        let differs = all.iter().zip(&events).find(|(kept, seen)| kept != seen);
        ensure!(differs.is_none(), "kept and seen differ: {differs:?}");
    }
    ensure!(all.len() == EVENTS, "{} events are kept of {EVENTS}", all.len());
    Ok(())
}

/// A follower starts at the sequence asked for, also where that is still to come.
pub async fn a_follower_starts_where_it_was_asked_to(subject: Subject) -> Verdict {
    let mut stream = subject.stream(1);
    let first = subject.append(&[stream.append(3)]).await?;
    let all = subject.all().await?;
    ensure!(all.len() == 3, "{} events are kept of 3", all.len());
    let mut from_second = subject.follow(all[1].sequence, StreamFilter::All).await?;
    let mut from_next = subject.follow(first.last_sequence + 1, StreamFilter::All).await?;
    let part = stream.append(2);
    subject.append(std::slice::from_ref(&part)).await?;
    let all = subject.all().await?;
    ensure!(all.len() == 5, "{} events are kept of 5", all.len());
    let events = from_second.next(4).await?;
    ensure!(events == all[1..], "from the second on came {events:?}");
    let events = from_next.next(2).await?;
    ensure!(events == all[3..], "from the next on came {events:?}");
    Ok(())
}

/// A follower gets exactly the events that pass its filter.
pub async fn a_follower_gets_what_passes_its_filter(subject: Subject) -> Verdict {
    let (mut one, mut two) = (subject.stream(1), subject.stream(2));
    let filters = [StreamFilter::Aggregate(two.aggregate()), StreamFilter::EventType(Sample::ENDED.into())];
    let mut following = Vec::new();
    for filter in filters {
        following.push((filter.clone(), subject.follow(0, filter).await?));
    }
    for _ in 0..4 {
        subject.append(&[one.append(3), two.append(2)]).await?;
    }
    let all = subject.all().await?;
    for (filter, mut following) in following {
        let expected: Vec<_> = all.iter().filter(|stored| filter.matches(&stored.event)).cloned().collect();
        let events = following.next(expected.len()).await?;
        let right = events == expected;
        if !right {
            return Err(Breach(format!("{filter:?} gave {events:?}, expected {expected:?}")));
        }
    }
    Ok(())
}
