//! `cidgraph check-proof`: what a proof file shows, without any store.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use cidgraph::Cid;
use cidgraph::proof::{Derivation, PROOF_BYTES_MAX, Proven, check};
use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use super::car::read_events;
use crate::failure::Failure;
use crate::json::{node_object, write_properties};
use crate::output::Table;
use crate::session::Session;

/// Check a proof against the CID of the graph's last event, and print what it shows
///
/// Needs neither store nor network. With --replay the node and the checkpoint are also derived again from the graph's
/// events.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cidgraph check-proof alice.proof --head bafyreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku\n  \
    cidgraph check-proof alice.proof --head bafy… --replay graph.car")]
pub struct Arguments {
    /// The proof
    pub file: PathBuf,
    /// The CID of the graph's last event when the proof was made, from somebody who is trusted
    #[arg(long, value_name = "CID")]
    pub head: Cid,
    /// A CAR file of the graph's events from the first one on, as `export car` writes it
    #[arg(long, value_name = "FILE")]
    pub replay: Option<PathBuf>,
}

/// Runs the subcommand.
///
/// # Errors
/// [`Failure::Proof`] where the proof does not hold; where a file cannot be read.
pub fn run(session: &mut Session, arguments: &Arguments) -> Result<(), Failure> {
    let file = arguments.file.display().to_string();
    let bytes = read(&arguments.file).map_err(|error| Failure::usage(format!("cannot read {file}: {error}")))?;
    let refused = |source| Failure::Proof { file: file.clone(), source: Box::new(source) };
    let proven = check(&bytes, arguments.head).map_err(refused)?;
    let replayed = match &arguments.replay {
        None => None,
        Some(car) => Some(replay(&proven, car, &file)?),
    };
    print(session, &proven, replayed)
}

/// Reads a file, no more of it than shows that it is too large to be a proof.
fn read(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(file)?.take(PROOF_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Derives what the proof shows from a log and returns how many events that took.
fn replay(proven: &Proven, car: &Path, file: &str) -> Result<u64, Failure> {
    let refused = |source| Failure::Proof { file: file.to_owned(), source: Box::new(source) };
    let mut derivation = Derivation::new(proven);
    for stored in read_events(car)? {
        derivation.push(&stored?).map_err(refused)?;
    }
    Ok(derivation.finish().map_err(refused)?.events)
}

fn print(session: &mut Session, proven: &Proven, replayed: Option<u64>) -> Result<(), Failure> {
    let time = Timestamp::from_nanosecond(i128::from(proven.timestamp_ns))
        .map_or_else(|_| proven.timestamp_ns.to_string(), |time| time.to_string());
    if session.output.json {
        let object = json!({
            "graph": proven.graph.to_string(),
            "version": proven.version,
            "event": proven.event.to_string(),
            "time": time,
            "id": proven.id.to_string(),
            "node": proven.node.as_ref().map(node_object),
            "checkpoint": proven.checkpoint.map(|checkpoint| checkpoint.version),
            "head_version": proven.head_version,
            "replayed_events": replayed,
        });
        return Ok(session.output.object(&object)?);
    }
    let (graph, version, head) = (proven.graph, proven.version, proven.head_version);
    let output = &mut session.output;
    match &proven.node {
        None => output.line(format_args!("node {} was not there at version {version}, {time}", proven.id))?,
        Some(node) => {
            let key = node.key.as_ref().map(ToString::to_string).unwrap_or_default();
            let changed = node.version;
            output.line(format_args!("{} {key}, id {}, at version {version}, {time}", node.kind, node.id))?;
            output.line(format_args!("unchanged since version {changed}"))?;
            let mut table = Table::new(&["component", "properties"]);
            for component in &node.components {
                let properties = write_properties(&component.properties).to_string();
                table.row(vec![component.component_type.to_string(), properties]);
            }
            output.table(&table)?;
        }
    }
    let from = proven.checkpoint.map_or_else(
        || "from the first event on".to_owned(),
        |checkpoint| format!("from the checkpoint of version {} on", checkpoint.version),
    );
    output.line(format_args!("holds for graph {graph}, {from}, below the given event of version {head}"))?;
    if let Some(events) = replayed {
        output.line(format_args!("{events} events bring it about"))?;
    }
    Ok(())
}
