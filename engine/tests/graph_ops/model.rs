//! A graph as two maps: what every command should do, in the plainest way.

use std::collections::BTreeMap;

use cidgraph::dag_cbor::Encoder;
use cidgraph::entity::{CONCEPTUAL_POINT, HIERARCHY, SPATIAL};
use cidgraph::value::compare_names;
use cidgraph::{
    Component, EdgeEntity, EdgeId, EdgeView, GraphCommand, GraphId, GraphMetadata, Key, Limits, Name, NodeEntity,
    NodeId, NodeView, Properties, TransformOperation, Value,
};

pub const LIMITS: Limits = Limits {
    name_bytes_max: 16,
    key_bytes_max: 6,
    value_bytes_max: 64,
    properties_max: 4,
    components_max: 3,
    value_depth_max: 2,
    elements_max: 5,
    event_bytes_max: 512 * 1024,
    transaction_events_max: 100,
};

/// One version of a graph.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Model {
    pub metadata: Option<GraphMetadata>,
    pub archived: Option<Name>,
    pub version: u64,
    pub nodes: BTreeMap<NodeId, NodeView>,
    /// The edges, each with its place in the order of connection.
    pub edges: BTreeMap<EdgeId, (u64, EdgeView)>,
    connected: u64,
    edges_of_version: u32,
}

/// `None` where a command is refused.
type Change = Option<()>;

impl Model {
    /// Does a command that brings about one event, or nothing; returns whether it was done.
    pub fn execute(&mut self, graph: GraphId, command: &GraphCommand) -> bool {
        let mut next = self.clone();
        next.version += 1;
        next.edges_of_version = 0;
        let done = next.change(graph, command).is_some();
        if done {
            *self = next;
        }
        done
    }

    fn change(&mut self, graph: GraphId, command: &GraphCommand) -> Change {
        if let GraphCommand::CreateGraph { metadata } = command {
            ensure(self.metadata.is_none() && metadata.domain.len() <= LIMITS.name_bytes_max)?;
            name(&metadata.name)?;
            properties(&metadata.properties)?;
            self.metadata = Some(metadata.clone());
            return Some(());
        }
        ensure(self.metadata.is_some() && self.archived.is_none())?;
        match command {
            GraphCommand::CreateGraph { .. } => unreachable!("it is done above"),
            GraphCommand::RenameGraph { name: new } => {
                let metadata = self.metadata.as_mut()?;
                name(new)?;
                ensure(metadata.name != *new)?;
                metadata.name = new.clone();
                Some(())
            }
            GraphCommand::ArchiveGraph { reason } => {
                self.archived = Some(reason.clone());
                ensure(reason.len() <= LIMITS.name_bytes_max)
            }
            GraphCommand::AddNode { node } => self.add(graph, node),
            GraphCommand::UpdateNode { update } => {
                self.merge(update.node, &update.component_type, &update.set, &update.unset)
            }
            GraphCommand::RemoveNode { node } => self.remove(*node),
            GraphCommand::AttachComponent { node, component } => {
                ensure(self.find(*node, &component.component_type).is_none())?;
                self.put(*node, component)
            }
            GraphCommand::ReplaceComponent { node, component } => {
                self.find(*node, &component.component_type)?;
                self.put(*node, component)
            }
            GraphCommand::DetachComponent { node, component_type } => self.detach(*node, component_type),
            GraphCommand::ConnectEdge { edge } => self.connect(edge),
            GraphCommand::UpdateEdge { edge, set, unset } => {
                merge_allowed(set, unset)?;
                let (_, view) = self.edges.get_mut(edge)?;
                view.properties = merged(view.properties.clone(), set, unset);
                ensure(view.properties.len() <= LIMITS.properties_max)
            }
            GraphCommand::DisconnectEdge { edge } => self.edges.remove(edge).map(drop),
            GraphCommand::TransformNodes { nodes, operation } => self.transform(nodes, operation),
            GraphCommand::MapConceptualPoint { node, point } => {
                ensure(!point.space.is_empty() && point.space.len() <= LIMITS.name_bytes_max)?;
                let coordinates = &point.coordinates;
                ensure(!coordinates.is_empty() && coordinates.iter().all(|number| number.is_finite()))?;
                self.put(*node, &Component::new(CONCEPTUAL_POINT, point.to_properties()))
            }
            GraphCommand::AddNodes { nodes } => each(nodes, |node| self.add(graph, node)),
            GraphCommand::UpdateNodes { updates } => {
                each(updates, |update| self.merge(update.node, &update.component_type, &update.set, &update.unset))
            }
            GraphCommand::RemoveNodes { nodes } => each(nodes, |node| self.remove(*node)),
            GraphCommand::ConnectEdges { edges } => each(edges, |edge| self.connect(edge)),
            GraphCommand::DisconnectEdges { edges } => each(edges, |edge| self.edges.remove(edge).map(drop)),
            GraphCommand::Checkpoint { .. } => unreachable!("no caller makes one"),
        }
    }

