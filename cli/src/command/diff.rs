//! `cidgraph diff`: what differs between two moments of a graph.

use cidgraph::history::{ChangeKind, PropertyChange};
use cidgraph::{EdgeView, GraphDiff, GraphReadModel, Key, NodeId};
use clap::Args;

use super::moment::{history, moment, moment_or_now};
use crate::failure::Failure;
use crate::json::{diff_object, write_value};
use crate::session::Session;

/// Show what differs between two moments of a graph
///
/// A moment is a version as 120, seq:9, a time as 2025-03-01T00:00:00Z, an event's CID, or node:ID, node:KIND:KEY or
/// node:KEY for when that node was added. Either may be the earlier one; before the first event, as at 0, stands the empty
/// graph. With --json one object.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cidgraph diff 120 180 --graph g\n  \
    cidgraph diff 2025-03-01 2025-04-01 --json | jq .nodes.added\n  \
    cidgraph diff node:Person:alice")]
pub struct Arguments {
    /// The moment that is compared
    #[arg(value_name = "FROM")]
    pub from: String,
    /// The moment that it is compared with; now where it is left out
    #[arg(value_name = "TO")]
    pub to: Option<String>,
    /// The graph's name or id; may be left out where there is one graph
    #[arg(long, short, value_name = "GRAPH")]
    pub graph: Option<String>,
}

/// Runs the subcommand.
///
/// # Errors
/// Where graph or moments are not there, the store cannot be read, or the chain does not hold.
pub fn run(session: &mut Session, arguments: &Arguments) -> Result<(), Failure> {
    let (_, history) = history(session, arguments.graph.as_deref())?;
    let from = moment(session, &history, &arguments.from)?;
    let to = moment_or_now(session, &history, arguments.to.as_deref())?;
    let diff = session.wait(history.diff(from, to))?;
    if session.output.json {
        return Ok(session.output.object(&diff_object(&diff))?);
    }
    let states = [session.wait(history.at_or_nothing(to))?, session.wait(history.at_or_nothing(from))?];
    for line in lines(&diff, &states) {
        session.output.line(line)?;
    }
    Ok(())
}

fn lines(diff: &GraphDiff, states: &[GraphReadModel; 2]) -> Vec<String> {
    let mut lines = vec![format!("version {} to {}", diff.from, diff.to)];
    if diff.is_empty() {
        lines.push("nothing differs".to_owned());
    }
    if let Some((before, after)) = &diff.graph {
        let told = |about: &cidgraph::history::AboutGraph| {
            let name = about.metadata.as_ref().map_or("nothing", |metadata| metadata.name.as_str());
            about.archived.as_ref().map_or_else(|| name.to_owned(), |reason| format!("{name}, archived: {reason}"))
        };
        lines.push(format!("~ graph: {} -> {}", told(before), told(after)));
    }
    let node =
        |sign: &str, node: &cidgraph::NodeView| format!("{sign} {}", named(&node.kind, node.key.as_ref(), node.id));
    lines.extend(diff.nodes_removed.iter().map(|removed| node("-", removed)));
    lines.extend(diff.nodes_added.iter().map(|added| node("+", added)));
    for changed in &diff.nodes_changed {
        let name = named(&changed.kind, changed.key.as_ref(), changed.id);
        for component in &changed.components {
            let sign = match component.kind {
                ChangeKind::Added => "+",
                ChangeKind::Removed => "-",
                ChangeKind::Changed => "~",
            };
            let whole = format!("{sign} {name} {}", component.component_type);
            if component.kind != ChangeKind::Changed {
                lines.push(whole.clone());
            }
            let property = |change: &PropertyChange| format!("{whole}.{}", property_line(change));
            lines.extend(component.properties.iter().map(property));
        }
    }
    let edge = |sign: &str, edge: &EdgeView| format!("{sign} {}", edge_name(edge, states));
    lines.extend(diff.edges_removed.iter().map(|removed| edge("-", removed)));
    lines.extend(diff.edges_added.iter().map(|added| edge("+", added)));
    for changed in &diff.edges_changed {
        let name = edge_name(&changed.edge, states);
        lines.extend(changed.properties.iter().map(|change| format!("~ {name}: {}", property_line(change))));
    }
    lines
}

fn property_line(PropertyChange { property, before, after }: &PropertyChange) -> String {
    match (before, after) {
        (Some(before), Some(after)) => format!("{property}: {} -> {}", write_value(before), write_value(after)),
        (None, Some(after)) => format!("{property}: {}", write_value(after)),
        (Some(before), None) => format!("{property}: {} -> nothing", write_value(before)),
        (None, None) => property.to_string(),
    }
}

fn edge_name(edge: &EdgeView, states: &[GraphReadModel; 2]) -> String {
    let end = |node: NodeId| match states.iter().find_map(|state| state.node(node)) {
        Some(view) => named(&view.kind, view.key.as_ref(), node),
        None => node.to_string(),
    };
    format!("{} -[{} {}]-> {}", end(edge.source), edge.kind, edge.id, end(edge.target))
}

fn named(kind: &str, key: Option<&Key>, id: NodeId) -> String {
    key.map_or_else(|| format!("{kind} {id}"), |key| format!("{kind}:{key}"))
}
