//! Comparing two states by looking at everything in both.

use std::collections::BTreeMap;

use cidgraph::history::{AboutGraph, ChangeKind, ComponentChange, EdgeChange, GraphDiff, NodeChange, PropertyChange};
use cidgraph::{EdgeId, EdgeView, GraphReadModel, NodeId, NodeView, Properties};

pub(crate) fn nodes(state: &GraphReadModel) -> BTreeMap<NodeId, NodeView> {
    let at = state.view().at();
    at.nodes().map(|node| (at.node_id(node), at.node_view(node))).collect()
}

pub(crate) fn edges(state: &GraphReadModel) -> BTreeMap<EdgeId, EdgeView> {
    let at = state.view().at();
    at.edges().map(|edge| (at.edge_id(edge), at.edge_view(edge))).collect()
}

pub(crate) fn diff(before: &GraphReadModel, after: &GraphReadModel) -> GraphDiff {
    let about = |state: &GraphReadModel| AboutGraph {
        metadata: state.info().metadata.clone(),
        archived: state.info().archived.clone(),
    };
    let (was, is) = (about(before), about(after));
    let mut diff = GraphDiff { from: before.version(), to: after.version(), ..GraphDiff::default() };
    diff.graph = (was != is).then_some((was, is));
    let (old, new) = (nodes(before), nodes(after));
    let same_node = |a: &NodeView, b: &NodeView| a.kind == b.kind && a.key == b.key;
    diff.nodes_removed =
        old.values().filter(|node| !new.get(&node.id).is_some_and(|is| same_node(node, is))).cloned().collect();
    diff.nodes_added =
        new.values().filter(|node| !old.get(&node.id).is_some_and(|was| same_node(node, was))).cloned().collect();
    let kept = new.values().filter_map(|node| Some((old.get(&node.id)?, node)));
    for (was, is) in kept.filter(|(was, is)| same_node(was, is)) {
        let components = components(was, is);
        if !components.is_empty() {
            diff.nodes_changed.push(NodeChange { id: is.id, kind: is.kind.clone(), key: is.key.clone(), components });
        }
    }
    let (old, new) = (edges(before), edges(after));
    let same_edge = |a: &EdgeView, b: &EdgeView| (&a.kind, a.source, a.target) == (&b.kind, b.source, b.target);
    diff.edges_removed =
        old.values().filter(|edge| !new.get(&edge.id).is_some_and(|is| same_edge(edge, is))).cloned().collect();
    diff.edges_added =
        new.values().filter(|edge| !old.get(&edge.id).is_some_and(|was| same_edge(edge, was))).cloned().collect();
    let kept = new.values().filter_map(|edge| Some((old.get(&edge.id)?, edge)));
    for (was, is) in kept.filter(|(was, is)| same_edge(was, is)) {
        let properties = properties(&was.properties, &is.properties);
        if !properties.is_empty() {
            diff.edges_changed.push(EdgeChange { edge: is.clone(), properties });
        }
    }
    diff
}

fn components(was: &NodeView, is: &NodeView) -> Vec<ComponentChange> {
    let all = |node: &NodeView| -> Vec<(cidgraph::Name, Properties)> {
        let of = |component: &cidgraph::Component| (component.component_type.clone(), component.properties.clone());
        node.components.iter().map(of).collect()
    };
    let (old, new) = (all(was), all(is));
    let mut changes = Vec::new();
    for (component_type, properties_then) in &old {
        let now = new.iter().find(|(name, _)| name == component_type).map(|(_, properties)| properties);
        let kind = if now.is_some() { ChangeKind::Changed } else { ChangeKind::Removed };
        if now != Some(properties_then) {
            let properties = properties(properties_then, now.unwrap_or(&Properties::new()));
            changes.push(ComponentChange { component_type: component_type.clone(), kind, properties });
        }
    }
    for (component_type, now) in new.iter().filter(|(name, _)| !old.iter().any(|(had, _)| had == name)) {
        let properties = properties(&Properties::new(), now);
        changes.push(ComponentChange { component_type: component_type.clone(), kind: ChangeKind::Added, properties });
    }
    changes.sort_by(|a, b| {
        let (a, b) = (&a.component_type, &b.component_type);
        (a.len(), a.as_str()).cmp(&(b.len(), b.as_str()))
    });
    changes
}

fn properties(was: &Properties, is: &Properties) -> Vec<PropertyChange> {
    let mut changes = BTreeMap::new();
    for (name, _) in was.iter().chain(is.iter()) {
        let (before, after) = (was.get(name).cloned(), is.get(name).cloned());
        if before != after {
            changes.insert(name.clone(), PropertyChange { property: name.clone(), before, after });
        }
    }
    changes.into_values().collect()
}
