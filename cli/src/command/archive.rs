//! `cidgraph archive`: a graph's old events into the archive beside the store.

use cidgraph::archive::{ArchiveError, Archived, archive};
use cidgraph::{AggregateId, StoreError};
use clap::Args;
use serde_json::json;

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
    #[arg(long, value_name = "COUNT", conflicts_with = "up_to", required_unless_present = "up_to")]
    pub keep: Option<u64>,
    /// Archive the events up to this version, or somewhat fewer
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
    let up_to = arguments.up_to.or(kept).unwrap_or(0);
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

fn failure(error: ArchiveError) -> Failure {
    let reason = error.to_string();
    match error {
        ArchiveError::Store { source } => source.into(),
        ArchiveError::Chain { source } => source.into(),
        ArchiveError::Differs { .. } => StoreError::Unavailable { reason }.into(),
        ArchiveError::Foreign { .. } => Failure::usage(reason),
    }
}
