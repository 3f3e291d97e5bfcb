//! A process killed while it writes: what it had acknowledged must be there when the store is opened again.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use cidgraph::{AggregateId, Cid, Engine};
use futures::StreamExt;
use futures::stream::FuturesUnordered;

use super::context::SectionOutcome;
use super::engine_service::EngineService;
use super::service::{GraphService, ServiceError};
use super::stores::{StoreSource, SyncPolicy};
use super::sustained::prepare;
use crate::check::Auditor;
use crate::measure::Stopwatch;
use crate::number;
use crate::target::Reached;
use crate::workload::{Action, MixedWorkload, MixedWorkloadSpec};

/// Appends under way at once in the process that is killed.
const CALLERS: usize = 32;

/// How long the process writes before it is killed.
const ALIVE: Duration = Duration::from_millis(1500);

/// How long it writes where nobody kills it.
const ALIVE_MAX: Duration = Duration::from_secs(60);

/// Starts `worker`, which runs [`write_until_killed`] on the store in `folder`, kills it with SIGKILL, opens the store
/// again and looks for every event whose acknowledgement the worker had printed.
///
/// # Errors
/// Those of the system, where the worker cannot be started; the store's.
pub async fn crash(
    stores: &dyn StoreSource,
    folder: &Path,
    mut worker: Command,
) -> Result<SectionOutcome, ServiceError> {
    let mut outcome = SectionOutcome::new("recovery");
    let watch = Stopwatch::start();
    let worker = worker.stdout(Stdio::piped()).stdin(Stdio::null()).spawn().map_err(ServiceError::new)?;
    let acknowledged = tokio::task::spawn_blocking(move || listen_and_kill(worker));
    let acknowledged = acknowledged.await.expect("listening does not panic").map_err(ServiceError::new)?;
    let reopening = Stopwatch::start();
    let store = stores.open(folder, SyncPolicy::Always).map_err(ServiceError::new)?;
    let graphs = store.list().await.map_err(ServiceError::new)?;
    let engine = Engine::new(Arc::clone(&store));
    for (graph, _) in &graphs {
        engine.load_graph((*graph).into()).await.map_err(ServiceError::new)?;
    }
    let seconds = reopening.read().wall.as_secs_f64();
    engine.close().await;
    let auditor = Auditor::new();
    acknowledged.iter().for_each(|&(aggregate, version, cid)| auditor.acknowledge(aggregate, version, cid));
    let audit = auditor.compare(store.as_ref()).await.map_err(ServiceError::new)?;
    let faults = audit.lost + audit.duplicated + audit.reordered + audit.forked + audit.broken;
    let reached = Reached { events: audit.stored, ..Reached::default() };
    let conditions = format!(
        "{} acknowledged and fsynced before SIGKILL; open again with {} graphs in {}",
        number::grouped(audit.acknowledged),
        graphs.len(),
        number::duration(seconds * 1e9)
    );
    outcome.measure("crash_lost_events", number::float(faults), reached, conditions);
    outcome.report.notes.push(format!("Audit after SIGKILL: {audit}."));
    outcome.report.lower("reopen_after_kill", "s", seconds, Vec::new());
    Ok(outcome.timed(&watch))
}

fn listen_and_kill(mut worker: Child) -> std::io::Result<Vec<(AggregateId, u64, Cid)>> {
    let output = worker.stdout.take().expect("the output is piped");
    let reader = std::thread::spawn(move || {
        let lines = BufReader::new(output).lines().map_while(Result::ok);
        lines.filter_map(|line| parse_acknowledgement(&line)).collect()
    });
    let kill_at = Instant::now() + ALIVE;
    while Instant::now() < kill_at && worker.try_wait()?.is_none() {
        std::thread::sleep(Duration::from_millis(10));
    }
    worker.kill()?;
    worker.wait()?;
    Ok(reader.join().expect("the reader does not panic"))
}

/// Reads one line of a worker, an acknowledged event; a line that the kill cut off is none.
pub(crate) fn parse_acknowledgement(line: &str) -> Option<(AggregateId, u64, Cid)> {
    let mut words = line.split(' ');
    let parsed = (words.next()?.parse().ok()?, words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    (words.next() == Some(".")).then_some(parsed)
}

/// Appends to the store in `folder` from many callers, each append synced, and writes a line to `output` for each that is
/// acknowledged, until it is killed, the output is closed or a minute is over.
///
/// # Errors
/// The engine's first.
pub async fn write_until_killed(
    stores: &dyn StoreSource,
    folder: &Path,
    output: &mut (dyn Write + Send),
) -> Result<(), ServiceError> {
    let spec = MixedWorkloadSpec {
        graphs: 8,
        zipf_exponent: 0.5,
        nodes: 1000,
        query_share: 0.0,
        conflict_share: 0.0,
        seed: 42,
    };
    let workload = MixedWorkload::new(spec);
    let store = stores.open(folder, SyncPolicy::Always).map_err(ServiceError::new)?;
    let service = EngineService::new(Engine::new(store));
    prepare(&service, &workload).await?;
    let mut under_way = FuturesUnordered::new();
    let give_up = Instant::now() + ALIVE_MAX;
    for number in 0.. {
        let Action::Command { transaction, .. } = workload.operation(number).action else {
            unreachable!("the workload holds commands alone");
        };
        under_way.push(service.apply(transaction));
        if under_way.len() < CALLERS {
            continue;
        }
        let Some(answer) = under_way.next().await else { continue };
        let acknowledged = answer?;
        for (version, cid) in acknowledged.told {
            let told = writeln!(output, "{} {version} {cid} .", acknowledged.aggregate);
            if told.and_then(|()| output.flush()).is_err() || Instant::now() > give_up {
                return Ok(());
            }
        }
    }
    Ok(())
}
