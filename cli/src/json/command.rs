//! Commands as JSON, one a line: `{"add_node": {"kind": "Person", "key": "alice", …}}`.

use std::collections::BTreeMap;
use std::fmt;

use cidgraph::value::compare_names;
use cidgraph::{
    Component, ConceptualPoint, EdgeEntity, EdgeId, GraphCommand, GraphId, GraphMetadata, Name, NodeEntity, NodeId,
    NodeUpdate, TransformOperation,
};
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::reference::{IdForm, KeyForm, NodeReference};
use super::value::PropertiesForm;

/// One line of a command file, read.
#[derive(Debug, Clone, PartialEq)]
pub enum JsonLine {
    /// A command.
    Command(GraphCommand),
    /// The start of a transaction with its own time and actor.
    Transaction(TransactionForm),
}

/// Reads one line; keys become ids below `graph`.
///
/// # Errors
/// Where the line is not one JSON object of a known command; the error holds the column.
pub fn read_line(graph: GraphId, text: &str) -> Result<JsonLine, serde_json::Error> {
    serde_json::from_str::<CommandForm>(text)?.into_line(graph)
}

/// Returns the line of a command.
pub fn write_line(form: &CommandForm) -> String {
    serde_json::to_string(form).expect("a command has a JSON form")
}

/// A command as JSON: an object with one key, the command's name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[expect(missing_docs, reason = "each form is its command; the fields are documented in docs/CLI.md")]
pub enum CommandForm {
    Transaction(TransactionForm),
    CreateGraph {
        name: String,
        #[serde(default)]
        domain: String,
        #[serde(default)]
        properties: PropertiesForm,
    },
    RenameGraph {
        name: String,
    },
    ArchiveGraph {
        #[serde(default)]
        reason: String,
    },
    AddNode(NodeForm),
    UpdateNode(UpdateForm),
    RemoveNode {
        node: NodeReference,
    },
    AttachComponent {
        node: NodeReference,
        component: String,
        #[serde(default)]
        properties: PropertiesForm,
    },
    ReplaceComponent {
        node: NodeReference,
        component: String,
        #[serde(default)]
        properties: PropertiesForm,
    },
    DetachComponent {
        node: NodeReference,
        component: String,
    },
    ConnectEdge(EdgeForm),
    UpdateEdge {
        edge: IdForm<EdgeId>,
        #[serde(default)]
        set: PropertiesForm,
        #[serde(default)]
        unset: Vec<String>,
    },
    DisconnectEdge {
        edge: IdForm<EdgeId>,
    },
    TransformNodes {
        nodes: Vec<NodeReference>,
        operation: OperationForm,
    },
    MapConceptualPoint {
        node: NodeReference,
        space: String,
        coordinates: Vec<f64>,
    },
    AddNodes {
        nodes: Vec<NodeForm>,
    },
    UpdateNodes {
        updates: Vec<UpdateForm>,
    },
    RemoveNodes {
        nodes: Vec<NodeReference>,
    },
    ConnectEdges {
        edges: Vec<EdgeForm>,
    },
    DisconnectEdges {
        edges: Vec<IdForm<EdgeId>>,
    },
}

/// The line that starts a transaction: `{"transaction": {"timestamp_ns": 1, "actor": "alice"}}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransactionForm {
    /// The transaction's clock, nanoseconds since the Unix epoch; without it that of the transaction before.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "read_timestamp")]
    pub timestamp_ns: Option<u64>,
    /// Who asks; without it the actor of the import.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
}

fn read_timestamp<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let time = Option::<u64>::deserialize(deserializer)?;
    match time {
        Some(later) if later > i64::MAX as u64 => {
            Err(D::Error::custom("timestamp_ns is at least 0 and at most 2^63-1 nanoseconds"))
        }
        read => Ok(read),
    }
}

/// A node to be added: a key or an id, a kind, components by type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeForm {
    /// The id of a node without a key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<IdForm<NodeId>>,
    /// The node's kind.
    pub kind: String,
    /// The caller's own name for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyForm>,
    /// The components, by type.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "read_components")]
    pub components: BTreeMap<String, PropertiesForm>,
}

