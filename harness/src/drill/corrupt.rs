//! `corrupt`: files of one server of three are damaged while it does not run; its copy is found out and made good.

use std::sync::Arc;

use cidgraph::{EventStore, StoreError};
use futures::future::try_join_all;
use tokio::task::block_in_place;

use super::error::DrillError;
use super::failover::PATIENCE;
use super::plan::DrillPlan;
use super::report::DrillReport;
use super::run::{DrillSurroundings, terms_of};
use super::stores::{CopyFound, Special};
use super::writer::Writer;
use crate::check::Auditor;
use crate::nats::{Cluster, FileDamage, SERVERS, SyncInterval};
use crate::number;

pub(super) async fn corrupt(
    plan: &DrillPlan,
    surroundings: &DrillSurroundings<'_>,
    report: &mut DrillReport,
) -> Result<(), DrillError> {
    let mut cluster = block_in_place(|| Cluster::start(SyncInterval::Always))?;
    let (stores, terms) = (surroundings.stores, terms_of(&cluster, plan));
    report.servers = number::count(cluster.servers.len());
    let store = match plan.max_bytes {
        None => stores.open(terms.clone()).await?,
        Some(bytes) => stores.open_special(terms.clone(), Special::MaxBytes(bytes)).await?,
    };
    let auditor = Auditor::new();
    report.durability = fill(&store, plan, &auditor).await?;
    for round in 0..number::index(plan.rounds.into()) {
        let damage = FileDamage::ALL[round % FileDamage::ALL.len()];
        (surroundings.progress)(&format!("{} in round {} of {}", damage.name(), round + 1, plan.rounds));
        let victim = block_in_place(|| strike(&mut cluster, stores.stream(), round, damage))?;
        let found = stores.survey(terms.clone()).await?;
        let first = found_in(&found, &victim);
        stores.repair(terms.clone()).await?;
        let after = stores.survey(terms.clone()).await?;
        let is_clean = after.len() == SERVERS && after.iter().all(|copy| copy.bad_events == 0);
        report.demand(is_clean, format!("every copy is whole after the repair ({})", damage.name()));
        let text = format!("{}: only the copy of {victim} is found bad, by its first bad event", damage.name());
        report.demand(first.is_some(), text);
        if let Some((copy, sequence)) = first {
            let there = store.read_all(sequence, 1).await?;
            let named = copy.first_damage.as_ref().is_some_and(|first| {
                there.iter().any(|stored| {
                    (first.aggregate, first.version) == (Some(stored.event.aggregate), Some(stored.event.version))
                })
            });
            let text = format!("{} events of {victim} were bad, the first at sequence {sequence}", copy.bad_events);
            report.demand(named, text);
        }
        report.note_audit(&auditor.compare(store.as_ref()).await?);
    }
    Ok(())
}

/// Appends until there are enough events; returns what an acknowledgement meant.
pub(super) async fn fill(
    store: &Arc<dyn EventStore>,
    plan: &DrillPlan,
    auditor: &Auditor,
) -> Result<String, StoreError> {
    let each = plan.events / plan.writers;
    let write = async |number: u64| {
        let mut writer = Writer::open(store.as_ref(), number, plan.seed).await?;
        let (mut written, mut durability) = (0, String::new());
        while written < each {
            let batch = writer.next_batch();
            durability = store.append(&batch).await?.durability.to_string();
            auditor.acknowledge_append(&batch);
            written += batch.iter().map(|part| number::count(part.events.len())).sum::<u64>();
        }
        Ok::<_, StoreError>(durability)
    };
    Ok(try_join_all((0..plan.writers).map(write)).await?.pop().unwrap_or_default())
}

/// Stops a server, a follower or the leader by turns, damages its first file of events, and starts it again.
fn strike(cluster: &mut Cluster, stream: &str, round: usize, damage: FileDamage) -> Result<String, DrillError> {
    let leader = cluster.wait_until_whole(stream, PATIENCE)?;
    let server = &mut cluster.servers[(leader + 1 + round) % SERVERS];
    server.stop()?;
    server.damage_first_file(stream, damage)?;
    server.restart()?;
    let name = server.name.clone();
    cluster.wait_until_whole(stream, PATIENCE)?;
    Ok(name)
}

/// Returns the one copy that is bad, and where, if it is the damaged server's and names the event.
fn found_in<'a>(found: &'a [CopyFound], victim: &str) -> Option<(&'a CopyFound, u64)> {
    let mut bad = found.iter().filter(|copy| copy.bad_events > 0);
    let first = bad.next().filter(|copy| copy.server == victim)?;
    let sequence = first.first_damage.as_ref()?.sequence?;
    bad.next().is_none().then_some((first, sequence))
}
