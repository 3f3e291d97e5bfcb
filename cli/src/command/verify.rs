//! `cidgraph verify`: every CID and link again.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use cidgraph::chain::LogVerifier;
use cidgraph::{AggregateId, ChainError, Damage, EventStore, StoreError};
use cidgraph_store_memory::{MemoryStore, RecoveryReport, Survey, Verified};
use clap::Args;
use serde_json::{Value as Json, json};

use super::car::read_events;
use crate::failure::Failure;
use crate::session::Session;
use crate::store::StoreKind;

/// Compute every CID again and check every link, in parallel; exit code 2 where something is broken
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cidgraph verify\n  cidgraph verify --graph g --json\n  cidgraph verify --car g.car"
)]
pub struct Arguments {
    /// Only this graph
    #[arg(long, short, value_name = "GRAPH", conflicts_with = "car")]
    pub graph: Option<String>,
    /// A CAR file of events instead of the store
    #[arg(long, value_name = "FILE")]
    pub car: Option<PathBuf>,
}

/// Events read at a time.
const PAGE_EVENTS: usize = 1 << 16;

/// What a check found.
#[derive(Debug, Default)]
struct Found {
    events: u64,
    graphs: u64,
    broken: Vec<Json>,
    left_out: RecoveryReport,
}

/// Runs the subcommand.
///
/// # Errors
/// [`Failure::Broken`] where something is broken, after it was printed.
pub fn run(session: &mut Session, arguments: &Arguments) -> Result<(), Failure> {
    session.output.outlive_reader();
    let start = Instant::now();
    let found = match (&arguments.car, &arguments.graph) {
        (Some(file), _) => verify_car(file)?,
        (None, Some(graph)) => verify_graph(session, graph)?,
        (None, None) => verify_store(session)?,
    };
    let seconds = start.elapsed().as_secs_f64().max(1e-9);
    #[expect(clippy::cast_precision_loss, reason = "a rate is shown to a few digits")]
    let rate = (found.events as f64 / seconds).round();
    print(session, &found, rate)?;
    match found.broken.len() {
        0 => Ok(()),
        broken => Err(Failure::Broken { broken }),
    }
}

fn print(session: &mut Session, found: &Found, rate: f64) -> Result<(), Failure> {
    if session.output.json {
        let object = json!({
            "events": found.events,
            "graphs": found.graphs,
            "events_per_second": rate,
            "broken": found.broken,
            "left_out": { "bytes": found.left_out.bytes_cut, "events": found.left_out.events_cut },
        });
        return Ok(session.output.object(&object)?);
    }
    for broken in &found.broken {
        session.output.line(format_args!("broken: {}", as_text(broken)))?;
    }
    if found.left_out.bytes_cut > 0 {
        session.output.line(format_args!(
            "left out: {} bytes behind the last whole commit ({} events that were never known durable), damaged or \
             being written",
            found.left_out.bytes_cut, found.left_out.events_cut
        ))?;
    }
    session.output.line(format_args!(
        "{} events of {} {} verified, {rate} events/s, {} broken",
        found.events,
        found.graphs,
        if found.graphs == 1 { "graph" } else { "graphs" },
        found.broken.len()
    ))?;
    Ok(())
}

fn as_text(broken: &Json) -> String {
    let fields = broken.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    fields.map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ")
}

fn verify_store(session: &Session) -> Result<Found, Failure> {
    match session.options.store.kind {
        StoreKind::Memory => verify_journal(session.options.store.data_folder()?),
        StoreKind::Jetstream => verify_stream(session),
    }
}

fn verify_journal(folder: &Path) -> Result<Found, Failure> {
    let Survey { intact, broken, left_out } = MemoryStore::survey(folder)?;
    let Verified { events, aggregates, .. } = intact;
    Ok(Found { events, graphs: aggregates, broken: broken.iter().map(damage_object).collect(), left_out })
}

