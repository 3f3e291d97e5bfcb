//! A graph as GraphML with typed keys, as networkx reads it.
//!
//! A node's key and kind are the attributes `key` and `kind`, properties are `Component.property`. Lists, maps, bytes
//! and links are JSON texts. Characters that XML cannot say are left out.

use std::collections::BTreeMap;
use std::io::{self, Write};

use cidgraph::{Properties, Value};

use super::source::GraphSource;
use crate::json::write_value;

const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://graphml.graphdrawing.org/xmlns http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd">
"#;

/// Attributes with their types, which decide the declarations before the graph.
#[derive(Default)]
struct Attributes(BTreeMap<String, (usize, &'static str)>);

impl Attributes {
    fn declare(&mut self, name: String, found: &'static str) {
        let next = self.0.len();
        self.0
            .entry(name)
            .and_modify(|(_, have)| {
                if *have != found {
                    *have = if matches!((*have, found), ("long", "double") | ("double", "long")) {
                        "double"
                    } else {
                        "string"
                    };
                }
            })
            .or_insert((next, found));
    }

    fn declare_all(&mut self, component: &str, properties: &Properties) {
        for (name, value) in properties.iter() {
            self.declare(qualified(component, name), attribute_type(value));
        }
    }

    fn write_keys(&self, prefix: char, domain: &str, out: &mut dyn Write) -> io::Result<()> {
        for (name, (number, of)) in &self.0 {
            let name = escaped(name);
            writeln!(out, r#"  <key id="{prefix}{number}" for="{domain}" attr.name="{name}" attr.type="{of}"/>"#)?;
        }
        Ok(())
    }

    fn write_data(&self, prefix: char, name: &str, text: &str, out: &mut dyn Write) -> io::Result<()> {
        let (number, _) = self.0.get(name).expect("every attribute is declared");
        write!(out, r#"<data key="{prefix}{number}">{}</data>"#, escaped(text))
    }

    fn write_all(&self, prefix: char, component: &str, properties: &Properties, out: &mut dyn Write) -> io::Result<()> {
        for (name, value) in properties.iter().filter(|(_, value)| **value != Value::Null) {
            let text = if let Value::Text(text) = value { text.to_string() } else { write_value(value) };
            self.write_data(prefix, &qualified(component, name), &text, out)?;
        }
        Ok(())
    }
}

/// Writes the graph.
///
/// # Errors
/// Where `out` fails.
pub fn write_graphml(graph: &dyn GraphSource, out: &mut dyn Write) -> io::Result<()> {
    let (mut nodes, mut edges) = (Attributes::default(), Attributes::default());
    nodes.declare("key".to_owned(), "string");
    nodes.declare("kind".to_owned(), "string");
    edges.declare("kind".to_owned(), "string");
    for node in graph.nodes() {
        node.components.iter().for_each(|part| nodes.declare_all(&part.component_type, &part.properties));
    }
    graph.edges().for_each(|edge| edges.declare_all("", &edge.properties));
    out.write_all(HEAD.as_bytes())?;
    nodes.write_keys('n', "node", out)?;
    edges.write_keys('e', "edge", out)?;
    writeln!(out, r#"  <graph id="{}" edgedefault="directed">"#, escaped(graph.name()))?;
    for node in graph.nodes() {
        write!(out, r#"    <node id="{}">"#, node.id)?;
        if let Some(key) = &node.key {
            nodes.write_data('n', "key", &key.to_string(), out)?;
        }
        nodes.write_data('n', "kind", &node.kind, out)?;
        for part in &node.components {
            nodes.write_all('n', &part.component_type, &part.properties, out)?;
        }
        writeln!(out, "</node>")?;
    }
    for edge in graph.edges() {
        write!(out, r#"    <edge id="{}" source="{}" target="{}">"#, edge.id, edge.source, edge.target)?;
        edges.write_data('e', "kind", &edge.kind, out)?;
        edges.write_all('e', "", &edge.properties, out)?;
        writeln!(out, "</edge>")?;
    }
    out.write_all(b"  </graph>\n</graphml>\n")
}

/// Returns an attribute's name; an edge's property called `kind` gets a point before it, since the kind has the name.
fn qualified(component: &str, name: &str) -> String {
    match (component, name) {
        ("", "kind") => ".kind".to_owned(),
        ("", name) => name.to_owned(),
        (component, name) => format!("{component}.{name}"),
    }
}

const fn attribute_type(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "boolean",
        Value::Int(_) => "long",
        Value::Float(_) => "double",
        Value::Null | Value::Text(_) | Value::Bytes(_) | Value::List(_) | Value::Map(_) | Value::Link(_) => "string",
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' => escaped.push_str("&#9;"),
            '\n' => escaped.push_str("&#10;"),
            '\r' => escaped.push_str("&#13;"),
            '\0'..'\u{20}' | '\u{fffe}' | '\u{ffff}' => {}
            other => escaped.push(other),
        }
    }
    escaped
}
