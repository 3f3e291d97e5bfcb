//! Contracts of what is read: heads, events of one aggregate and of all, the list, positions.

use crate::id::AggregateId;
use crate::store::conformance::subject::{ensure, events_of};
use crate::store::conformance::{Subject, Verdict};

/// A store without events says so.
pub async fn an_empty_store_holds_nothing(subject: Subject) -> Verdict {
    let aggregate = AggregateId::from_u64(1);
    ensure!(subject.store.head(aggregate).await?.is_none(), "a head without events");
    ensure!(subject.store.read(aggregate, 1, 9).await?.is_empty(), "events of an aggregate that has none");
    ensure!(subject.all().await?.is_empty(), "events in an empty store");
    ensure!(subject.store.list().await?.is_empty(), "aggregates in an empty store");
    ensure!(subject.store.last_sequence().await? == 0, "a last sequence in an empty store");
    Ok(())
}

/// A read starts at the version asked for and gives as many events as asked for, fewer only where the aggregate ends.
pub async fn a_read_gives_what_was_asked_for(subject: Subject) -> Verdict {
    let (mut one, mut two) = (subject.stream(1), subject.stream(2));
    let mut events = Vec::new();
    for count in [1, 2, 1, 3] {
        let part = one.append(count);
        subject.append(std::slice::from_ref(&part)).await?;
        subject.append(&[two.append(2)]).await?;
        events.extend(part.events);
    }
    for from in 0..=9 {
        for limit in [0, 1, 2, 3, 7, usize::MAX] {
            let read = subject.store.read(one.aggregate(), from as u64, limit).await?;
            let start = from.max(1).min(events.len() + 1) - 1;
            let expected = &events[start..events.len().min(start.saturating_add(limit))];
            ensure!(events_of(&read) == expected, "read from {from}, limit {limit}: {read:?}");
            let ordered = read.is_sorted_by(|a, b| a.sequence < b.sequence);
            ensure!(ordered, "sequences do not increase in {read:?}");
        }
    }
    Ok(())
}

/// A read of all aggregates gives the events in sequence order, from the sequence asked for on.
pub async fn a_read_of_all_is_in_sequence_order(subject: Subject) -> Verdict {
    let (mut one, mut two) = (subject.stream(1), subject.stream(2));
    let mut expected = Vec::new();
    for _ in 0..4 {
        let batch = [one.append(1), two.append(2)];
        subject.append(&batch).await?;
        expected.extend(batch.into_iter().flat_map(|part| part.events));
    }
    let all = subject.all().await?;
    ensure!(events_of(&all) == expected, "read of all: {all:?}");
    ensure!(all.is_sorted_by(|a, b| a.sequence < b.sequence), "sequences do not increase in {all:?}");
    for (index, stored) in all.iter().enumerate() {
        for limit in [0, 1, 5, usize::MAX] {
            let part = subject.store.read_all(stored.sequence, limit).await?;
            let end = all.len().min(index.saturating_add(limit));
            ensure!(part == all[index..end], "from {}, limit {limit}: {part:?}", stored.sequence);
        }
    }
    let last = subject.store.last_sequence().await?;
    ensure!(subject.store.read_all(last + 1, 9).await?.is_empty(), "events behind the last sequence {last}");
    Ok(())
}

/// The list has every aggregate with its head, ordered by id.
pub async fn the_list_is_ordered_by_id(subject: Subject) -> Verdict {
    let mut expected = Vec::new();
    for number in [5, 300, 2, 70_000, 1] {
        let mut stream = subject.stream(number);
        subject.append(&[stream.append(1)]).await?;
        let part = stream.append(number % 3 + 1);
        subject.append(std::slice::from_ref(&part)).await?;
        expected.push((part.aggregate, part.head()));
    }
    expected.sort_unstable_by_key(|(aggregate, _)| *aggregate);
    let list = subject.store.list().await?;
    ensure!(list == expected, "list {list:?}, expected {expected:?}");
    Ok(())
}

/// A head is the last event, of each aggregate by itself.
pub async fn a_head_is_the_last_event(subject: Subject) -> Verdict {
    let (mut one, mut two) = (subject.stream(1), subject.stream(2));
    for _ in 0..5 {
        let batch = [one.append(2), two.appends(&[1, 2])];
        subject.append(&batch).await?;
        for part in &batch {
            let head = subject.store.head(part.aggregate).await?;
            ensure!(head == Some(part.head()), "head {head:?}, expected {:?}", part.head());
        }
    }
    Ok(())
}

/// A reader's place is kept, each reader's by itself.
pub async fn positions_are_kept_for_each_reader(subject: Subject) -> Verdict {
    let store = &subject.store;
    ensure!(store.load_position("a").await?.is_none(), "a position that was never saved");
    for (reader, sequence) in [("a", 5), ("b/with strange.name *>", 0), ("a", 7), ("a", 3)] {
        store.save_position(reader, sequence).await?;
        let loaded = store.load_position(reader).await?;
        ensure!(loaded == Some(sequence), "{reader:?} was saved at {sequence}, loaded at {loaded:?}");
    }
    let loaded = store.load_position("b/with strange.name *>").await?;
    ensure!(loaded == Some(0), "the other reader is at {loaded:?}");
    Ok(())
}
