//! A made-up graph of any size, as events: nodes of six kinds, each joined to near ones, so that edges are short.

use cidgraph::{EdgeEntity, GraphCommand, GraphEvent, GraphId, GraphMetadata, NodeEntity, NodeId};

use crate::scene::{GraphMutation, sunflower};

/// Elements of one event.
const BATCH: u32 = 1000;

/// Differences of two places in the spiral that may be near: Fibonacci's numbers.
const STEPS: [u32; 17] = [1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 987, 1597, 2584];

const KINDS: [&str; 6] = ["person", "order", "product", "store", "invoice", "parcel"];

/// Returns the id of a made-up graph's node.
pub fn node_id(ordinal: u32) -> NodeId {
    NodeId::from_u64(u64::from(ordinal) + 1)
}

/// Returns the events of a graph of `nodes` nodes and, from six nodes on, twice as many edges, joined to the ones next to
/// them where [`Sunflower`](crate::scene::Sunflower) places them: a thousand nodes, then the edges between what is there,
/// and so on.
pub fn generate(graph: GraphId, nodes: u32) -> impl Iterator<Item = GraphMutation> {
    let created = GraphEvent::GraphCreated { metadata: GraphMetadata::named("generated") };
    let batches = (0..nodes).step_by(BATCH as usize).flat_map(move |first| {
        let ordinals = first..nodes.min(first.saturating_add(BATCH));
        let edges: Vec<EdgeEntity> = ordinals.clone().flat_map(edges_back).collect();
        let added = GraphEvent::NodesAdded { nodes: ordinals.map(node).collect() };
        let connected = edges.chunks(BATCH as usize).map(|edges| GraphEvent::EdgesConnected { edges: edges.to_vec() });
        std::iter::once(added).chain(connected.collect::<Vec<_>>())
    });
    let events = std::iter::once(created).chain(batches);
    (1..).zip(events).map(move |(version, event)| GraphMutation { graph, version, event })
}

/// Returns the commands that bring the same about in a graph that was just created.
pub fn commands(nodes: u32) -> impl Iterator<Item = GraphCommand> {
    generate(GraphId::from_u64(0), nodes).filter_map(|mutation| {
        if let GraphEvent::NodesAdded { nodes } = mutation.event {
            return Some(GraphCommand::AddNodes { nodes });
        }
        let GraphEvent::EdgesConnected { edges } = mutation.event else { return None };
        Some(GraphCommand::ConnectEdges { edges })
    })
}

fn node(ordinal: u32) -> NodeEntity {
    NodeEntity::new(node_id(ordinal), KINDS[ordinal as usize % KINDS.len()])
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
mod tests {
    use super::*;

    #[test]
    fn a_generated_graph_has_two_edges_a_node() {
        let events: Vec<GraphMutation> = generate(GraphId::from_u64(1), 2500).collect();
        assert!(events.iter().zip(1..).all(|(event, version)| event.version == version));
        let mut counts = (0, 0);
        for mutation in &events {
            if let GraphEvent::NodesAdded { nodes } = &mutation.event {
                counts.0 += nodes.len();
            }
            if let GraphEvent::EdgesConnected { edges } = &mutation.event {
                counts.1 += edges.len();
            }
        }
        assert_eq!(counts, (2500, 5000));
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
