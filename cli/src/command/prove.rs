//! `cidgraph prove`: a file that shows what a node was at a version.

use std::path::{Path, PathBuf};

use cidgraph::proof::{ProveError, Prover};
use cidgraph::{GraphHistory, Head, Moment, NodeId};
use clap::Args;
use serde_json::json;

use super::car::write_whole;
use super::moment::{At, history, moment_or_now};
use super::node::{find_node, reference};
use crate::failure::Failure;
use crate::session::Session;

/// Write a proof that a node was so, or was not there, at a version
///
/// The file, of at most 512 KiB, is checked with nothing but the CID of the graph's last event: see `check-proof`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cidgraph prove Person:alice --graph g --at 120 --output alice.proof\n  \
    cidgraph prove Person:nobody --graph g --at 2025-03-01")]
pub struct Arguments {
    /// The node: its id, KIND:KEY, or a key that one node has; one that is not there by id or KIND:KEY
    pub node: String,
    /// The graph's name or id; may be left out where there is one graph
    #[arg(long, short, value_name = "GRAPH")]
    pub graph: Option<String>,
    /// The moment that is proven: the end of a transaction.
    #[command(flatten)]
    pub at: At,
    /// The file to write; - is standard output; without it the node's id with .proof behind it
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Runs the subcommand.
///
/// # Errors
/// Where the graph or the version is not there, the store cannot be read or does not hold, or the proof is too large.
pub fn run(session: &mut Session, arguments: &Arguments) -> Result<(), Failure> {
    let (store, history) = history(session, arguments.graph.as_deref())?;
    let node = node_id(session, &history, &arguments.node)?;
    let at = moment_or_now(session, &history, arguments.at.at.as_deref())?;
    let version = session.wait(history.place(at))?.head.version;
    let head = session.wait(history.now())?.head;
    let proof = session.wait(async {
        let mut prover = Prover::open(store, history.graph()).await?;
        // A state of the past is made of what snapshots hold, where they do: no need to replay all before it.
        if let Some(begin) = prover.begins_with(version)
            && let Ok(state) = history.at(Moment::Version(begin)).await
        {
            prover.keep_state(state.view().clone());
        }
        prover.prove(node, version).await
    });
    let bytes = proof.map_err(failure)?.encode();
    let file = arguments.output.clone().unwrap_or_else(|| PathBuf::from(format!("{node}.proof")));
    write_whole(&file, |out| Ok(out.write_all(&bytes)?))?;
    print(session, &file, version, bytes.len(), head)
}

fn print(session: &mut Session, file: &Path, version: u64, bytes: usize, head: Head) -> Result<(), Failure> {
    if file.as_os_str() == "-" {
        return Ok(());
    }
    let file = file.display();
    if session.output.json {
        let object = json!({
            "file": file.to_string(),
            "bytes": bytes,
            "version": version,
            "head": { "version": head.version, "cid": head.cid.to_string() },
        });
        return Ok(session.output.object(&object)?);
    }
    session.output.line(format_args!("{file}: {bytes} bytes, for version {version}"))?;
    Ok(session.output.line(format_args!("cidgraph check-proof {file} --head {}", head.cid))?)
}

/// Finds the node that `text` names; only for a key alone the graph is read.
fn node_id(session: &Session, history: &GraphHistory, text: &str) -> Result<NodeId, Failure> {
    if let Ok(node) = reference(text) {
        return Ok(node.resolve(history.graph()));
    }
    let now = session.wait(history.now())?.head.version;
    Ok(find_node(&session.wait(history.at(Moment::Version(now)))?, text)?.id)
}

fn failure(error: ProveError) -> Failure {
    match error {
        ProveError::Events(error) => Failure::Engine(error.into()),
        ProveError::NoSuchVersion { .. }
        | ProveError::WithinTransaction { .. }
        | ProveError::TooLarge { .. }
        | ProveError::TooLargeNode { .. } => Failure::usage(error.to_string()),
    }
}
