//! A run of a drill.

use std::process::Command;
use std::time::Duration;

use super::error::DrillError;
use super::failover::failover;
use super::kill_client::kill_client;
use super::kill_server::kill_server;
use super::plan::{Drill, DrillPlan};
use super::report::{DrillReport, seconds};
use super::stores::{ServerStores, StoreTerms};
use crate::measure::Stopwatch;
use crate::nats::Cluster;
use crate::number;
use crate::random::Random;

/// Makes the command of a process that runs [`write_until_killed`](super::write_until_killed) on the server at an address.
pub type MakeWriter = Box<dyn Fn(&str) -> Command + Send + Sync>;

/// What a drill needs besides servers.
#[expect(missing_debug_implementations, reason = "closures show nothing")]
pub struct DrillSurroundings<'a> {
    /// Where stores come from.
    pub stores: &'a dyn ServerStores,
    /// Makes the process that `kill-client` kills.
    pub writer: MakeWriter,
    /// Is told what happens.
    pub progress: &'a (dyn Fn(&str) + Send + Sync),
}

/// Runs a drill; needs a runtime of several threads.
///
/// # Errors
/// [`DrillError::Nats`] where there is no server, or it cannot be started again; [`DrillError::Store`] where a store
/// cannot be opened or read at the end. What goes wrong with acknowledged events stands in the report.
pub async fn run(plan: &DrillPlan, surroundings: &DrillSurroundings<'_>) -> Result<DrillReport, DrillError> {
    let watch = Stopwatch::start();
    let mut report =
        DrillReport { drill: plan.drill.name().to_owned(), rounds: plan.rounds.into(), ..DrillReport::default() };
    match plan.drill {
        Drill::KillClient => kill_client(plan, surroundings, &mut report).await?,
        Drill::KillServer => kill_server(plan, surroundings, &mut report).await?,
        Drill::Failover => failover(plan, surroundings, &mut report).await?,
        #[cfg(unix)]
        Drill::Pause => super::pause::pause(plan, surroundings, &mut report).await?,
        #[cfg(unix)]
        Drill::Corrupt => super::corrupt::corrupt(plan, surroundings, &mut report).await?,
        #[cfg(unix)]
        Drill::Slow => super::slow::slow(plan, surroundings, &mut report).await?,
        #[cfg(not(unix))]
        Drill::Pause | Drill::Corrupt | Drill::Slow => return Err(DrillError::Unsupported { what: "signals" }),
    }
    report.elapsed_seconds = seconds(watch.read().wall);
    Ok(report)
}

/// Returns what stores on a cluster must be told.
pub(super) fn terms_of(cluster: &Cluster, plan: &DrillPlan) -> StoreTerms {
    StoreTerms {
        urls: cluster.urls(),
        monitor_urls: cluster.monitor_urls(),
        replicas: cluster.servers.len(),
        deadline: plan.deadline,
    }
}

/// Draws how long there is load before the next fault.
pub(super) fn draw_alive(plan: &DrillPlan, random: &mut Random) -> Duration {
    let (least, most) = plan.alive;
    let span = number::nanoseconds(most.saturating_sub(least)).max(1);
    least + Duration::from_nanos(random.below(span))
}
