//! `cidgraph show`: one node and the events that shaped it.

use std::path::PathBuf;

use cidgraph::history::NodeTrace;
use cidgraph::{GraphReadModel, Moment};
use clap::Args;
use serde_json::Value as Json;

use super::log::{Line, concerns};
use super::moment::{At, history};
use super::node::{find_node, former_node, has_key_of_several, reference};
use crate::events::visit_events;
use crate::failure::Failure;
use crate::json::{node_object, write_properties};
use crate::output::Table;
use crate::session::Session;

/// Show one node and the events that shaped it
///
/// With --json one object: the node, with its events under `events`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  cidgraph show alice\n  cidgraph show Person:alice --graph g --json")]
pub struct Arguments {
    /// The node: its id, KIND:KEY, or a key that no other node has
    pub node: String,
    /// The graph's name or id; may be left out where there is one graph
    #[arg(long, short, value_name = "GRAPH")]
    pub graph: Option<String>,
    /// The moment that is looked at.
    #[command(flatten)]
    pub at: At,
    /// Read this snapshot file in place instead of the store; it has the node, not its events
    #[arg(long, value_name = "FILE", conflicts_with_all = ["graph", "at"])]
    pub snapshot: Option<PathBuf>,
}

/// Runs the subcommand.
///
/// # Errors
/// Where graph or node are not there, the store cannot be read, or the chain does not hold.
pub fn run(session: &mut Session, arguments: &Arguments) -> Result<(), Failure> {
    if arguments.snapshot.is_some() {
        let model = session.read_model(None, arguments.snapshot.as_deref())?;
        let node = find_node(&model, &arguments.node)?;
        return print(session, &model, &node, Vec::new());
    }
    let (store, model) = arguments.at.read_graph(session, arguments.graph.as_deref())?;
    let found = match find_node(&model, &arguments.node) {
        Err(error) if has_key_of_several(&model, &arguments.node) => return Err(error),
        found => found,
    };
    let id = match (&found, reference(&arguments.node)) {
        (Ok(node), _) => node.id,
        (Err(_), Ok(named)) => named.resolve(model.graph()),
        (Err(_), Err(_)) => {
            let (_, history) = history(session, arguments.graph.as_deref())?;
            session.wait(former_node(&history, &arguments.node, Moment::Version(model.version())))?
        }
    };
    let mut trace = NodeTrace::new(id);
    let (mut lines, mut last) = (Vec::new(), None);
    let json = session.options.json;
    visit_events(session, &*store, model.graph().into(), model.version(), |stored, opened| {
        if concerns(&mut trace, stored, opened)? {
            last = Some(stored.event.version);
            lines.push(Line::of(stored, opened, json));
        }
        Ok(true)
    })?;
    let node = found.map_err(|unknown| match last {
        Some(version) => Failure::usage(format!(
            "node {:?} was removed at version {version}: `cidgraph history {}` shows its events",
            arguments.node, arguments.node
        )),
        None => unknown,
    })?;
    print(session, &model, &node, lines)
}

fn print(
    session: &mut Session,
    model: &GraphReadModel,
    node: &cidgraph::NodeView,
    lines: Vec<Line>,
) -> Result<(), Failure> {
    if session.output.json {
        let mut object = node_object(node);
        let events =
            lines.into_iter().filter_map(|line| if let Line::Object(event) = line { Some(event) } else { None });
        object["events"] = events.collect::<Json>();
        return Ok(session.output.object(&object)?);
    }
    let key = node.key.as_ref().map(ToString::to_string).unwrap_or_default();
    session.output.line(format_args!("{} {key}, id {}, version {}", node.kind, node.id, node.version))?;
    let at = model.view().at();
    if let Some(index) = at.find_node(node.id) {
        let (outgoing, incoming) = (at.outgoing(index).count(), at.incoming(index).count());
        session.output.line(format_args!("{outgoing} edges out, {incoming} edges in"))?;
    }
    let mut table = Table::new(&["component", "properties"]);
    for component in &node.components {
        table.row(vec![component.component_type.to_string(), write_properties(&component.properties).to_string()]);
    }
    session.output.table(&table)?;
    super::log::print(session, lines)
}
