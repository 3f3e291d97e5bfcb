//! `failover`: the leader of three servers is killed under load, and started again once the others go on.

use std::time::Duration;

use tokio::task::block_in_place;
use tokio::time::sleep;

use super::error::DrillError;
use super::load::Load;
use super::plan::DrillPlan;
use super::report::DrillReport;
use super::run::{DrillSurroundings, draw_alive, terms_of};
use crate::nats::{Cluster, SyncInterval};
use crate::number;
use crate::random::Random;

/// How long servers may take to have everything again.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// Reads of acknowledged events never stop for longer, in seconds.
const READS_STOP_SECONDS_MAX: f64 = 1.0;

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
    let stopped = report.reads_stopped_for_seconds.unwrap_or_default();
    let text = format!("reads never stop for more than {READS_STOP_SECONDS_MAX} s (they did for {stopped} s)");
    report.demand(stopped <= READS_STOP_SECONDS_MAX, text);
    Ok(())
}
