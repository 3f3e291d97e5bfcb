//! `pause`: the leader of three servers is stopped for a while, then the leader and another one, so that no majority is
//! left; callers are answered all the same.

use tokio::task::block_in_place;
use tokio::time::sleep;

use super::error::DrillError;
use super::failover::PATIENCE;
use super::load::Load;
use super::plan::DrillPlan;
use super::report::{DrillReport, seconds};
use super::run::{DrillSurroundings, draw_alive, terms_of};
use crate::nats::{Cluster, NatsError, SERVERS, SyncInterval};
use crate::number;
use crate::random::Random;

/// What a call may take beyond its deadline before it counts as hanging, in seconds: on a busy machine a task waits.
const LATE_SECONDS_MAX: f64 = 1.0;

pub(super) async fn pause(
    plan: &DrillPlan,
    surroundings: &DrillSurroundings<'_>,
    report: &mut DrillReport,
) -> Result<(), DrillError> {
    let cluster = block_in_place(|| Cluster::start(SyncInterval::Default))?;
    let load = Load::start(surroundings.stores, &terms_of(&cluster, plan), plan).await?;
    report.servers = number::count(cluster.servers.len());
    let stream = surroundings.stores.stream();
    let mut random = Random::new(plan.seed);
    for _ in 0..plan.rounds {
        for servers in [1, 2] {
            (surroundings.progress)(&format!("{servers} of {SERVERS} stopped"));
            sleep(draw_alive(plan, &mut random)).await;
            let leader = block_in_place(|| cluster.wait_until_whole(stream, PATIENCE))?;
            let fault = load.begin();
            let stopped = || (leader..leader + servers).map(|place| &cluster.servers[place % SERVERS]);
            stopped().try_for_each(stop)?;
            sleep(plan.paused).await;
            stopped().try_for_each(go_on)?;
            load.end(fault, report).await;
        }
    }
    block_in_place(|| cluster.wait_until_whole(stream, PATIENCE))?;
    load.finish(report).await?;
    let (longest, deadline) = (report.call_seconds_max, seconds(plan.deadline));
    let text = format!("no call takes longer than its deadline of {deadline} s (the longest took {longest} s)");
    report.demand(longest <= deadline + LATE_SECONDS_MAX, text);
    let refused = report.answered_unavailable + report.answered_unknown;
    report.demand(refused > 0, format!("without a majority callers are told ({refused} were)"));
    Ok(())
}

#[cfg(unix)]
fn stop(server: &crate::nats::Server) -> Result<(), NatsError> {
    server.pause()
}

#[cfg(unix)]
fn go_on(server: &crate::nats::Server) -> Result<(), NatsError> {
    server.resume()
}
