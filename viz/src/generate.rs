//! A made-up graph of any size: nodes of six kinds, each joined to near ones, so that edges are short.

use cidgraph::{
    EdgeEntity, EdgeId, EdgeView, GraphCommand, GraphId, GraphMetadata, GraphMutation, NodeEntity, NodeId, NodeView,
    Properties,
};

use crate::scene::{GraphScene, sunflower};

/// Elements of one transaction.
const BATCH: u32 = 1000;

/// Differences of two places in the spiral that may be near: Fibonacci's numbers.
const STEPS: [u32; 17] = [1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 987, 1597, 2584];

const KINDS: [&str; 6] = ["person", "order", "product", "store", "invoice", "parcel"];

/// A node's `Score.value` is below this.
const SCORES: u32 = 100;

/// Returns the id of a made-up graph's node.
pub fn node_id(ordinal: u32) -> NodeId {
    NodeId::from_u64(u64::from(ordinal) + 1)
}

/// Returns the commands for a graph that was just created: `nodes` nodes and, from six nodes on, twice as many edges, joined
/// to the ones next to them where [`sunflower`] places them: a thousand nodes, then the edges between what is there, and so
/// on.
pub fn commands(nodes: u32) -> impl Iterator<Item = GraphCommand> {
    (0..nodes).step_by(BATCH as usize).flat_map(move |first| {
        let ordinals = first..nodes.min(first.saturating_add(BATCH));
        let edges: Vec<EdgeEntity> = ordinals.clone().flat_map(edges_back).collect();
        let added = GraphCommand::AddNodes { nodes: ordinals.map(node).collect() };
        let connected = edges.chunks(BATCH as usize).map(|edges| GraphCommand::ConnectEdges { edges: edges.to_vec() });
        std::iter::once(added).chain(connected.collect::<Vec<_>>())
    })
}

/// Returns the changes that creating the graph and the same commands bring about, by version.
pub fn generate(nodes: u32) -> impl Iterator<Item = (u64, Vec<GraphMutation>)> {
    let created = GraphMutation::GraphChanged { metadata: Some(GraphMetadata::named("generated")), archived: None };
    let changed = (2..).zip(commands(nodes)).map(|(version, command)| (version, mutations(version, command)));
    std::iter::once((1, vec![created])).chain(changed)
}

/// Returns a scene of the same graph, at its last version.
pub fn generated_scene(graph: GraphId, nodes: u32) -> GraphScene {
    let mut scene = GraphScene::default();
    for (version, mutations) in generate(nodes) {
        mutations.iter().for_each(|mutation| scene.apply(graph, version, mutation));
    }
    scene
}

fn mutations(version: u64, command: GraphCommand) -> Vec<GraphMutation> {
    let added = |node: NodeEntity| {
        let NodeEntity { id, key, kind, components, .. } = node;
        GraphMutation::NodeAdded { node: NodeView { id, key, kind, version, components } }
    };
    let connected = |(index, edge): (u32, EdgeEntity)| {
        let EdgeEntity { kind, source, target, .. } = edge;
        let id = EdgeId::engine_made(version, index);
        GraphMutation::EdgeConnected { edge: EdgeView { id, kind, source, target, properties: Properties::new() } }
    };
    if let GraphCommand::AddNodes { nodes } = command {
        return nodes.into_iter().map(added).collect();
    }
    let GraphCommand::ConnectEdges { edges } = command else { return Vec::new() };
    (0..).zip(edges).map(connected).collect()
}

fn node(ordinal: u32) -> NodeEntity {
    let score = i64::from(ordinal % SCORES);
    NodeEntity::new(node_id(ordinal), KINDS[ordinal as usize % KINDS.len()]).with("Score", [("value", score)])
}

/// Returns the edges to the two nearest of the nodes before; three of the first nodes have a third one, for the three
/// that the first nodes cannot have.
fn edges_back(ordinal: u32) -> impl Iterator<Item = EdgeEntity> {
    let [x, y] = sunflower(ordinal);
    let mut near: Vec<(u32, f32)> = STEPS
        .into_iter()
        .filter_map(|step| ordinal.checked_sub(step))
        .map(|other| (other, sunflower(other)))
        .map(|(other, [other_x, other_y])| (other, (other_x - x).hypot(other_y - y)))
        .collect();
    near.sort_by(|a, b| a.1.total_cmp(&b.1));
    let count = if (3..6).contains(&ordinal) { 3 } else { 2 };
    near.into_iter().take(count).map(move |(other, _)| EdgeEntity::new(node_id(ordinal), "near", node_id(other)))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;

    #[test]
    fn a_generated_graph_has_two_edges_a_node() {
        let changes: Vec<(u64, Vec<GraphMutation>)> = generate(2500).collect();
        assert!(changes.iter().zip(1..).all(|((version, _), expected)| *version == expected));
        let count = |is_counted: fn(&GraphMutation) -> bool| {
            changes.iter().flat_map(|(_, mutations)| mutations).filter(|mutation| is_counted(mutation)).count()
        };
        assert_eq!(count(|mutation| matches!(mutation, GraphMutation::NodeAdded { .. })), 2500);
        assert_eq!(count(|mutation| matches!(mutation, GraphMutation::EdgeConnected { .. })), 5000);
    }

    #[test]
    fn edges_are_short() {
        for ordinal in [100, 5_000, 99_999, 999_999] {
            let [x, y] = sunflower(ordinal);
            for edge in edges_back(ordinal) {
                let other = (0..ordinal).rev().find(|other| node_id(*other) == edge.target).unwrap();
                let [other_x, other_y] = sunflower(other);
                assert!((other_x - x).hypot(other_y - y) < 3.0, "{ordinal} {other}");
            }
        }
    }
}
