//! A graph as commands, one a line: what `import jsonl` reads makes an equal graph.
//!
//! Keyed nodes are named by kind and key, so the lines can be imported under another name. Engine-made edge ids are
//! left out: the engine makes them again.

use std::io::{self, Write};

use cidgraph::{EdgeView, NodeId, NodeView};

use super::source::GraphSource;
use crate::json::{CommandForm, EdgeForm, IdForm, KeyForm, NodeForm, NodeReference, PropertiesForm, write_line};

/// Writes the nodes, then the edges.
///
/// # Errors
/// Where `out` fails.
pub fn write_jsonl(graph: &dyn GraphSource, out: &mut dyn Write) -> io::Result<()> {
    for node in graph.nodes() {
        writeln!(out, "{}", write_line(&CommandForm::AddNode(node_form(node))))?;
    }
    for edge in graph.edges() {
        writeln!(out, "{}", write_line(&CommandForm::ConnectEdge(edge_form(graph, edge))))?;
    }
    Ok(())
}

fn node_form(node: NodeView) -> NodeForm {
    NodeForm {
        id: node.key.is_none().then_some(IdForm(node.id)),
        kind: node.kind.to_string(),
        key: node.key.map(KeyForm),
        components: node
            .components
            .into_iter()
            .map(|component| (component.component_type.to_string(), PropertiesForm(component.properties)))
            .collect(),
    }
}

fn edge_form(graph: &dyn GraphSource, edge: EdgeView) -> EdgeForm {
    EdgeForm {
        id: edge.id.as_engine_made().is_none().then_some(IdForm(edge.id)),
        kind: edge.kind.to_string(),
        source: reference(graph, edge.source),
        target: reference(graph, edge.target),
        properties: PropertiesForm(edge.properties),
    }
}

fn reference(graph: &dyn GraphSource, id: NodeId) -> NodeReference {
    match graph.node(id) {
        Some(NodeView { key: Some(key), kind, .. }) => NodeReference::Key { kind: kind.to_string(), key },
        _ => NodeReference::Id(id),
    }
}
