//! `kill-client`: a process that appends is killed, again and again; the next one goes on where its graphs end.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use cidgraph::{AggregateAppend, AggregateId, Cid, EventStore, StoreError};
use futures::future::try_join_all;
use tokio::task::block_in_place;

use super::error::DrillError;
use super::plan::DrillPlan;
use super::report::DrillReport;
use super::run::{DrillSurroundings, draw_alive};
use super::stores::StoreTerms;
use super::writer::Writer;
use crate::check::Auditor;
use crate::nats::{Server, SyncInterval};
use crate::random::Random;
use crate::section::parse_acknowledgement;

/// How long a writing process may take until something is acknowledged.
const START: Duration = Duration::from_secs(60);

/// How long a process writes where nobody kills it.
const ALIVE_MAX: Duration = Duration::from_secs(120);

/// An acknowledgement that a process told of.
type Told = (AggregateId, u64, Cid);

pub(super) async fn kill_client(
    plan: &DrillPlan,
    surroundings: &DrillSurroundings<'_>,
    report: &mut DrillReport,
) -> Result<(), DrillError> {
    let server = block_in_place(|| Server::start(SyncInterval::Default))?;
    report.servers = 1;
    let terms = StoreTerms {
        urls: vec![server.url.clone()],
        monitor_urls: vec![server.monitor_url.clone()],
        replicas: 1,
        deadline: plan.deadline,
    };
    let store = surroundings.stores.open(terms).await?;
    report.durability = store.durability_of_kept().to_string();
    let auditor = Auditor::new();
    let mut random = Random::new(plan.seed);
    let mut started = 0;
    for round in 1..=plan.rounds {
        (surroundings.progress)(&format!("kill {round} of {}", plan.rounds));
        let alive = draw_alive(plan, &mut random);
        let since = Instant::now();
        let life = block_in_place(|| live(surroundings, &server.url, alive))?;
        if let Some(first) = life.first {
            started += 1;
            report.note_unavailable(first - since);
        }
        life.told.iter().for_each(|&(aggregate, version, cid)| auditor.acknowledge(aggregate, version, cid));
        report.note_audit(&auditor.compare(store.as_ref()).await?);
    }
    report.demand(started == plan.rounds, format!("every start goes on ({started} of {} did)", plan.rounds));
    Ok(())
}

/// What a process did before it was killed.
struct Life {
    /// When the first acknowledgement came.
    first: Option<Instant>,
    told: Vec<Told>,
}

/// Ends a process where the drill ends early.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // It may be gone by itself.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Starts a process, lets it live for a while after its first acknowledgement, kills it, and returns what it told.
fn live(surroundings: &DrillSurroundings<'_>, url: &str, alive: Duration) -> Result<Life, DrillError> {
    let mut command = (surroundings.writer)(url);
    let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut process = Killed(spawned.map_err(|source| DrillError::Writer { source })?);
    let output = process.0.stdout.take().expect("the output is piped");
    let (sender, receiver) = channel();
    let listener = std::thread::spawn(move || listen(output, &sender));
    let first = receiver.recv_timeout(START).ok();
    let at = first.is_some().then(Instant::now);
    std::thread::sleep(alive);
    drop(process);
    listener.join().expect("the listener does not panic");
    Ok(Life { first: at, told: first.into_iter().chain(receiver.try_iter()).collect() })
}

fn listen(output: ChildStdout, sender: &Sender<Told>) {
    let lines = BufReader::new(output).lines().map_while(Result::ok);
    for told in lines.filter_map(|line| parse_acknowledgement(&line)) {
        sender.send(told).expect("the other end waits for this thread");
    }
}

/// Appends to a store from several writers and writes a line to `output` for each event that is acknowledged, until it is
/// killed, the output is closed or two minutes are over.
///
/// # Errors
/// The store's first.
pub async fn write_until_killed(
    store: Arc<dyn EventStore>,
    writers: u64,
    output: &mut (dyn Write + Send),
) -> Result<(), StoreError> {
    let until = Instant::now() + ALIVE_MAX;
    let output = Mutex::new(output);
    let write = async |number: u64| {
        let mut writer = Writer::open(store.as_ref(), number, 42).await?;
        while Instant::now() < until {
            let batch = writer.next_batch();
            store.append(&batch).await?;
            if tell(&output, &batch).is_err() {
                break;
            }
        }
        Ok(())
    };
    try_join_all((0..writers).map(write)).await.map(drop)
}

fn tell(output: &Mutex<&mut (dyn Write + Send)>, batch: &[AggregateAppend]) -> std::io::Result<()> {
    let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
    for event in batch.iter().flat_map(|part| &part.events) {
        writeln!(output, "{} {} {} .", event.aggregate, event.version, event.cid)?;
    }
    output.flush()
}
