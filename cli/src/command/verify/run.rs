//! Runs `verify`: the journal by itself, a stream or a graph through the store, a CAR file.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use cidgraph::chain::LogVerifier;
use cidgraph::checkpoint::{CheckpointError, audit_checkpoints};
use cidgraph::{EventStore, GraphId};
use cidgraph_store_memory::{MemoryStore, RecoveryReport, Survey, Verified};
use serde_json::json;

use super::arguments::Arguments;
use super::found::{Found, chain_object, damage_object, print};
use super::replicas::verify_replicas;
use super::stream::{verify_graph, verify_stream};
use crate::command::car::read_events;
use crate::failure::Failure;
use crate::session::Session;
use crate::store::StoreKind;

/// Events of a file that are verified at a time.
const PAGE_EVENTS: usize = 1 << 16;

/// Runs the subcommand.
///
/// # Errors
/// [`Failure::Broken`] where something is broken, after it was printed.
pub fn run(session: &mut Session, arguments: &Arguments) -> Result<(), Failure> {
    session.output.outlive_reader();
    if arguments.each_replica {
        return verify_replicas(session);
    }
    let start = Instant::now();
    let found = match (&arguments.car, arguments.graph.as_deref()) {
        (Some(file), _) => verify_car(file)?,
        (None, name) if name.is_some() || arguments.checkpoints => {
            let (store, left_out) = open(session)?;
            let (graph, head) = session.graph(&*store, name)?;
            let mut found = Found { left_out, ..verify_graph(session, &*store, graph, head)? };
            if arguments.checkpoints && found.broken.is_empty() {
                found.broken.extend(wrong_checkpoint(session, &store, graph)?);
            }
            found
        }
        (None, _) => verify_store(session)?,
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

/// Returns the first checkpoint of a graph whose roots are not those of its events and its state.
fn wrong_checkpoint(
    session: &Session,
    store: &Arc<dyn EventStore>,
    graph: GraphId,
) -> Result<Option<serde_json::Value>, Failure> {
    match session.wait(audit_checkpoints(store, graph)) {
        Ok(_) => Ok(None),
        Err(error @ CheckpointError::WrongRoot { .. }) => Ok(Some(json!({ "reason": error.to_string() }))),
        Err(other) => Err(Failure::Engine(other.into())),
    }
}

fn verify_store(session: &Session) -> Result<Found, Failure> {
    match session.options.store.kind {
        StoreKind::Memory => verify_journal(session.options.store.data_folder()?),
        StoreKind::Jetstream => verify_stream(session, &*session.open_to_read()?),
    }
}

fn verify_journal(folder: &Path) -> Result<Found, Failure> {
    let Survey { intact, broken, left_out } = MemoryStore::survey(folder)?;
    let Verified { events, aggregates, .. } = intact;
    let broken = broken.iter().map(damage_object).collect();
    Ok(Found { events, graphs: aggregates, broken, left_out, ..Found::default() })
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