fn read_components<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, PropertiesForm>, D::Error> {
    deserializer.deserialize_map(ReadComponents)
}

struct ReadComponents;

impl<'de> Visitor<'de> for ReadComponents {
    type Value = BTreeMap<String, PropertiesForm>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of components by type")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut components = BTreeMap::new();
        while let Some((name, properties)) = map.next_entry::<String, PropertiesForm>()? {
            if components.contains_key(&name) {
                return Err(A::Error::custom(format_args!("component {name:?} stands twice")));
            }
            components.insert(name, properties);
        }
        Ok(components)
    }
}

/// A merge into one component of a node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateForm {
    /// The node.
    pub node: NodeReference,
    /// The component's type.
    pub component: String,
    /// Properties to set.
    #[serde(default)]
    pub set: PropertiesForm,
    /// Properties to take away.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unset: Vec<String>,
}

/// An edge to be connected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EdgeForm {
    /// The caller's id for it; left out, the engine makes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<IdForm<EdgeId>>,
    /// The edge's kind.
    pub kind: String,
    /// The node it starts at.
    pub source: NodeReference,
    /// The node it ends at.
    pub target: NodeReference,
    /// Its properties.
    #[serde(default)]
    pub properties: PropertiesForm,
}

/// What happens to a node's place: `{"translate": [1, 0, 0]}`, `{"reparent": null}` …
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperationForm {
    /// Adds a vector to the position.
    Translate([f64; 3]),
    /// Multiplies the scale, axis by axis.
    Scale([f64; 3]),
    /// Multiplies the rotation by a unit quaternion (x, y, z, w).
    Rotate([f64; 4]),
    /// Makes the node a child of another, or a root.
    Reparent(Option<NodeReference>),
}

impl CommandForm {
    /// Returns what the line says; keys become ids below `graph`.
    ///
    /// # Errors
    /// Where a node has neither key nor id, or an id that its key does not give.
    pub fn into_line(self, graph: GraphId) -> Result<JsonLine, serde_json::Error> {
        Ok(JsonLine::Command(match self {
            Self::Transaction(form) => return Ok(JsonLine::Transaction(form)),
            Self::CreateGraph { name, domain, properties } => GraphCommand::CreateGraph {
                metadata: GraphMetadata { name: name.into(), domain: domain.into(), properties: properties.0 },
            },
            Self::RenameGraph { name } => GraphCommand::RenameGraph { name: name.into() },
            Self::ArchiveGraph { reason } => GraphCommand::ArchiveGraph { reason: reason.into() },
            Self::AddNode(node) => GraphCommand::AddNode { node: node.into_entity(graph)? },
            Self::UpdateNode(update) => GraphCommand::UpdateNode { update: update.into_update(graph) },
            Self::RemoveNode { node } => GraphCommand::RemoveNode { node: node.resolve(graph) },
            Self::AttachComponent { node, component, properties } => GraphCommand::AttachComponent {
                node: node.resolve(graph),
                component: Component::new(component, properties.0),
            },
            Self::ReplaceComponent { node, component, properties } => GraphCommand::ReplaceComponent {
                node: node.resolve(graph),
                component: Component::new(component, properties.0),
            },
            Self::DetachComponent { node, component } => {
                GraphCommand::DetachComponent { node: node.resolve(graph), component_type: component.into() }
            }
            Self::ConnectEdge(edge) => GraphCommand::ConnectEdge { edge: edge.into_entity(graph) },
            Self::UpdateEdge { edge, set, unset } => {
                GraphCommand::UpdateEdge { edge: edge.0, set: set.0, unset: sorted_names(unset) }
            }
            Self::DisconnectEdge { edge } => GraphCommand::DisconnectEdge { edge: edge.0 },
            Self::TransformNodes { nodes, operation } => GraphCommand::TransformNodes {
                nodes: resolve_all(&nodes, graph),
                operation: operation.into_operation(graph),
            },
            Self::MapConceptualPoint { node, space, coordinates } => GraphCommand::MapConceptualPoint {
                node: node.resolve(graph),
                point: ConceptualPoint { space: space.into(), coordinates },
            },
            Self::AddNodes { nodes } => GraphCommand::AddNodes {
                nodes: nodes.into_iter().map(|node| node.into_entity(graph)).collect::<Result<_, _>>()?,
            },
            Self::UpdateNodes { updates } => GraphCommand::UpdateNodes {
                updates: updates.into_iter().map(|update| update.into_update(graph)).collect(),
            },
            Self::RemoveNodes { nodes } => GraphCommand::RemoveNodes { nodes: resolve_all(&nodes, graph) },
            Self::ConnectEdges { edges } => {
                GraphCommand::ConnectEdges { edges: edges.into_iter().map(|edge| edge.into_entity(graph)).collect() }
            }
            Self::DisconnectEdges { edges } => {
                GraphCommand::DisconnectEdges { edges: edges.into_iter().map(|edge| edge.0).collect() }
            }
        }))
    }
}

