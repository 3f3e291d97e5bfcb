//! `cidgraph stats`: a graph's head, counts and shape.

use std::path::PathBuf;

use cidgraph::{Answer, Engine, Graph, GraphQuery};
use cidgraph_harness::measure::ProcessLedger;
use cidgraph_harness::section::settle;
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
    after_help = "Examples:\n  cidgraph stats --graph g\n  cidgraph stats --at 2025-03-01T00:00:00Z\n  cidgraph stats --json | jq .head.cid\n  cidgraph stats --memory"
)]
pub struct Arguments {
    /// The graph's name or id; may be left out where there is one graph
    #[arg(long, short, value_name = "GRAPH")]
    pub graph: Option<String>,
    /// The moment that is looked at.
    #[command(flatten)]
    pub at: At,
    /// Read this snapshot file in place instead of the store
    #[arg(long, value_name = "FILE", conflicts_with_all = ["graph", "at"])]
    pub snapshot: Option<PathBuf>,
    /// Show also what this process takes in memory with the graph loaded, line by line, in bytes
    #[arg(long, conflicts_with_all = ["snapshot", "at"])]
    pub memory: bool,
}

/// Runs the subcommand.
///
/// # Errors
/// Where the graph is not there, the store cannot be read, or the chain does not hold.
pub fn run(session: &mut Session, arguments: &Arguments) -> Result<(), Failure> {
    let loaded = if arguments.memory { Some(loaded(session, arguments)?) } else { None };
    let model = match (&loaded, arguments.snapshot.as_deref()) {
        (Some((_, graph)), _) => graph.read(),
        (None, Some(snapshot)) => session.read_model(None, Some(snapshot))?,
        (None, None) => arguments.at.read_graph(session, arguments.graph.as_deref())?.1,
    };
    let head = model.head();
    let answer = model.query(&GraphQuery::Metrics).map_err(cidgraph::Error::from)?;
    let Answer::Metrics(metrics) = answer else { unreachable!("metrics are answered with metrics") };
    let info = model.info();
    let counted = |counts: &std::collections::BTreeMap<cidgraph::Name, usize>| {
        counts.iter().map(|(name, count)| (name.to_string(), json!(count))).collect::<serde_json::Map<_, _>>()
    };
    let mut object = json!({
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
    // What is measured is the graph as it is kept, without the version that was asked.
    drop(model);
    if let Some((engine, graph)) = &loaded {
        object["memory"] = session.wait(memory(engine, graph)).into();
        let storage = graph.view().component_storage();
        object["component_bytes"] = json!(storage.heap_bytes);
        object["component_bytes_unshared"] = json!(storage.bytes_without_sharing);
    }
    if session.output.json {
        return Ok(session.output.object(&object)?);
    }
    let mut table = Table::new(&["what", "value"]);
    for (name, value) in object.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
        if name != "memory" {
            table.row(vec![name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)]);
        }
    }
    for (line, bytes) in object["memory"].as_object().into_iter().flatten() {
        table.row(vec![format!("memory {}", line.replace('_', " ")), bytes.to_string()]);
    }
    Ok(session.output.table(&table)?)
}

/// Loads the graph into an engine that stays.
fn loaded(session: &mut Session, arguments: &Arguments) -> Result<(Engine, Graph), Failure> {
    let store = session.open_to_read()?;
    let (graph, _) = session.graph(&*store, arguments.graph.as_deref())?;
    let engine = Engine::new(store);
    let graph = session.wait(engine.load_graph(graph))?;
    Ok((engine, graph))
}

/// Returns the bytes that this process takes once the graph is settled, by what they are for; nothing where the
/// operating system does not tell.
async fn memory(engine: &Engine, graph: &Graph) -> Option<serde_json::Map<String, serde_json::Value>> {
    settle(graph).await;
    let ledger = ProcessLedger::of(&engine.memory())?;
    let lines = ledger.lines.largest_first();
    let mut object: serde_json::Map<_, _> =
        lines.iter().map(|line| (line.name.replace([' ', '-'], "_"), json!(line.bytes))).collect();
    object.insert("unaccounted".to_owned(), json!(ledger.unaccounted()));
    object.insert("resident".to_owned(), json!(ledger.resident));
    Some(object)
}

/// Writes bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
