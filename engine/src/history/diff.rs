//! What differs between two versions of a graph, found by what the events between them touched.

use std::collections::BTreeSet;

use crate::entity::{Component, GraphMetadata, Key};
use crate::id::{EdgeId, NodeId};
use crate::read_model::GraphReadModel;
use crate::state::GraphInfo;
use crate::value::{Name, Properties, Value, compare_names};
use crate::view::{EdgeView, NodeView};

use super::touched::Touched;

/// What differs between two versions of a graph: what must be done to the first to get the second.
///
/// Nodes and edges are in the order of their ids. A node is what its kind, key and components say; an element of which
/// only the version differs is not listed. One that was removed and added again as something else (a node of another
/// kind or key, an edge of another kind or between others) stands under both removed and added.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GraphDiff {
    /// The first version.
    pub from: u64,
    /// The second version.
    pub to: u64,
    /// What is known of the graph as a whole, before and after; `None` where it is the same.
    pub graph: Option<(AboutGraph, AboutGraph)>,
    /// Nodes that only the second version has.
    pub nodes_added: Vec<NodeView>,
    /// Nodes that only the first version has.
    pub nodes_removed: Vec<NodeView>,
    /// Nodes whose components differ.
    pub nodes_changed: Vec<NodeChange>,
    /// Edges that only the second version has.
    pub edges_added: Vec<EdgeView>,
    /// Edges that only the first version has.
    pub edges_removed: Vec<EdgeView>,
    /// Edges whose properties differ.
    pub edges_changed: Vec<EdgeChange>,
}

/// What is known of a graph as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct AboutGraph {
    /// What it is about; `None` before it was created.
    pub metadata: Option<GraphMetadata>,
    /// Why it was archived; `None` while it takes changes.
    pub archived: Option<Name>,
}

/// How a node differs.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeChange {
    /// The node's id.
    pub id: NodeId,
    /// Its kind.
    pub kind: Name,
    /// The caller's own name for it.
    pub key: Option<Key>,
    /// The components that differ, in DAG-CBOR's key order of their types.
    pub components: Vec<ComponentChange>,
}

/// How a component differs.
#[derive(Debug, Clone, PartialEq)]
pub struct ComponentChange {
    /// The component's type.
    pub component_type: Name,
    /// Whether it was added, removed, or has other properties.
    pub kind: ChangeKind,
    /// The properties that differ; all of them where it was added or removed.
    pub properties: Vec<PropertyChange>,
}

/// What happened to a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// Only the second version has it.
    Added,
    /// Only the first version has it.
    Removed,
    /// Both have it, with other properties.
    Changed,
}

/// How a property differs.
#[derive(Debug, Clone, PartialEq)]
pub struct PropertyChange {
    /// The property's name.
    pub property: Name,
    /// Its value in the first version.
    pub before: Option<Value>,
    /// Its value in the second version.
    pub after: Option<Value>,
}

/// How an edge differs.
#[derive(Debug, Clone, PartialEq)]
pub struct EdgeChange {
    /// The edge as it is in the second version.
    pub edge: EdgeView,
    /// The properties that differ.
    pub properties: Vec<PropertyChange>,
}

impl GraphDiff {
    /// Compares the touched elements of two versions; `touched` has all that events between them touched.
    pub(super) fn of(before: &GraphReadModel, after: &GraphReadModel, touched: &Touched) -> Self {
        let mut diff = Self { from: before.version(), to: after.version(), ..Self::default() };
        let (was, is) = (AboutGraph::of(before.info()), AboutGraph::of(after.info()));
        diff.graph = (was != is).then_some((was, is));
        touched.nodes.iter().for_each(|node| diff.compare_node(before.node(*node), after.node(*node)));
        touched.edges.iter().for_each(|edge| diff.compare_edge(*edge, before, after));
        diff
    }

    /// Returns whether nothing differs.
    pub fn is_empty(&self) -> bool {
        let Self { from: _, to: _, graph, nodes_added, nodes_removed, nodes_changed, .. } = self;
        let Self { edges_added, edges_removed, edges_changed, .. } = self;
        graph.is_none()
            && (nodes_added.is_empty() && nodes_removed.is_empty() && nodes_changed.is_empty())
            && (edges_added.is_empty() && edges_removed.is_empty() && edges_changed.is_empty())
    }

    fn compare_node(&mut self, before: Option<NodeView>, after: Option<NodeView>) {
        let (before, after) = match (before, after) {
            (Some(before), Some(after)) if before.kind == after.kind && before.key == after.key => (before, after),
            (before, after) => {
                self.nodes_removed.extend(before);
                self.nodes_added.extend(after);
                return;
            }
        };
        let components = component_changes(&before.components, &after.components);
        if !components.is_empty() {
            self.nodes_changed.push(NodeChange { id: after.id, kind: after.kind, key: after.key, components });
        }
    }

    fn compare_edge(&mut self, edge: EdgeId, before: &GraphReadModel, after: &GraphReadModel) {
        let ends = |edge: &EdgeView| (edge.kind.clone(), edge.source, edge.target);
        let (before, after) = match (before.edge(edge), after.edge(edge)) {
            (Some(before), Some(after)) if ends(&before) == ends(&after) => (before, after),
            (before, after) => {
                self.edges_removed.extend(before);
                self.edges_added.extend(after);
                return;
            }
        };
        let properties = property_changes(&before.properties, &after.properties);
        if !properties.is_empty() {
            self.edges_changed.push(EdgeChange { edge: after, properties });
        }
    }
}

impl AboutGraph {
    fn of(info: &GraphInfo) -> Self {
        Self { metadata: info.metadata.clone(), archived: info.archived.clone() }
    }
}

fn component_changes(before: &[Component], after: &[Component]) -> Vec<ComponentChange> {
    let find = |components: &[Component], of: &Name| {
        components.iter().find(|component| component.component_type == *of).map(|found| found.properties.clone())
    };
    let mut types: Vec<&Name> = before.iter().chain(after).map(|component| &component.component_type).collect();
    types.sort_by(|a, b| compare_names(a, b));
    types.dedup();
    let change = |component_type: &Name| {
        let (was, is) = (find(before, component_type), find(after, component_type));
        let kind = match (&was, &is) {
            (None, _) => ChangeKind::Added,
            (Some(_), None) => ChangeKind::Removed,
            (Some(was), Some(is)) if was == is => return None,
            (Some(_), Some(_)) => ChangeKind::Changed,
        };
        let properties = property_changes(&was.unwrap_or_default(), &is.unwrap_or_default());
        Some(ComponentChange { component_type: component_type.clone(), kind, properties })
    };
    types.into_iter().filter_map(change).collect()
}

fn property_changes(before: &Properties, after: &Properties) -> Vec<PropertyChange> {
    let names: BTreeSet<&Name> = before.iter().chain(after.iter()).map(|(name, _)| name).collect();
    let change = |property: &Name| {
        let (before, after) = (before.get(property).cloned(), after.get(property).cloned());
        (before != after).then(|| PropertyChange { property: property.clone(), before, after })
    };
    names.into_iter().filter_map(change).collect()
}
