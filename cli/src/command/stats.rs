//! `cidgraph stats`: a graph's head, counts and shape.

use std::path::PathBuf;

use cidgraph::{Answer, GraphQuery};
use clap::Args;
use serde_json::json;

use super::log::show_time;
use super::moment::At;
use crate::failure::Failure;
use crate::output::Table;
use crate::session::Session;

/// Show a graph's head, state hash, counts and shape
///
/// Reads, verifies and folds all of the graph's events.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cidgraph stats --graph g\n  cidgraph stats --at 2025-03-01T00:00:00Z\n  cidgraph stats --json | jq .head.cid"
)]
pub struct Arguments {
    /// The graph's name or id; may be left out where there is one graph
    #[arg(long, short, value_name = "GRAPH")]
    pub graph: Option<String>,
    /// The moment that is looked at.
    #[command(flatten)]
    pub at: At,
    /// Read this snapshot file in place instead of the store
    #[arg(long, value_name = "FILE", conflicts_with = "graph")]
    pub snapshot: Option<PathBuf>,
}

/// Runs the subcommand.
///
/// # Errors
/// Where the graph is not there, the store cannot be read, or the chain does not hold.
pub fn run(session: &mut Session, arguments: &Arguments) -> Result<(), Failure> {
    let model = match arguments.snapshot.as_deref() {
        Some(snapshot) => session.read_model(None, Some(snapshot))?,
        None => arguments.at.read_graph(session, arguments.graph.as_deref())?.1,
    };
    let head = model.head();
    let answer = model.query(&GraphQuery::Metrics).map_err(cidgraph::Error::from)?;
    let Answer::Metrics(metrics) = answer else { unreachable!("metrics are answered with metrics") };
    let info = model.info();
    let counted = |counts: &std::collections::BTreeMap<cidgraph::Name, usize>| {
        counts.iter().map(|(name, count)| (name.to_string(), json!(count))).collect::<serde_json::Map<_, _>>()
    };
    let object = json!({
        "name": info.metadata.as_ref().map(|metadata| metadata.name.as_str()),
        "id": model.graph().to_string(),
        "nodes": metrics.nodes,
        "edges": metrics.edges,
        "events": model.version(),
        "head": head.map(|head| json!({ "version": head.version, "cid": head.cid.to_string() })),
        "state_hash": hex(&model.state_hash()),
        "time": show_time(model.timestamp_ns()),
        "archived": info.archived.as_ref().map(|reason| reason.as_str()),
        "node_kinds": counted(&metrics.node_kinds),
        "edge_kinds": counted(&metrics.edge_kinds),
        "components": counted(&metrics.components),
        "weak_components": metrics.weak_components,
        "density": metrics.density,
        "depth": metrics.depth,
    });
    if session.output.json {
        return Ok(session.output.object(&object)?);
    }
    let mut table = Table::new(&["what", "value"]);
    for (name, value) in object.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
        table.row(vec![name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)]);
    }
    Ok(session.output.table(&table)?)
}

/// Writes bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
