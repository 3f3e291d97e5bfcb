//! Prints how fast a writer takes transactions and single events, and how fast it loads them again.
//!
//! `cargo run --release -p cidgraph --example write_rates -- FOLDER`
//!
//! The state behind it is a count, so that the figures are those of deciding, sealing, storing and acknowledging.

#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a program that measures and prints")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use cidgraph::machine::MachineDraft;
use cidgraph::{
    AggregateId, Cid, CommandContext, CommandId, EdgeEntity, EventStore, GraphEvent, GraphId, HashKind, Name,
    NodeEntity, Properties, StateMachineAggregate, Submission, SystemClock, Value, WriterConfig, WriterHandle,
};
use cidgraph_store_memory::{FsyncPolicy, MemoryStore};

const TRANSACTIONS: u64 = 300;
const EVENTS_EACH: u64 = 1000;
const CALLERS: u64 = 64;
const AGGREGATE: AggregateId = AggregateId::from_u64(1);

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Counts the events that it is told to write down.
#[derive(Debug, Clone)]
struct Scribe {
    events: u64,
}

#[derive(Debug, thiserror::Error)]
#[error("never")]
struct Never;

impl StateMachineAggregate for Scribe {
    type Command = GraphEvent;
    type Event = GraphEvent;
    type Rejection = Never;

    fn initial() -> Self {
        Self { events: 0 }
    }

    fn decide(&self, command: &GraphEvent) -> Result<Vec<GraphEvent>, Never> {
        Ok(vec![command.clone()])
    }

    fn apply(&mut self, _: &GraphEvent) {
        self.events += 1;
    }
}

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    let folder = std::env::args().nth(1).ok_or("give a folder for the journals, which is emptied")?;
    drop(std::fs::remove_dir_all(&folder));
    let memory: Arc<dyn EventStore> = Arc::new(MemoryStore::new());
    let blocks_ns = transactions("in memory", &memory).await?;
    let never: Arc<dyn EventStore> = Arc::new(MemoryStore::open(format!("{folder}/never"), FsyncPolicy::Never)?);
    transactions("journalled, no fsync", &never).await?;
    println!("sha-256 alone over the same blocks {:>10.0} events/s", 1e9 / blocks_ns);
    load("in memory", &memory).await?;
    load("journalled", &never).await?;
    let memory: Arc<dyn EventStore> = Arc::new(MemoryStore::new());
    callers("in memory", &memory).await?;
    let always: Arc<dyn EventStore> = Arc::new(MemoryStore::open(format!("{folder}/always"), FsyncPolicy::Always)?);
    callers("journalled, fsync always", &always).await?;
    println!("fdatasync of one page, p50 {:?}", fdatasync(&folder)?);
    Ok(())
}

async fn open(store: &Arc<dyn EventStore>) -> Result<WriterHandle<MachineDraft<Scribe>>, Failure> {
    let (draft, _) = MachineDraft::fresh();
    let clock = Arc::new(SystemClock);
    Ok(cidgraph::writer::open(Arc::clone(store), AGGREGATE, draft, WriterConfig::default(), clock).await?)
}

fn submission(id: u64, commands: Vec<GraphEvent>) -> Submission<GraphEvent> {
    Submission { context: CommandContext::new(CommandId::from_u64(id), "bench"), commands, expected: None }
}

/// Makes event number `number`: one node to five edges.
fn event(number: u64) -> GraphEvent {
    let graph = GraphId::from(AGGREGATE);
    let node = |number: u64| NodeEntity::keyed(graph, "Person", number.cast_signed()).id;
    if number.is_multiple_of(6) {
        return GraphEvent::NodeAdded { node: NodeEntity::keyed(graph, "Person", number.cast_signed()) };
    }
    let weight = [(Name::new_static("weight"), Value::Int(number.cast_signed()))];
    let (source, target) = (node(number / 6), node(number / 7));
    let edge = EdgeEntity { id: None, kind: "knows".into(), source, target, properties: Properties::from_iter(weight) };
    GraphEvent::EdgeConnected { edge }
}

/// Writes the transactions, four callers at once, and returns what hashing their blocks alone costs per event.
async fn transactions(name: &str, store: &Arc<dyn EventStore>) -> Result<f64, Failure> {
    let writer = open(store).await?;
    let submissions = (0..TRANSACTIONS).map(|transaction| {
        let first = transaction * EVENTS_EACH;
        submission(1 + transaction, (first..first + EVENTS_EACH).map(event).collect())
    });
    let submissions: Vec<_> = submissions.collect();
    let start = Instant::now();
    let mut waiting = tokio::task::JoinSet::new();
    for submission in submissions {
        let writer = writer.clone();
        waiting.spawn(async move { writer.submit(submission).await });
    }
    while let Some(answer) = waiting.join_next().await {
        answer??;
    }
    report(&format!("transactions of {EVENTS_EACH}, {name}"), TRANSACTIONS * EVENTS_EACH, start.elapsed());
    let stored = store.read(AGGREGATE, 1, 100_000).await?;
    let start = Instant::now();
    for stored in &stored {
        std::hint::black_box(Cid::of_block(HashKind::Sha2_256, &stored.event.block));
    }
    Ok(start.elapsed().as_nanos() as f64 / stored.len() as f64)
}

async fn load(name: &str, store: &Arc<dyn EventStore>) -> Result<(), Failure> {
    let start = Instant::now();
    let writer = open(store).await?;
    report(&format!("load, {name}"), TRANSACTIONS * EVENTS_EACH, start.elapsed());
    writer.close().await;
    Ok(())
}

async fn callers(name: &str, store: &Arc<dyn EventStore>) -> Result<(), Failure> {
    let writer = open(store).await?;
    let start = Instant::now();
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..CALLERS {
        let writer = writer.clone();
        callers.spawn(async move {
            for number in 0..500 {
                let id = 1 + number * CALLERS + caller;
                writer.submit(submission(id, vec![event(id)])).await?;
            }
            Ok::<(), Failure>(())
        });
    }
    while let Some(answer) = callers.join_next().await {
        answer??;
    }
    report(&format!("{CALLERS} callers, one event each, {name}"), CALLERS * 500, start.elapsed());
    let metrics = writer.metrics();
    println!("    {:.1} events a group", metrics.events as f64 / metrics.groups as f64);
    Ok(())
}

fn fdatasync(folder: &str) -> Result<Duration, Failure> {
    use std::io::Write;
    let mut file = std::fs::File::create(format!("{folder}/page"))?;
    let mut times = Vec::new();
    for _ in 0..500 {
        file.write_all(&[0; 4096])?;
        let start = Instant::now();
        file.sync_data()?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    Ok(times[times.len() / 2])
}

fn report(name: &str, events: u64, took: Duration) {
    println!("{name:<58}{:>10.0} events/s", events as f64 / took.as_secs_f64());
}
