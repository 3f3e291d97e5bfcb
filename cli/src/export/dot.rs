//! A graph in Graphviz's DOT language: nodes labelled by key and kind, edges by kind.

use std::io::{self, Write};

use super::source::GraphSource;

/// Writes the graph.
///
/// # Errors
/// Where `out` fails.
pub fn write_dot(graph: &dyn GraphSource, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "digraph {} {{", quoted(graph.name()))?;
    for node in graph.nodes() {
        let label = node.key.as_ref().map_or_else(|| node.id.to_string(), ToString::to_string);
        writeln!(out, "  \"{}\" [label={}, kind={}];", node.id, quoted(&label), quoted(&node.kind))?;
    }
    for edge in graph.edges() {
        writeln!(out, "  \"{}\" -> \"{}\" [label={}];", edge.source, edge.target, quoted(&edge.kind))?;
    }
    writeln!(out, "}}")
}

/// Quotes text; a backslash is doubled, so that no label has an escape of Graphviz's by accident.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            control if control.is_control() => quoted.push(' '),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}
