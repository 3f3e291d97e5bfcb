//! `kill-server`: the only server is killed under load and started again.

use tokio::task::block_in_place;
use tokio::time::sleep;

use super::error::DrillError;
use super::load::Load;
use super::plan::DrillPlan;
use super::report::DrillReport;
use super::run::{DrillSurroundings, draw_alive};
use super::stores::StoreTerms;
use crate::nats::{Server, SyncInterval};
use crate::random::Random;

pub(super) async fn kill_server(
    plan: &DrillPlan,
    surroundings: &DrillSurroundings<'_>,
    report: &mut DrillReport,
) -> Result<(), DrillError> {
    let mut server = block_in_place(|| Server::start(SyncInterval::Default))?;
    report.servers = 1;
    let terms = StoreTerms {
        urls: vec![server.url.clone()],
        monitor_urls: vec![server.monitor_url.clone()],
        replicas: 1,
        deadline: plan.deadline,
    };
    let load = Load::start(surroundings.stores, &terms, plan).await?;
    let mut random = Random::new(plan.seed);
    for round in 1..=plan.rounds {
        (surroundings.progress)(&format!("kill {round} of {}", plan.rounds));
        sleep(draw_alive(plan, &mut random)).await;
        let fault = load.begin();
        block_in_place(|| server.restart())?;
        load.end(fault, report).await;
    }
    load.finish(report).await
}
