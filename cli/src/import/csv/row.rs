//! One record as a node or an edge.

use std::str::FromStr;

use cidgraph::{EdgeEntity, EdgeId, GraphCommand, GraphId, Key, Name, NodeEntity, NodeId, Properties, Value};

use super::header::{Column, FileRole, Header};
use super::reader::Records;
use crate::import::field::{FieldForm, read_key};
use crate::import::{ImportError, NamedNode};

/// Reads the record that was read last as a command.
pub(super) fn read_row(
    graph: GraphId,
    header: &Header,
    records: &Records,
    named: &mut Vec<NamedNode>,
) -> Result<GraphCommand, ImportError> {
    if records.len() != header.columns.len() {
        let expected = format!("{} fields", header.columns.len());
        let column = (header.columns.len() + 1).min(records.len() + 1) as u64;
        return Err(ImportError::bad(records.position().at(column), expected, records.len().to_string()));
    }
    match header.role {
        FileRole::Edges => read_edge(graph, header, records, named).map(|edge| GraphCommand::ConnectEdge { edge }),
        FileRole::Nodes | FileRole::Lists(_) => {
            read_node(graph, header, records, named).map(|node| GraphCommand::AddNode { node })
        }
    }
}

fn read_node(
    graph: GraphId,
    header: &Header,
    records: &Records,
    named: &mut Vec<NamedNode>,
) -> Result<NodeEntity, ImportError> {
    let (mut key, mut id, mut kind) = (None, None, header.kind.clone());
    let mut components: Vec<(Option<Name>, Properties)> = Vec::new();
    for (index, column) in header.columns.iter().enumerate() {
        let field = records.field(index);
        if field.is_empty() {
            continue;
        }
        match column {
            Column::Id(_) => key = Some((read_key_cell(field, records, index)?, index)),
            Column::Uuid => id = Some(read_id::<NodeId>(field, records, index)?),
            Column::Label => kind = Name::new(field),
            Column::Component(name) => {
                properties_of(&mut components, Some(name));
            }
            Column::Property { component, name, form } => {
                let value = read_value(field, *form, name, records, index)?;
                properties_of(&mut components, component.as_ref()).insert(name.clone(), value);
            }
            Column::StartId(_)
            | Column::EndId(_)
            | Column::StartLabel
            | Column::EndLabel
            | Column::Type
            | Column::EdgeUuid
            | Column::Ignored => {}
        }
    }
    let mut node = match (key, id) {
        (Some((key, index)), _) => {
            let node = NodeEntity::keyed(graph, kind.clone(), key.clone());
            named.push(NamedNode { node: node.id, position: records.position().at(index as u64 + 1), kind, key });
            node
        }
        (None, Some(id)) => NodeEntity::new(id, kind),
        (None, None) => return Err(ImportError::bad(records.position(), "the id of a node", "")),
    };
    for (component, properties) in components {
        let component = component.unwrap_or_else(|| node.kind.clone());
        node = node.with(component, properties);
    }
    Ok(node)
}

fn properties_of<'a>(components: &'a mut Vec<(Option<Name>, Properties)>, of: Option<&Name>) -> &'a mut Properties {
    let at = components.iter().position(|(name, _)| name.as_ref() == of).unwrap_or_else(|| {
        components.push((of.cloned(), Properties::new()));
        components.len() - 1
    });
    &mut components[at].1
}

/// One end of an edge on its way through the columns.
#[derive(Default)]
struct End<'a> {
    kind: Option<Name>,
    field: Option<(&'a str, usize)>,
}

impl End<'_> {
    fn resolve(
        &self,
        graph: GraphId,
        what: &str,
        records: &Records,
        named: &mut Vec<NamedNode>,
    ) -> Result<NodeId, ImportError> {
        let Some((field, index)) = self.field else {
            return Err(ImportError::bad(records.position(), format!("the id of the edge's {what}"), ""));
        };
        match &self.kind {
            Some(kind) => {
                let key = read_key_cell(field, records, index)?;
                let node = NodeId::of_key(graph, kind, &key);
                let position = records.position().at(index as u64 + 1);
                named.push(NamedNode { node, position, kind: kind.clone(), key });
                Ok(node)
            }
            None => read_id(field, records, index),
        }
    }
}

fn read_edge(
    graph: GraphId,
    header: &Header,
    records: &Records,
    named: &mut Vec<NamedNode>,
) -> Result<EdgeEntity, ImportError> {
    let (mut source, mut target) = (End::default(), End::default());
    let (mut id, mut kind, mut properties) = (None, header.kind.clone(), Properties::new());
    for (index, column) in header.columns.iter().enumerate() {
        let field = records.field(index);
        if field.is_empty() {
            continue;
        }
        match column {
            Column::StartId(of) => {
                source.field = Some((field, index));
                source.kind = source.kind.or_else(|| of.clone());
            }
            Column::EndId(of) => {
                target.field = Some((field, index));
                target.kind = target.kind.or_else(|| of.clone());
            }
            Column::StartLabel => source.kind = Some(Name::new(field)),
            Column::EndLabel => target.kind = Some(Name::new(field)),
            Column::Type => kind = Name::new(field),
            Column::EdgeUuid => id = Some(read_id::<EdgeId>(field, records, index)?),
            Column::Property { name, form, .. } => {
                properties.insert(name.clone(), read_value(field, *form, name, records, index)?);
            }
            Column::Id(_) | Column::Uuid | Column::Label | Column::Component(_) | Column::Ignored => {}
        }
    }
    let source = source.resolve(graph, "source", records, named)?;
    let target = target.resolve(graph, "target", records, named)?;
    Ok(EdgeEntity { id, kind, source, target, properties })
}

/// Reads a key; one in quotes is JSON text, which is how an export says that `"12"` is no number.
fn read_key_cell(field: &str, records: &Records, index: usize) -> Result<Key, ImportError> {
    let bad = || ImportError::bad(records.position().at(index as u64 + 1), "a node's id, at most 1024 bytes", field);
    if field.starts_with('"') {
        return serde_json::from_str::<String>(field).map(Key::from).map_err(|_| bad());
    }
    read_key(field).ok_or_else(bad)
}

fn read_id<T: FromStr>(field: &str, records: &Records, index: usize) -> Result<T, ImportError> {
    field.parse().map_err(|_| ImportError::bad(records.position().at(index as u64 + 1), "a UUID", field))
}

fn read_value(
    field: &str,
    form: Option<FieldForm>,
    name: &str,
    records: &Records,
    index: usize,
) -> Result<Value, ImportError> {
    let form = form.unwrap_or(FieldForm::Text);
    form.read(field)
        .ok_or_else(|| ImportError::bad(records.position().at(index as u64 + 1), format!("{form} for {name}"), field))
}