    fn add(&mut self, graph: GraphId, node: &NodeEntity) -> Change {
        let NodeEntity { id, kind, key, components } = node.clone();
        name(&kind)?;
        ensure(!self.nodes.contains_key(&id))?;
        if let Some(key) = &key {
            ensure(NodeId::of_key(graph, &kind, key) == id)?;
            ensure(!matches!(key, Key::Text(text) if text.is_empty() || text.len() > LIMITS.key_bytes_max))?;
        }
        let view = NodeView { id, key, kind, version: self.version, components: Vec::new() };
        self.nodes.insert(id, view);
        each_of_any(&components, |component| {
            ensure(self.find(id, &component.component_type).is_none())?;
            self.put(id, component)
        })
    }

    fn remove(&mut self, node: NodeId) -> Change {
        self.nodes.remove(&node)?;
        let children: Vec<NodeId> =
            self.nodes.keys().copied().filter(|child| self.parent(*child) == Some(node)).collect();
        each_of_any(&children, |child| self.detach(*child, HIERARCHY))?;
        self.edges.retain(|_, (_, edge)| edge.source != node && edge.target != node);
        Some(())
    }

    fn connect(&mut self, edge: &EdgeEntity) -> Change {
        name(&edge.kind)?;
        properties(&edge.properties)?;
        ensure(self.nodes.contains_key(&edge.source) && self.nodes.contains_key(&edge.target))?;
        ensure(edge.id.is_none_or(|id| id.as_engine_made().is_none() && !self.edges.contains_key(&id)))?;
        let id = edge.id.unwrap_or_else(|| EdgeId::engine_made(self.version, self.edges_of_version));
        let EdgeEntity { kind, source, target, properties, .. } = edge.clone();
        self.edges.insert(id, (self.connected, EdgeView { id, kind, source, target, properties }));
        self.connected += 1;
        self.edges_of_version += 1;
        Some(())
    }

    fn transform(&mut self, nodes: &[NodeId], operation: &TransformOperation) -> Change {
        ensure(!nodes.is_empty() && nodes.len() <= LIMITS.elements_max)?;
        let mut nodes = nodes.to_vec();
        nodes.sort_unstable();
        nodes.dedup();
        ensure(nodes.iter().all(|node| self.nodes.contains_key(node)))?;
        match operation {
            TransformOperation::Reparent(Some(parent)) => each_of_any(&nodes, |node| {
                self.merge(*node, HIERARCHY, &Properties::from([("parent", bytes_of(*parent))]), &[])
            }),
            TransformOperation::Reparent(None) => {
                nodes.retain(|node| self.find(*node, HIERARCHY).is_some());
                ensure(!nodes.is_empty())?;
                each_of_any(&nodes, |node| self.detach(*node, HIERARCHY))
            }
            TransformOperation::Translate(by) => {
                ensure(by.iter().any(|number| *number != 0.0))?;
                each_of_any(&nodes, |node| {
                    let axes = ["x", "y", "z"].into_iter().zip(by);
                    let moved = axes.map(|(axis, by)| Some((axis, Value::float(self.number(*node, axis) + by)?)));
                    self.merge(*node, SPATIAL, &moved.collect::<Option<Properties>>()?, &[])
                })
            }
            TransformOperation::Scale(by) => {
                ensure(by.iter().any(|number| *number != 1.0))?;
                each_of_any(&nodes, |node| {
                    let scaled = self.scale(*node).into_iter().zip(by).map(|(factor, by)| factor * by);
                    let scaled: Vec<f64> = scaled.collect();
                    ensure(scaled.iter().all(|factor| *factor != 0.0))?;
                    let list = scaled.into_iter().map(Value::float).collect::<Option<Vec<Value>>>()?;
                    self.merge(*node, SPATIAL, &Properties::from([("scale", Value::List(list))]), &[])
                })
            }
            TransformOperation::Rotate(_) => unreachable!("the rules of rotation are tested one by one"),
        }
    }

    fn number(&self, node: NodeId, axis: &str) -> f64 {
        self.find(node, SPATIAL).and_then(|spatial| spatial.get(axis)?.as_f64()).unwrap_or(0.0)
    }

    fn scale(&self, node: NodeId) -> [f64; 3] {
        let Some(Value::List(scale)) = self.find(node, SPATIAL).and_then(|spatial| spatial.get("scale")) else {
            return [1.0; 3];
        };
        std::array::from_fn(|axis| scale[axis].as_f64().expect("only transforms write scales"))
    }

    fn find(&self, node: NodeId, component_type: &str) -> Option<&Properties> {
        let components = &self.nodes.get(&node)?.components;
        components.iter().find(|have| have.component_type == component_type).map(|have| &have.properties)
    }

