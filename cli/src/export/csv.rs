//! A graph as two CSV files with typed headers, which `import csv` reads without loss.

use std::collections::BTreeMap;
use std::io::{self, Write};

use cidgraph::{EdgeView, Key, Name, NodeId, NodeView, Properties, Value};
use csv::Writer;

use super::source::GraphSource;
use crate::import::field::is_plain_integer;
use crate::json::write_value;

/// The type of a column: the narrowest that holds every value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ColumnType {
    Int,
    Float,
    Bool,
    Text,
    Json,
}

impl ColumnType {
    fn of(value: &Value) -> Self {
        match value {
            Value::Int(_) => Self::Int,
            Value::Float(_) => Self::Float,
            Value::Bool(_) => Self::Bool,
            Value::Text(text) if !text.is_empty() && !text.contains(['\0', '\r', '\n']) => Self::Text,
            Value::Null | Value::Text(_) | Value::Bytes(_) | Value::List(_) | Value::Map(_) | Value::Link(_) => {
                Self::Json
            }
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Int => "int",
            Self::Float => "float",
            Self::Bool => "bool",
            Self::Text => "string",
            Self::Json => "json",
        }
    }

    fn cell(self, value: &Value) -> String {
        match (self, value) {
            (Self::Text, Value::Text(text)) => text.to_string(),
            _ => write_value(value),
        }
    }
}

/// The columns of properties: by component and name, in that order.
type Columns = BTreeMap<(Name, Name), ColumnType>;

fn widen(columns: &mut Columns, component: &Name, properties: &Properties) {
    for (name, value) in properties.iter() {
        let found = ColumnType::of(value);
        columns
            .entry((component.clone(), name.clone()))
            .and_modify(|have| {
                if *have != found {
                    *have = ColumnType::Json;
                }
            })
            .or_insert(found);
    }
}

fn header(component: &Name, name: &Name, column: ColumnType) -> String {
    match component.as_str() {
        "" => format!("{name}:{}", column.name()),
        component => format!("{component}.{name}:{}", column.name()),
    }
}

/// Writes the nodes: id or key, kind, a column for each component and for each property.
///
/// # Errors
/// Where `out` fails, or a name holds a point or colon and cannot be a column.
pub fn write_nodes_csv(graph: &dyn GraphSource, out: &mut dyn Write) -> io::Result<()> {
    let mut columns = Columns::new();
    let mut types: BTreeMap<Name, ()> = BTreeMap::new();
    for node in graph.nodes() {
        for component in &node.components {
            types.insert(component.component_type.clone(), ());
            widen(&mut columns, &component.component_type, &component.properties);
        }
    }
    check_names(columns.keys())?;
    let mut writer = Writer::from_writer(out);
    let fixed = [":UUID", ":ID", ":LABEL"].map(str::to_owned);
    let kinds = types.keys().map(|component| format!("{component}:component"));
    let properties = columns.iter().map(|((component, name), column)| header(component, name, *column));
    writer.write_record(fixed.into_iter().chain(kinds).chain(properties))?;
    for node in graph.nodes() {
        let component = |of: &Name| node.components.iter().find(|component| component.component_type == *of);
        let id = if node.key.is_some() { String::new() } else { node.id.to_string() };
        let fixed = [id, node.key.as_ref().map(key_cell).unwrap_or_default(), node.kind.to_string()];
        let has = types.keys().map(|of| component(of).map_or_else(String::new, |_| "true".to_owned()));
        let values = columns.iter().map(|((of, name), column)| {
            let value = component(of).and_then(|component| component.properties.get(name));
            value.map_or_else(String::new, |value| column.cell(value))
        });
        writer.write_record(fixed.into_iter().chain(has).chain(values))?;
    }
    writer.flush()
}

/// Writes the edges: ends, kind, the caller's id where there is one, a column for each property.
///
/// # Errors
/// Where `out` fails, or a name holds a colon and cannot be a column.
pub fn write_edges_csv(graph: &dyn GraphSource, out: &mut dyn Write) -> io::Result<()> {
    let mut columns = Columns::new();
    graph.edges().for_each(|edge| widen(&mut columns, &Name::new_static(""), &edge.properties));
    check_names(columns.keys())?;
    let mut writer = Writer::from_writer(out);
    let fixed = [":START_LABEL", ":START_ID", ":END_LABEL", ":END_ID", ":TYPE", ":EDGE_UUID"].map(str::to_owned);
    let properties = columns.iter().map(|((component, name), column)| header(component, name, *column));
    writer.write_record(fixed.into_iter().chain(properties))?;
    for edge in graph.edges() {
        let EdgeView { id, kind, source, target, properties } = edge;
        let [source, target] = [source, target].map(|end| end_cells(graph, end));
        let id = if id.as_engine_made().is_some() { String::new() } else { id.to_string() };
        let fixed = source.into_iter().chain(target).chain([kind.to_string(), id]);
        let values = columns
            .iter()
            .map(|((_, name), column)| properties.get(name).map_or_else(String::new, |value| column.cell(value)));
        writer.write_record(fixed.chain(values))?;
    }
    writer.flush()
}

/// Returns the kind and key of an end; of a node without a key, nothing and the id.
fn end_cells(graph: &dyn GraphSource, end: NodeId) -> [String; 2] {
    match graph.node(end) {
        Some(NodeView { key: Some(key), kind, .. }) => [kind.to_string(), key_cell(&key)],
        _ => [String::new(), end.to_string()],
    }
}

/// Returns a key's cell; text that could be taken for a number, or that begins with a quote, is written as JSON.
fn key_cell(key: &Key) -> String {
    match key {
        Key::Number(number) => number.to_string(),
        Key::Text(text) if is_plain_integer(text) || text.is_empty() || text.contains(['"', '\0', '\r', '\n']) => {
            serde_json::to_string(text.as_str()).expect("text has a JSON form")
        }
        Key::Text(text) => text.to_string(),
    }
}

fn check_names<'a>(columns: impl Iterator<Item = &'a (Name, Name)>) -> io::Result<()> {
    for (component, name) in columns {
        let edge_property = component.is_empty() && (name.contains('.') || name.starts_with('.'));
        if edge_property || component.contains(['.', ':']) || name.contains(':') || name.is_empty() {
            let reason = format!("{component}.{name} cannot be a CSV column: a name holds a point or a colon");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
        }
    }
    Ok(())
}
