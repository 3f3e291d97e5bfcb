//! The queries of the bench, each answered from one view of a graph; an answer is folded into one number, so that none of
//! its work can be left out.

use std::collections::BTreeSet;
use std::ops::Bound;

use cidgraph::algorithm::{CancelToken, Direction, breadth_first, neighbourhood, shortest_path};
use cidgraph::footprint::Facet;
use cidgraph::index::Postings;
use cidgraph::pool::NameId;
use cidgraph::topology::{NodeIndex, Topology};
use cidgraph::{GraphView, NodeId, Value};

use crate::number;
use crate::workload::{QueryDraw, VISUAL};

/// Names that queries use, looked up once, as a caller who prepares a query does.
#[derive(Debug)]
pub struct Asked {
    visual: NameId,
    color: NameId,
    score: NameId,
    /// Kinds with their numbers.
    kinds: Vec<(&'static str, NameId)>,
    cancel: CancelToken,
}

impl Asked {
    /// Looks the names up in a graph that has nodes of a workload; `None` where one is not in use there.
    pub fn prepare(view: &GraphView) -> Option<Self> {
        let find = |name: &str| view.at().pool().names().find(name);
        let kinds = crate::workload::KINDS.into_iter();
        Some(Self {
            visual: find(VISUAL)?,
            color: find("color")?,
            score: find("score")?,
            kinds: kinds.filter_map(|kind| Some((kind, find(kind)?))).collect(),
            cancel: CancelToken::new(),
        })
    }

    /// Looks a node up: its ordinal, kind and component set.
    #[inline]
    pub fn point(&self, view: &GraphView, node: NodeId) -> u64 {
        let at = view.at();
        at.find_node(node).map_or(0, |node| u64::from(at.node_kind(node).0) + u64::from(at.node_set(node).0))
    }

    /// Looks a node up and makes everything that an answer shows of it.
    pub fn view(&self, view: &GraphView, node: NodeId) -> u64 {
        let at = view.at();
        at.find_node(node).map_or(0, |node| number::count(at.node_view(node).components.len()))
    }

    /// Counts the nodes of a kind and a color: two indices, and the nodes that these do not have yet.
    pub fn count(&self, view: &GraphView, kind: &str, color: &'static str) -> u64 {
        let Some((_, kind)) = self.kinds.iter().find(|(name, _)| *name == kind) else { return 0 };
        let Some(of_kind) = view.index().kind(kind.0) else { return 0 };
        let color = Value::text(color);
        let (visual, property) = (self.visual.0, self.color.0);
        let of_color = view.index().equals(visual, property, &color).expect("text is indexed");
        let mut count = of_color.intersection_len(of_kind);
        for node in pending(view) {
            let ordinal = u32::try_from(node.index()).expect("ordinals have 32 bits");
            count -= usize::from(of_kind.contains(ordinal) && contains(&of_color, ordinal));
            count += usize::from(self.matches(view, node, *kind, &color));
        }
        number::count(count)
    }

    fn matches(&self, view: &GraphView, node: NodeIndex, kind: NameId, color: &Value) -> bool {
        let at = view.at();
        let has_color = || {
            let value = at.component(node, self.visual).and_then(|visual| at.pool().property(visual, self.color));
            value.is_some_and(|value| at.pool().value(value) == *color)
        };
        view.contains(node) && at.node_kind(node) == kind && has_color()
    }

    /// Counts the nodes of at least a score: one range of an index.
    pub fn score_from(&self, view: &GraphView, score: u64) -> u64 {
        let score = Value::Int(i64::try_from(score).expect("scores are small"));
        let (visual, property) = (self.visual.0, self.score.0);
        number::count(view.index().estimate_range(visual, property, Bound::Included(&score), Bound::Unbounded))
    }

    /// Returns what [`count`](Self::count) rests on.
    pub fn count_footprint(&self, kind: &str, color: &Value) -> Vec<Facet> {
        let kind = self.kinds.iter().find(|(name, _)| *name == kind).map(|(_, kind)| Facet::kind(*kind));
        kind.into_iter().chain([Facet::property_value(self.visual, "color", color)]).collect()
    }

    /// Returns what [`score_from`](Self::score_from) rests on.
    pub fn score_facet(&self) -> Facet {
        Facet::property(self.visual, "score")
    }

    /// Returns the nodes of the highest scores, `limit` of them, from the ordered index.
    pub fn top(&self, view: &GraphView, limit: usize) -> u64 {
        let (visual, property) = (self.visual.0, self.score.0);
        let Some(index) = view.index().property(visual, property) else { return 0 };
        let at = view.at();
        let ordinals = index.iter().rev().flat_map(|(_, nodes)| nodes.iter());
        let ids = ordinals.map(NodeIndex::from).filter(|node| view.contains(*node)).map(|node| at.node_id(node));
        ids.take(limit).map(|id| u64::from(id.as_bytes()[0])).sum()
    }

    /// Returns the ids of the nodes one edge away, both ways.
    pub fn neighbours(&self, view: &GraphView, node: NodeId) -> u64 {
        let at = view.at();
        let Some(node) = at.find_node(node) else { return 0 };
        let both = at.outgoing(node).chain(at.incoming(node));
        both.map(|step| u64::from(at.node_id(step.node).as_bytes()[0])).sum()
    }

    /// Counts the nodes up to two edges away.
    pub fn two_hops(&self, view: &GraphView, node: NodeId, direction: Direction) -> u64 {
        let Some(node) = view.at().find_node(node) else { return 0 };
        let levels = neighbourhood(view, node, direction, 2, &self.cancel).expect("nobody cancels");
        number::count(levels.nodes().len())
    }

    /// Finds a shortest path along the edges' direction and returns its steps.
    pub fn path(&self, view: &GraphView, from: NodeId, to: NodeId) -> u64 {
        let (Some(from), Some(to)) = (view.at().find_node(from), view.at().find_node(to)) else { return 0 };
        let path = shortest_path(view, from, to, Direction::Outgoing, &self.cancel).expect("nobody cancels");
        path.map_or(0, |path| number::count(path.steps()))
    }

    /// Walks breadth first to all that can be reached and counts it.
    pub fn reach(&self, view: &GraphView, node: NodeId) -> u64 {
        let Some(node) = view.at().find_node(node) else { return 0 };
        let levels = breadth_first(view, node, Direction::Outgoing, &self.cancel).expect("nobody cancels");
        number::count(levels.nodes().len())
    }
}

/// Answers a drawn query.
pub fn answer(asked: &Asked, view: &GraphView, draw: QueryDraw) -> u64 {
    match draw {
        QueryDraw::Point { node } => asked.view(view, node),
        QueryDraw::Count { kind, color } => asked.count(view, kind, color),
        QueryDraw::ScoreFrom { score } => asked.score_from(view, score),
        QueryDraw::Neighbours { node } => asked.neighbours(view, node),
        QueryDraw::TwoHops { node } => asked.two_hops(view, node, Direction::Outgoing),
        QueryDraw::Path { from, to } => asked.path(view, from, to),
    }
}

/// Returns the nodes whose facts the indices do not have yet, each once.
fn pending(view: &GraphView) -> BTreeSet<NodeIndex> {
    if view.is_index_current() { BTreeSet::new() } else { view.pending().collect() }
}

fn contains(postings: &Postings, ordinal: u32) -> bool {
    postings.contains(ordinal)
}