    fn parent(&self, node: NodeId) -> Option<NodeId> {
        let Value::Bytes(bytes) = self.find(node, HIERARCHY)?.get("parent")? else { return None };
        Some(NodeId::from_bytes((**bytes).try_into().ok()?))
    }

    fn merge(&mut self, node: NodeId, component_type: &str, set: &Properties, unset: &[Name]) -> Change {
        merge_allowed(set, unset)?;
        let before = self.find(node, component_type).cloned().unwrap_or_default();
        self.put(node, &Component::new(component_type, merged(before, set, unset)))
    }

    /// Gives a node a component in place of that of its type, if any.
    fn put(&mut self, node: NodeId, component: &Component) -> Change {
        name(&component.component_type)?;
        properties(&component.properties)?;
        schema(component)?;
        let view = self.nodes.get_mut(&node)?;
        view.version = self.version;
        view.components.retain(|have| have.component_type != component.component_type);
        view.components.push(component.clone());
        view.components.sort_by(|a, b| compare_names(&a.component_type, &b.component_type));
        ensure(view.components.len() <= LIMITS.components_max)?;
        if component.component_type == HIERARCHY {
            let above = std::iter::successors(self.parent(node), |above| self.parent(*above));
            ensure(self.nodes.contains_key(&self.parent(node)?) && !above.take(self.nodes.len()).any(|up| up == node))?;
        }
        Some(())
    }

    fn detach(&mut self, node: NodeId, component_type: &str) -> Change {
        self.find(node, component_type)?;
        let view = self.nodes.get_mut(&node)?;
        view.version = self.version;
        view.components.retain(|have| have.component_type != component_type);
        Some(())
    }
}

pub fn bytes_of(node: NodeId) -> Value {
    Value::Bytes(node.as_bytes().as_slice().into())
}

fn ensure(condition: bool) -> Change {
    condition.then_some(())
}

fn each<T>(elements: &[T], change: impl FnMut(&T) -> Change) -> Change {
    ensure(!elements.is_empty() && elements.len() <= LIMITS.elements_max)?;
    each_of_any(elements, change)
}

fn each_of_any<T>(elements: &[T], change: impl FnMut(&T) -> Change) -> Change {
    elements.iter().map(change).collect()
}

fn name(name: &str) -> Change {
    ensure(!name.is_empty() && name.len() <= LIMITS.name_bytes_max)
}

fn properties(properties: &Properties) -> Change {
    ensure(properties.len() <= LIMITS.properties_max)?;
    properties.iter().map(|(key, value)| name(key).and_then(|()| value_allowed(value))).collect()
}

fn value_allowed(value: &Value) -> Change {
    let depth = depth(value).filter(|depth| *depth <= LIMITS.value_depth_max);
    let mut bytes = Vec::new();
    depth.map(|_| Encoder::new(&mut bytes).value(value))?;
    ensure(bytes.len() <= LIMITS.value_bytes_max)
}

/// Returns how deep a value is nested; `None` where a number in it cannot be written.
fn depth(value: &Value) -> Option<usize> {
    match value {
        Value::Float(number) => (number.is_finite() && number.to_bits() != (-0.0_f64).to_bits()).then_some(0),
        Value::List(values) => {
            values.iter().try_fold(0, |deepest, inner| Some(depth(inner)?.max(deepest))).map(|inner| inner + 1)
        }
        Value::Map(map) => {
            map.iter().try_fold(0, |deepest, (_, inner)| Some(depth(inner)?.max(deepest))).map(|inner| inner + 1)
        }
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Text(_) | Value::Bytes(_) | Value::Link(_) => Some(0),
    }
}

/// What the engine's own component types demand.
fn schema(component: &Component) -> Change {
    let is = |property: &str, fits: fn(&Value) -> bool| component.properties.get(property).is_none_or(fits);
    let has = |property: &str| component.properties.get(property).is_some();
    match component.component_type.as_str() {
        SPATIAL => ensure(["x", "y", "z"].into_iter().all(|axis| is(axis, |value| value.as_f64().is_some()))),
        HIERARCHY => ensure(has("parent") && is("parent", |value| matches!(value, Value::Bytes(_)))),
        CONCEPTUAL_POINT => {
            let point = is("space", |value| matches!(value, Value::Text(_)));
            ensure(
                point
                    && has("space")
                    && has("coordinates")
                    && is("coordinates", |value| matches!(value, Value::List(_))),
            )
        }
        _ => Some(()),
    }
}

fn merge_allowed(set: &Properties, unset: &[Name]) -> Change {
    ensure(!(set.is_empty() && unset.is_empty()) && unset.len() <= LIMITS.properties_max)?;
    properties(set)?;
    unset.iter().map(|property| name(property)).collect()
}

fn merged(mut properties: Properties, set: &Properties, unset: &[Name]) -> Properties {
    unset.iter().for_each(|property| drop(properties.remove(property)));
    properties.merge(set);
    properties
}
