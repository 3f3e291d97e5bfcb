//! Drawn queries as the read model takes them.

use cidgraph::algorithm::Direction;
use cidgraph::{Criterion, GraphQuery, NodeId, NodeQuery, OrderBy};

use crate::workload::{QueryDraw, VISUAL};

/// Returns the query that a draw stands for.
///
/// # Panics
/// Where a score does not fit in 63 bits.
pub fn question(draw: QueryDraw) -> GraphQuery {
    match draw {
        QueryDraw::Point { node } => GraphQuery::Node(node),
        QueryDraw::Count { kind, color } => GraphQuery::Count(kind_and_color(kind, color)),
        QueryDraw::ScoreFrom { score } => {
            let score = i64::try_from(score).expect("scores are small");
            GraphQuery::Count(Criterion::at_least(VISUAL, "score", score))
        }
        QueryDraw::Neighbours { node } => neighbours(node),
        QueryDraw::TwoHops { node } => two_hops(node, Direction::Outgoing),
        QueryDraw::Path { from, to } => path(from, to),
    }
}

/// Asks for the nodes of a kind and a color.
pub(super) fn kind_and_color(kind: &'static str, color: &'static str) -> Criterion {
    Criterion::kind(kind).and(Criterion::equals(VISUAL, "color", color))
}

/// Asks for the nodes at the other ends of a node's edges, with the edges.
pub(super) const fn neighbours(node: NodeId) -> GraphQuery {
    GraphQuery::Neighbors { node, direction: Direction::Both, edge_kind: None, limit: None }
}

/// Asks for the nodes up to two edges away.
pub(super) const fn two_hops(node: NodeId, direction: Direction) -> GraphQuery {
    GraphQuery::Neighborhood { node, hops: 2, direction, edge_kind: None }
}

/// Asks for a shortest path along the edges' direction.
pub(super) const fn path(source: NodeId, target: NodeId) -> GraphQuery {
    GraphQuery::ShortestPath { source, target, direction: Direction::Outgoing, edge_kind: None }
}

/// Asks for the nodes of the highest scores.
pub(super) fn top(limit: usize) -> GraphQuery {
    let by = OrderBy::Property { component: VISUAL.into(), property: "score".into() };
    GraphQuery::Nodes(NodeQuery::of(Criterion::kind("Person")).order_by(by, true).limit(limit))
}