fn verify_stream(session: &Session) -> Result<Found, Failure> {
    let store = session.open_to_read()?;
    let last_sequence = session.wait(store.last_sequence())?;
    let mut verifier = LogVerifier::new();
    let mut found = Found::default();
    let mut next = 1;
    while next <= last_sequence {
        let page = match session.wait(store.read_all(next, PAGE_EVENTS)) {
            Ok(page) => page,
            Err(StoreError::Corrupt { damage }) => {
                found.broken.push(damage_object(&damage));
                break;
            }
            Err(other) => return Err(other.into()),
        };
        let Some(last) = page.last() else { break };
        next = last.sequence + 1;
        found.broken.extend(verifier.push(&page).iter().map(chain_object));
    }
    found.events = verifier.held();
    found.graphs = verifier.aggregates() as u64;
    Ok(found)
}

/// Opens the store to read, with what is no part of it any more.
fn open(session: &Session) -> Result<(Arc<dyn EventStore>, RecoveryReport), Failure> {
    match session.options.store.kind {
        StoreKind::Memory => {
            let store = MemoryStore::open_read_only(session.options.store.data_folder()?)?;
            let left_out = store.recovery();
            Ok((Arc::new(store), left_out))
        }
        StoreKind::Jetstream => Ok((session.open_to_read()?, RecoveryReport::default())),
    }
}

fn verify_graph(session: &Session, name: &str) -> Result<Found, Failure> {
    let (store, left_out) = open(session)?;
    let (graph, head) = session.graph(&*store, Some(name))?;
    let aggregate = AggregateId::from(graph);
    let mut verifier = LogVerifier::new();
    let mut found = Found { graphs: 1, left_out, ..Found::default() };
    while verifier.events() < head.version && found.broken.is_empty() {
        let page = match session.wait(store.read(aggregate, verifier.events() + 1, PAGE_EVENTS)) {
            Ok(page) => page,
            Err(StoreError::Corrupt { damage }) => {
                found.broken.push(damage_object(&damage));
                break;
            }
            Err(other) => return Err(other.into()),
        };
        if page.is_empty() {
            found
                .broken
                .push(json!({ "aggregate": aggregate.to_string(), "expected": format!("version {}", head.version),
                "actual": format!("version {}", verifier.events()) }));
        }
        found.broken.extend(verifier.push(&page).iter().map(chain_object));
    }
    found.events = verifier.held();
    Ok(found)
}

fn verify_car(file: &Path) -> Result<Found, Failure> {
    let mut verifier = LogVerifier::new();
    let mut found = Found::default();
    let mut page = Vec::new();
    for event in read_events(file)? {
        match event {
            Ok(event) => page.push(event),
            Err(Failure::Car { file, source }) => {
                found.broken.push(json!({ "file": file, "reason": source.to_string() }));
            }
            Err(Failure::Damaged { reason }) => found.broken.push(json!({ "reason": reason })),
            Err(Failure::Chain(error)) => found.broken.push(chain_object(&error)),
            Err(other) => return Err(other),
        }
        if page.len() == PAGE_EVENTS {
            found.broken.extend(verifier.push(&page).iter().map(chain_object));
            page.clear();
        }
    }
    found.broken.extend(verifier.push(&page).iter().map(chain_object));
    found.events = verifier.held();
    found.graphs = verifier.aggregates() as u64;
    Ok(found)
}

fn damage_object(damage: &Damage) -> Json {
    json!({
        "file": damage.place,
        "offset": damage.offset,
        "aggregate": damage.aggregate.map(|aggregate| aggregate.to_string()),
        "version": damage.version,
        "sequence": damage.sequence,
        "expected": damage.expected,
        "actual": damage.actual,
        "reason": damage.reason,
    })
}

fn chain_object(error: &ChainError) -> Json {
    let (aggregate, version, sequence, expected, actual) = match error {
        ChainError::ChainBroken { aggregate, version, sequence, expected, actual } => {
            (aggregate, *version, *sequence, expected.clone(), actual.clone())
        }
        ChainError::SequenceGap { aggregate, expected, actual } => {
            (aggregate, *expected, None, format!("version {expected}"), format!("version {actual}"))
        }
        ChainError::Codec { aggregate, version, cid, source } => {
            (aggregate, *version, None, format!("a canonical event under {cid}"), source.to_string())
        }
    };
    json!({
        "aggregate": aggregate.to_string(),
        "version": version,
        "sequence": sequence,
        "expected": expected,
        "actual": actual,
        "reason": error.to_string(),
    })
}
