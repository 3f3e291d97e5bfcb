//! Graphs to lay out, and their layouts.

use cidgraph_layout::{Layout, Place, Stage};

pub(crate) type Edges = Vec<[u32; 2]>;

pub(crate) fn path(nodes: u32) -> Edges {
    (1..nodes).map(|node| [node - 1, node]).collect()
}

pub(crate) fn star(nodes: u32) -> Edges {
    (1..nodes).map(|node| [0, node]).collect()
}

pub(crate) fn grid(side: u32) -> Edges {
    let right = (0..side * side).filter(|node| node % side + 1 < side).map(|node| [node, node + 1]);
    let down = (0..side * (side - 1)).map(|node| [node, node + side]);
    right.chain(down).collect()
}

/// A binary tree.
pub(crate) fn tree(nodes: u32) -> Edges {
    (1..nodes).map(|node| [(node - 1) / 2, node]).collect()
}

/// Two edges from each node to any earlier ones.
pub(crate) fn random(nodes: u32) -> Edges {
    let mut bits = 1_u64;
    let mut below = |limit: u32| {
        bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((bits >> 33) % u64::from(limit)).expect("below a limit of 32 bits")
    };
    (1..nodes).flat_map(|node| [[node, below(node)], [node, below(node)]]).collect()
}

/// Edges whose nodes are numbered from `first`.
pub(crate) fn shifted(edges: &[[u32; 2]], first: u32) -> Edges {
    edges.iter().map(|ends| ends.map(|node| node + first)).collect()
}

pub(crate) fn free(nodes: usize) -> Vec<Place> {
    vec![Place::Free; nodes]
}

/// Lays out to the end.
pub(crate) fn finished(edges: &[[u32; 2]], places: &[Place]) -> Vec<[f32; 2]> {
    let mut layout = Layout::new(edges, places, 7).expect("the graph is good");
    assert_eq!(layout.step(u32::MAX).stage, Stage::Done);
    layout.positions().to_vec()
}

/// Returns the first positions.
pub(crate) fn seeded(edges: &[[u32; 2]], places: &[Place]) -> Vec<[f32; 2]> {
    let mut layout = Layout::new(edges, places, 7).expect("the graph is good");
    layout.step(1);
    layout.positions().to_vec()
}