impl NodeForm {
    /// Makes the node; its id is the one given, or the one that its key gives.
    ///
    /// # Errors
    /// Where there is neither, or both and they differ.
    pub fn into_entity(self, graph: GraphId) -> Result<NodeEntity, serde_json::Error> {
        let mut node = match (self.id, self.key) {
            (None, Some(KeyForm(key))) => NodeEntity::keyed(graph, self.kind, key),
            (Some(IdForm(id)), None) => NodeEntity::new(id, self.kind),
            (None, None) => return Err(Error::custom("expected a \"key\" or an \"id\"")),
            (Some(IdForm(id)), Some(KeyForm(key))) => {
                let node = NodeEntity::keyed(graph, self.kind, key);
                if node.id != id {
                    return Err(Error::custom(format_args!("expected the id that the key gives, {}", node.id)));
                }
                node
            }
        };
        node.components = self
            .components
            .into_iter()
            .map(|(component_type, properties)| Component::new(component_type, properties.0))
            .collect();
        node.components.sort_by(|a, b| compare_names(&a.component_type, &b.component_type));
        Ok(node)
    }
}

impl UpdateForm {
    fn into_update(self, graph: GraphId) -> NodeUpdate {
        NodeUpdate {
            node: self.node.resolve(graph),
            component_type: self.component.into(),
            set: self.set.0,
            unset: sorted_names(self.unset),
        }
    }
}

impl EdgeForm {
    fn into_entity(self, graph: GraphId) -> EdgeEntity {
        EdgeEntity {
            id: self.id.map(|id| id.0),
            kind: self.kind.into(),
            source: self.source.resolve(graph),
            target: self.target.resolve(graph),
            properties: self.properties.0,
        }
    }
}

impl OperationForm {
    fn into_operation(self, graph: GraphId) -> TransformOperation {
        match self {
            Self::Translate(by) => TransformOperation::Translate(by),
            Self::Scale(by) => TransformOperation::Scale(by),
            Self::Rotate(by) => TransformOperation::Rotate(by),
            Self::Reparent(parent) => TransformOperation::Reparent(parent.map(|parent| parent.resolve(graph))),
        }
    }
}

fn resolve_all(nodes: &[NodeReference], graph: GraphId) -> Vec<NodeId> {
    nodes.iter().map(|node| node.resolve(graph)).collect()
}

