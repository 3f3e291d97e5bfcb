//! Contracts of [`GraphEventProcessor`]: graphs kept current in a sink, places kept, what fails left behind.

use std::collections::HashSet;
use std::sync::Arc;

use crate::conformance::{Damaged, Desk, Shelf, graph, reached, removed};
use crate::store::EventStore;
use crate::store::conformance::subject::ensure;
use crate::store::conformance::{Breach, Subject, Verdict};
use crate::subscription::{Following, GraphEventProcessor};

async fn follow(store: &Arc<dyn EventStore>, shelf: &Arc<Shelf>) -> Result<Following, Breach> {
    Ok(GraphEventProcessor::open(Arc::clone(store), Arc::clone(shelf), "shelf").await?.spawn())
}

/// Writes the first events of the graphs 1 to 4.
async fn desk_of_four(subject: &Subject) -> Result<Desk, Breach> {
    let desk = Desk::new(&subject.store);
    for number in 1..=4 {
        desk.create(number).await?;
    }
    Ok(desk)
}

async fn holds_everything(desk: &Desk, shelf: &Shelf) -> Verdict {
    for number in 1..=4 {
        let (kept, written) = (shelf.contents(number), desk.contents(number).await?);
        ensure!(kept == written, "of graph {number} {} events were taken of {}", kept.len(), written.len());
    }
    Ok(())
}

/// The sink gets each transaction of each graph once, whole and in order, and nothing of other aggregates.
pub async fn all_graphs_of_a_store_are_kept_current_and_nothing_else(subject: Subject) -> Verdict {
    let desk = desk_of_four(&subject).await?;
    desk.write_many(1..50).await?;
    let shelf = Arc::new(Shelf::default());
    let mut following = follow(&subject.store, &shelf).await?;
    desk.write_many(50..100).await?;
    reached(&subject, &mut following).await?;
    holds_everything(&desk, &shelf).await?;
    ensure!(shelf.graphs() == 4, "there are {} graphs", shelf.graphs());
    let transactions = shelf.transactions();
    let different: HashSet<_> = transactions.iter().map(|applied| applied.transaction).collect();
    let counts = (transactions.len(), different.len());
    ensure!(counts == (103, 103), "99 commands and 4 creations came as {counts:?} transactions");
    ensure!(following.failures().is_empty(), "{:?}", following.failures());
    following.stop().await?;
    Ok(())
}

/// A processor keeps its place in the store; a sink that lost a graph or holds more than the place says is completed.
pub async fn a_processor_goes_on_where_it_stopped_also_with_a_sink_that_lost_or_gained(subject: Subject) -> Verdict {
    let desk = desk_of_four(&subject).await?;
    let shelf = Arc::new(Shelf::default());
    for round in 0..3_u64 {
        let mut following = follow(&subject.store, &shelf).await?;
        desk.write_many(1 + round * 20..21 + round * 20).await?;
        reached(&subject, &mut following).await?;
        following.stop().await?;
        let (kept, last) = (subject.store.load_position("shelf").await?, subject.store.last_sequence().await?);
        ensure!(kept == Some(last), "after sequence {last} the place {kept:?} is kept");
        shelf.lose(2);
        subject.store.save_position("shelf", round * 7).await?;
    }
    let mut following = follow(&subject.store, &shelf).await?;
    reached(&subject, &mut following).await?;
    ensure!(following.failures().is_empty(), "{:?}", following.failures());
    holds_everything(&desk, &shelf).await
}

/// A graph that the sink refuses is left behind; the others go on.
pub async fn a_graph_that_the_sink_refuses_does_not_stop_the_others(subject: Subject) -> Verdict {
    let desk = desk_of_four(&subject).await?;
    desk.write_many(1..20).await?;
    let shelf = Arc::new(Shelf::refusing(graph(3)));
    let mut following = follow(&subject.store, &shelf).await?;
    reached(&subject, &mut following).await?;
    let failed: Vec<_> = following.failures().iter().map(|(graph, _)| *graph).collect();
    ensure!(failed == [graph(3)], "refused were {failed:?}");
    ensure!(shelf.contents(4) == desk.contents(4).await?, "another graph is not complete");
    ensure!(shelf.contents(3).is_empty(), "of the refused graph something is kept");
    Ok(())
}

/// Of a damaged graph the sink gets the transactions before the damage, which is told.
pub async fn a_damaged_graph_goes_to_the_sink_up_to_the_damage(subject: Subject) -> Verdict {
    let desk = Desk::new(&subject.store);
    desk.create(1).await?;
    for number in 1..=9 {
        desk.write(1, number, vec![removed(number)]).await?;
    }
    let damaged: Arc<dyn EventStore> = Arc::new(Damaged::changing(&subject.store, 5));
    let shelf = Arc::new(Shelf::default());
    let mut following = follow(&damaged, &shelf).await?;
    reached(&subject, &mut following).await?;
    ensure!(shelf.contents(1) == desk.contents(1).await?[..4], "the sink holds {:?}", shelf.contents(1));
    let failures = following.failures();
    let told = failures.first().is_some_and(|(_, error)| error.to_string().contains("version 5"));
    ensure!(told, "the damage is told as {failures:?}");
    Ok(())
}
