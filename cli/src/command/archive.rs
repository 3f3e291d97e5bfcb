//! `cidgraph archive`: a graph's old events into the archive beside the store.

use std::path::PathBuf;

use cidgraph::archive::{ArchiveError, Archived, Covered, archive};
use cidgraph::shelf::{Shelf, ShelfConfig};
use cidgraph::{AggregateId, EventStore, GraphId, Head, Snapshot, StoreError};
use clap::Args;
use serde_json::json;

use super::shelf;
use crate::failure::Failure;
use crate::output::note;
use crate::session::Session;
use crate::store::Fsync;

/// Move a graph's old events from the stream to the archive beside it
///
/// Only what a snapshot covers that holds: the newest kept one, or the one that is named. They are written as compressed
/// CAR files, read back and verified before the stream lets go of them, and are still read as before. Run again after an
/// interruption.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cidgraph snapshot take --store jetstream --graph g --output g.snapshot\n  \
    cidgraph archive --store jetstream --graph g --keep 1000 --snapshot g.snapshot\n  \
    cidgraph archive --store jetstream --graph g --up-to 50000 --snapshots cache\n  \
    cidgraph archive --store jetstream --graph g --keep 1000 --without-snapshot")]
pub struct Arguments {
    /// The graph's name or id; may be left out where there is one graph
    #[arg(long, short, value_name = "GRAPH")]
    pub graph: Option<String>,
    /// Leave the last COUNT events in the stream, or more: transactions are not cut, and nothing goes that the snapshot
    /// does not cover
    #[arg(long, value_name = "COUNT", conflicts_with = "up_to")]
    pub keep: Option<u64>,
    /// Archive the events up to this version, or somewhat fewer; where neither is given, up to the snapshot's version
    #[arg(long, value_name = "VERSION")]
    pub up_to: Option<u64>,
    /// A snapshot of the graph that covers the events, as `snapshot take` writes it, instead of the newest kept one
    #[arg(long, value_name = "FILE", conflicts_with = "without_snapshot")]
    pub snapshot: Option<PathBuf>,
    /// Archive although no snapshot covers the events: opening the graph then reads all of them from the archive
    #[arg(long)]
    pub without_snapshot: bool,
}

/// Runs the subcommand.
///
/// # Errors
/// Where the graph is not there, no snapshot covers the events, the store keeps no archive or fails, or the events do not
/// hold; nothing is lost.
pub fn run(session: &mut Session, arguments: &Arguments) -> Result<(), Failure> {
    // To archive makes no store.
    drop(session.open_to_read()?);
    let store = session.open_to_write(Fsync::Always)?;
    if !store.capabilities().purges {
        return Err(Failure::usage("this store keeps every event: nothing can be archived"));
    }
    let (graph, head) = session.graph(&*store, arguments.graph.as_deref())?;
    let (up_to, covered) = match covering(session, arguments, &*store, graph)? {
        None => (asked(arguments, head.version).ok_or_else(unbounded)?, Covered::Nothing),
        Some(snapshot) => (up_to(arguments, head.version, snapshot.version), Covered::By(snapshot)),
    };
    let archived = session.wait(archive(&*store, AggregateId::from(graph), up_to, covered)).map_err(failure)?;
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

fn asked(arguments: &Arguments, version: u64) -> Option<u64> {
    arguments.up_to.or_else(|| arguments.keep.map(|count| version.saturating_sub(count)))
}

/// Returns up to which version is archived; what is kept may be more than was asked for, where the snapshot is older.
fn up_to(arguments: &Arguments, version: u64, snapshot: u64) -> u64 {
    match asked(arguments, version) {
        None => snapshot,
        Some(up_to) if up_to > snapshot && arguments.up_to.is_none() => {
            note(format_args!("cidgraph: the snapshot covers the events up to version {snapshot}: more are left"));
            snapshot
        }
        Some(up_to) => up_to,
    }
}

fn unbounded() -> Failure {
    Failure::usage("how far to archive is not said: give --keep or --up-to with --without-snapshot")
}

/// Returns the head of the snapshot that covers the events, `None` where the caller does without.
fn covering(
    session: &Session,
    arguments: &Arguments,
    store: &dyn EventStore,
    graph: GraphId,
) -> Result<Option<Head>, Failure> {
    if arguments.without_snapshot {
        return Ok(None);
    }
    if let Some(file) = &arguments.snapshot {
        let snapshot = Snapshot::map(file).map_err(Failure::of_snapshot(file))?;
        snapshot.verify().map_err(Failure::of_snapshot(file))?;
        let info = snapshot.info();
        return match info.head {
            Some(head) if info.graph == graph => Ok(Some(head)),
            Some(_) | None => Err(Failure::usage(format!("{} is no snapshot of this graph", file.display()))),
        };
    }
    newest_snapshot(session, store, graph).map(Some)
}

/// Returns the head of the newest kept snapshot that holds and is of the chain in the store.
fn newest_snapshot(session: &Session, store: &dyn EventStore, graph: GraphId) -> Result<Head, Failure> {
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
            return Ok(head);
        }
    }
    Err(Failure::usage(
        "no snapshot covers the events: write one with `cidgraph snapshot take` and name it with --snapshot, name a folder \
         of kept ones with --snapshots, or give --without-snapshot",
    ))
}

fn failure(error: ArchiveError) -> Failure {
    let reason = error.to_string();
    match error {
        ArchiveError::Store { source } => source.into(),
        ArchiveError::Chain { source } => source.into(),
        ArchiveError::Differs { .. } => StoreError::Unavailable { reason }.into(),
        ArchiveError::Overtaken { .. } => Failure::Overtaken { reason },
        ArchiveError::Foreign { .. } | ArchiveError::Uncovered { .. } => Failure::usage(reason),
    }
}
