//! `cidgraph archive`: a graph's old events into the archive beside the store.

use cidgraph::archive::{ArchiveError, Archived, archive};
use cidgraph::shelf::{Shelf, ShelfConfig};
use cidgraph::{AggregateId, EventStore, GraphId, Snapshot, StoreError};
use clap::Args;
use serde_json::json;

use super::shelf;
use crate::failure::Failure;
use crate::session::Session;
use crate::store::Fsync;

/// Move a graph's old events from the stream to the archive beside it
///
/// They are written as compressed CAR files, read back and verified before the stream lets go of them, and are still
/// read as before. Run again after an interruption.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cidgraph archive --store jetstream --nats-url nats://127.0.0.1:4222 --graph g --keep 1000\n  \
                  cidgraph archive --store jetstream --graph g --up-to 50000"
)]
pub struct Arguments {
    /// The graph's name or id; may be left out where there is one graph
    #[arg(long, short, value_name = "GRAPH")]
    pub graph: Option<String>,
    /// Leave the last COUNT events in the stream, or somewhat more: transactions are not cut
    #[arg(long, value_name = "COUNT", conflicts_with = "up_to")]
    pub keep: Option<u64>,
    /// Archive the events up to this version, or somewhat fewer; where neither is given, up to the version of the newest
    /// kept snapshot that holds and whose head is the store's event
    #[arg(long, value_name = "VERSION")]
    pub up_to: Option<u64>,
}

/// Runs the subcommand.
///
/// # Errors
/// Where the graph is not there, the store keeps no archive or fails, or the events do not hold; nothing is lost.
pub fn run(session: &mut Session, arguments: &Arguments) -> Result<(), Failure> {
    // To archive makes no store.
    drop(session.open_to_read()?);
    let store = session.open_to_write(Fsync::Always)?;
    let (graph, head) = session.graph(&*store, arguments.graph.as_deref())?;
    let kept = arguments.keep.map(|count| head.version.saturating_sub(count));
    let up_to = match arguments.up_to.or(kept) {
        Some(up_to) => up_to,
        None => newest_snapshot(session, &*store, graph)?,
    };
    let archived = session.wait(archive(&*store, AggregateId::from(graph), up_to)).map_err(failure)?;
    let Archived { last_version, events, block_bytes, segments, stored_bytes } = archived;
    if session.output.json {
        let object = json!({
            "graph": graph.to_string(),
            "archived_to_version": last_version,
            "events": events,
            "block_bytes": block_bytes,
            "segments": segments,
            "stored_bytes": stored_bytes,
        });
        return Ok(session.output.object(&object)?);
    }
    session.output.line(format_args!(
        "archived to version {last_version} of {}: {events} events of {block_bytes} bytes now, {segments} segments of \
         {stored_bytes} bytes put",
        head.version
    ))?;
    Ok(())
}

/// Returns the version of the newest kept snapshot that holds and is of the chain in the store.
fn newest_snapshot(session: &Session, store: &dyn EventStore, graph: GraphId) -> Result<u64, Failure> {
    let folder = session.options.store.snapshot_folder();
    let contents = folder.map(|folder| Shelf::new(ShelfConfig::new(folder)).graph(graph).contents());
    let snapshots = match contents {
        Some(contents) => contents.map_err(shelf::failure)?.snapshots,
        None => Vec::new(),
    };
    for kept in snapshots.iter().rev() {
        let Ok(snapshot) = Snapshot::map(&kept.path).and_then(|snapshot| snapshot.verify().map(|()| snapshot)) else {
            continue;
        };
        let Some(head) = snapshot.info().head else { continue };
        let stored = session.wait(store.read(AggregateId::from(graph), head.version, 1))?;
        if stored.first().is_some_and(|stored| stored.event.cid == head.cid) && snapshot.info().graph == graph {
            return Ok(head.version);
        }
    }
    Err(Failure::usage("no kept snapshot holds: give --keep or --up-to, or take snapshots with --snapshots"))
}

fn failure(error: ArchiveError) -> Failure {
    let reason = error.to_string();
    match error {
        ArchiveError::Store { source } => source.into(),
        ArchiveError::Chain { source } => source.into(),
        ArchiveError::Differs { .. } => StoreError::Unavailable { reason }.into(),
        ArchiveError::Foreign { .. } => Failure::usage(reason),
    }
}
