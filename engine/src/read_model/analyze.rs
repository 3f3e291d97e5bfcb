//! What the whole shape of a graph says: components, order, rank, communities.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::algorithm::{
    CancelToken, Components, Direction, OrderError, Orientation, PageRank, RankError, degree_distribution, find_cycle,
    label_propagation, local_clustering, page_rank, strong_components, topological_order, weak_components,
};
use crate::id::NodeId;
use crate::state::GraphView;
use crate::topology::{NodeIndex, Topology};

use super::answer::Answer;
use super::graph_query::QueryError;
use super::traverse::Walk;

type Answered = Result<Answer, QueryError>;

/// Which partition of the nodes is asked for.
pub(super) enum Partition {
    Weak,
    Strong,
}

pub(super) fn components(view: &GraphView, partition: &Partition, cancel: &CancelToken) -> Answered {
    let components: Components = match partition {
        Partition::Weak => weak_components(view, cancel)?,
        Partition::Strong => strong_components(view, cancel)?,
    };
    let groups = components.members();
    Ok(Answer::Groups(groups_of(view, groups)))
}

pub(super) fn communities(view: &GraphView, iterations_max: usize, cancel: &CancelToken) -> Answered {
    // The first label is the rank of the node's id, so that the outcome depends on ids and edges alone.
    let mut ranked: Vec<(NodeId, NodeIndex)> = view.nodes().map(|node| (view.at().node_id(node), node)).collect();
    ranked.sort_unstable();
    let mut first = vec![0; view.node_bound()];
    for (rank, (_, node)) in (0..).zip(&ranked) {
        first[node.index()] = rank;
    }
    let labels = label_propagation(view, |node| first[node.index()], iterations_max, cancel)?;
    let mut groups: BTreeMap<u64, Vec<NodeIndex>> = BTreeMap::new();
    for (_, node) in ranked {
        groups.entry(labels[node.index()]).or_default().push(node);
    }
    Ok(Answer::Groups(groups_of(view, groups.into_values().collect())))
}

/// Names the nodes of each group and orders the groups.
fn groups_of(view: &GraphView, groups: Vec<Vec<NodeIndex>>) -> Vec<Vec<NodeId>> {
    let at = view.at();
    let named = |group: Vec<NodeIndex>| {
        let mut ids: Vec<NodeId> = group.into_iter().map(|node| at.node_id(node)).collect();
        ids.sort_unstable();
        ids
    };
    let mut groups: Vec<Vec<NodeId>> = groups.into_iter().map(named).collect();
    groups.sort_unstable_by_key(|group| (Reverse(group.len()), group.first().copied()));
    groups
}

pub(super) fn order(view: &GraphView, cancel: &CancelToken) -> Answered {
    match topological_order(view, cancel) {
        Ok(nodes) => Ok(Answer::Sequence(nodes.into_iter().map(|node| view.at().node_id(node)).collect())),
        Err(OrderError::Cyclic { .. }) => Err(QueryError::Cyclic),
        Err(OrderError::Cancelled(cancelled)) => Err(cancelled.into()),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a cycle has fewer than 2^53 steps")]
pub(super) fn cycle(walk: &Walk<'_>) -> Answered {
    let cycle = find_cycle(walk.view, walk.cancel)?;
    Ok(Answer::Path(cycle.map(|cycle| walk.path(&cycle, cycle.steps() as f64))))
}

pub(super) fn ranks(view: &GraphView, options: &PageRank, limit: usize, cancel: &CancelToken) -> Answered {
    let is_tolerance = options.tolerance.is_finite() && options.tolerance >= 0.0;
    if !is_tolerance {
        return Err(QueryError::InvalidParameter { what: "tolerance", expected: "a number of 0 or more" });
    }
    let ranks = page_rank(view, options, cancel).map_err(|error| match error {
        RankError::Damping { .. } => QueryError::InvalidParameter { what: "damping", expected: "a number from 0 to 1" },
        RankError::Cancelled(cancelled) => cancelled.into(),
    })?;
    Ok(greatest(view, &ranks, limit))
}

pub(super) fn clustering(view: &GraphView, limit: usize, cancel: &CancelToken) -> Answered {
    let coefficients = local_clustering(view, Orientation::Undirected, cancel)?;
    Ok(greatest(view, &coefficients, limit))
}

pub(super) fn degrees(view: &GraphView, direction: Direction, cancel: &CancelToken) -> Answered {
    Ok(Answer::Distribution(degree_distribution(view, direction, cancel)?))
}

/// Returns the nodes of the greatest scores.
fn greatest(view: &GraphView, scores: &[f64], limit: usize) -> Answer {
    let at = view.at();
    let mut nodes: Vec<(NodeId, f64)> = view.nodes().map(|node| (at.node_id(node), scores[node.index()])).collect();
    let compare = |a: &(NodeId, f64), b: &(NodeId, f64)| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0));
    if limit < nodes.len() {
        nodes.select_nth_unstable_by(limit, compare);
        nodes.truncate(limit);
    }
    nodes.sort_unstable_by(compare);
    Answer::Scores(nodes)
}
