//! What hangs together: the connected components of a graph.

use crate::adjacency::{Adjacency, index};

/// Nodes that hang together, in breadth-first order from the lowest of them, so that neighbours lie close in memory.
#[derive(Debug)]
pub(crate) struct Component {
    pub(crate) nodes: Vec<u32>,
    /// Over the places in `nodes`.
    pub(crate) adjacency: Adjacency,
}

/// Returns the components of two nodes and more in the order of their lowest nodes, and the nodes without edges.
pub(crate) fn components(graph: &Adjacency) -> (Vec<Component>, Vec<u32>) {
    let mut local = vec![u32::MAX; graph.nodes()];
    let (mut components, mut isolated) = (Vec::new(), Vec::new());
    for start in 0..index(graph.nodes()) {
        if graph.neighbours(start).is_empty() {
            isolated.push(start);
        } else if local[start as usize] == u32::MAX {
            let nodes = reached(graph, start, &mut local);
            let adjacency = graph.of_part(&nodes, &local);
            components.push(Component { nodes, adjacency });
        }
    }
    (components, isolated)
}

/// Returns what can be reached, and notes in `local` each one's place among it.
fn reached(graph: &Adjacency, start: u32, local: &mut [u32]) -> Vec<u32> {
    let mut nodes = vec![start];
    local[start as usize] = 0;
    let mut next = 0;
    while next < nodes.len() {
        for target in graph.neighbours(nodes[next]) {
            if local[*target as usize] == u32::MAX {
                local[*target as usize] = index(nodes.len());
                nodes.push(*target);
            }
        }
        next += 1;
    }
    nodes
}
