//! `failover`: the leader of three servers is killed under load, and started again once the others go on.

use std::time::Duration;

use tokio::task::block_in_place;
use tokio::time::sleep;

use super::error::DrillError;
use super::load::Load;
use super::plan::DrillPlan;
use super::report::{DrillReport, seconds};
use super::run::{DrillSurroundings, draw_alive, terms_of};
use crate::nats::{Cluster, SyncInterval};
use crate::number;
use crate::random::Random;

/// How long servers may take to have everything again.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

pub(super) async fn failover(
    plan: &DrillPlan,
    surroundings: &DrillSurroundings<'_>,
    report: &mut DrillReport,
) -> Result<(), DrillError> {
    let mut cluster = block_in_place(|| Cluster::start(SyncInterval::Default))?;
    let load = Load::start(surroundings.stores, &terms_of(&cluster, plan), plan).await?;
    report.servers = number::count(cluster.servers.len());
    let stream = surroundings.stores.stream();
    let mut random = Random::new(plan.seed);
    for round in 1..=plan.rounds {
        (surroundings.progress)(&format!("kill {round} of {}", plan.rounds));
        sleep(draw_alive(plan, &mut random)).await;
        let leader = block_in_place(|| cluster.wait_until_whole(stream, PATIENCE))?;
        let fault = load.begin();
        block_in_place(|| cluster.servers[leader].kill())?;
        load.end(fault, report).await;
        block_in_place(|| cluster.servers[leader].restart())?;
    }
    block_in_place(|| cluster.wait_until_whole(stream, PATIENCE))?;
    load.finish(report).await?;
    judge_reads(plan, report);
    Ok(())
}

/// Events are read from any server, so their reads go on. A head is the leader's to tell: it comes back with the appends.
fn judge_reads(plan: &DrillPlan, report: &mut DrillReport) {
    let (stopped, most) = (report.reads_stopped_for_seconds.unwrap_or_default(), seconds(plan.reads_stop_max));
    let asked = seconds(DrillPlan::new(plan.drill).reads_stop_max);
    let because = if most > asked { format!(", {asked} s on a machine of its own") } else { String::new() };
    let text = format!("reads of events never stop for more than {most} s (they did for {stopped} s{because})");
    report.demand(report.reads_stopped_for_seconds.is_some() && stopped <= most, text);
    let (heads, appends) = (report.heads_stopped_for_seconds.unwrap_or_default(), report.unavailable_for_seconds);
    let text = format!(
        "heads, which only the leader tells, come back within {most} s of the appends (they stopped for {heads} s, appends \
         for {appends} s)"
    );
    report.demand(report.heads_stopped_for_seconds.is_some() && heads <= appends + most, text);
}