/// Sorts names as DAG-CBOR sorts keys and drops repetitions.
pub(crate) fn sorted_names(names: Vec<String>) -> Vec<Name> {
    let mut names: Vec<Name> = names.into_iter().map(Name::from).collect();
    names.sort_by(|a, b| compare_names(a, b));
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use cidgraph::{Key, Value};

    fn read(text: &str) -> GraphCommand {
        match read_line(GraphId::named("g"), text).expect(text) {
            JsonLine::Command(command) => command,
            JsonLine::Transaction(form) => panic!("{form:?}"),
        }
    }

    #[test]
    fn every_command_has_a_line() {
        let alice = r#"{"kind":"Person","key":"alice"}"#;
        let id = "67e55044-10b1-426f-9247-bb680e5fe0c8";
        let lines = [
            r#"{"create_graph":{"name":"g","domain":"d","properties":{"a":1}}}"#.to_owned(),
            r#"{"rename_graph":{"name":"h"}}"#.to_owned(),
            r#"{"archive_graph":{}}"#.to_owned(),
            r#"{"add_node":{"kind":"Person","key":"alice","components":{"Profile":{"age":3}}}}"#.to_owned(),
            format!(r#"{{"update_node":{{"node":{alice},"component":"Profile","set":{{"age":4}}}}}}"#),
            format!(r#"{{"remove_node":{{"node":"{id}"}}}}"#),
            format!(r#"{{"attach_component":{{"node":{alice},"component":"Visual"}}}}"#),
            format!(r#"{{"replace_component":{{"node":{alice},"component":"Visual","properties":{{}}}}}}"#),
            format!(r#"{{"detach_component":{{"node":{alice},"component":"Visual"}}}}"#),
            format!(r#"{{"connect_edge":{{"kind":"knows","source":{alice},"target":"{id}"}}}}"#),
            format!(r#"{{"update_edge":{{"edge":"{id}","unset":["bb","a"]}}}}"#),
            format!(r#"{{"disconnect_edge":{{"edge":"{id}"}}}}"#),
            format!(r#"{{"transform_nodes":{{"nodes":[{alice}],"operation":{{"reparent":null}}}}}}"#),
            format!(r#"{{"map_conceptual_point":{{"node":{alice},"space":"s","coordinates":[0.5]}}}}"#),
            format!(r#"{{"add_nodes":{{"nodes":[{{"kind":"P","id":"{id}"}}]}}}}"#),
            format!(r#"{{"update_nodes":{{"updates":[{{"node":{alice},"component":"A"}}]}}}}"#),
            format!(r#"{{"remove_nodes":{{"nodes":[{alice}]}}}}"#),
            format!(r#"{{"connect_edges":{{"edges":[{{"kind":"k","source":{alice},"target":{alice}}}]}}}}"#),
            format!(r#"{{"disconnect_edges":{{"edges":["{id}"]}}}}"#),
        ];
        let names: std::collections::HashSet<_> =
            lines.iter().map(|line| std::mem::discriminant(&read(line))).collect();
        assert_eq!(names.len(), 19);
        for line in &lines {
            let form: CommandForm = serde_json::from_str(line).expect("a form");
            assert_eq!(read(&write_line(&form)), read(line));
        }
    }

    #[test]
    fn a_keyed_node_gets_the_id_of_its_key() {
        let expected = NodeEntity::keyed(GraphId::named("g"), "Person", Key::Number(7))
            .with("A", [("x", Value::Float(1.0))])
            .with("BB", [("y", Value::Null)]);
        let line = r#"{"add_node":{"key":7,"kind":"Person","components":{"BB":{"y":null},"A":{"x":1.0}}}}"#;
        assert_eq!(read(line), GraphCommand::AddNode { node: expected });
    }

    #[track_caller]
    fn refused(text: &str, column: usize, expected: &str) {
        let error = read_line(GraphId::named("g"), text).expect_err("refused");
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(error.column(), column, "{error}");
    }

    #[test]
    fn what_is_no_command_is_refused_with_its_column() {
        refused(r#"{"add_node":{"kind":3}}"#, 21, "expected a string");
        refused(r#"{"ad_node":{}}"#, 10, "unknown variant `ad_node`");
        refused(r#"{"rename_graph":{"name":"a","x":1}}"#, 31, "unknown field `x`");
        refused(r#"{"rename_graph":{"name":"a","name":"b"}}"#, 34, "duplicate field `name`");
        refused(r#"{"remove_node":{"node":"alice"}}"#, 30, "no node id");
        refused(r#"{"remove_node":"#, 15, "EOF");
        refused(r#"{"add_node":{"kind":"P"}}"#, 0, "expected a \"key\" or an \"id\"");
    }
}
