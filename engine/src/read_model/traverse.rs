//! Walking from a node: neighbours, neighbourhoods, paths.

use crate::algorithm::{
    CancelToken, Direction, Levels, Path, WeightError, WeightedPath, a_star, breadth_first, cheapest_path, depth_first,
    k_shortest_paths, neighbourhood, neighbourhood_along, neighbours, shortest_path, shortest_path_along,
};
use crate::entity::SPATIAL;
use crate::id::NodeId;
use crate::pool::NameId;
use crate::state::{At, GraphView};
use crate::topology::{EdgeIndex, NodeIndex};
use crate::value::Value;

use super::answer::{Answer, Neighbor, PathView};
use super::graph_query::QueryError;

type Answered = Result<Answer, QueryError>;

/// One view being walked.
pub(super) struct Walk<'a> {
    pub(super) view: &'a GraphView,
    pub(super) cancel: &'a CancelToken,
}

/// An edge kind to follow.
enum Along {
    Every,
    Kind(NameId),
    /// A kind that the graph never had.
    None,
}

impl Walk<'_> {
    fn at(&self) -> At<'_> {
        self.view.at()
    }

    fn find(&self, node: NodeId) -> Result<NodeIndex, QueryError> {
        self.at().find_node(node).ok_or(QueryError::UnknownNode { node })
    }

    fn along(&self, edge_kind: Option<&str>) -> Along {
        edge_kind.map_or(Along::Every, |kind| self.at().pool().names().find(kind).map_or(Along::None, Along::Kind))
    }

    fn follows(&self, along: &Along, edge: EdgeIndex) -> bool {
        match along {
            Along::Every => true,
            Along::Kind(kind) => self.at().edge_kind(edge) == *kind,
            Along::None => false,
        }
    }

    pub(super) fn neighbors(
        &self,
        node: NodeId,
        direction: Direction,
        edge_kind: Option<&str>,
        limit: Option<usize>,
    ) -> Answered {
        let (node, along, at) = (self.find(node)?, self.along(edge_kind), self.at());
        let steps = neighbours(self.view, node, direction).filter(|step| self.follows(&along, step.edge));
        let shown = steps.take(limit.unwrap_or(usize::MAX));
        let neighbor =
            |step: crate::topology::Adjacent| Neighbor { edge: at.edge_view(step.edge), node: at.node_view(step.node) };
        Ok(Answer::Neighbors(shown.map(neighbor).collect()))
    }

    pub(super) fn neighborhood(
        &self,
        node: NodeId,
        hops: usize,
        direction: Direction,
        edge_kind: Option<&str>,
    ) -> Answered {
        let (node, along) = (self.find(node)?, self.along(edge_kind));
        let levels = match along {
            Along::Every => neighbourhood(self.view, node, direction, hops, self.cancel)?,
            Along::Kind(_) | Along::None => {
                let follow = |step: crate::topology::Adjacent| self.follows(&along, step.edge);
                neighbourhood_along(self.view, node, direction, hops, follow, self.cancel)?
            }
        };
        Ok(self.levels(&levels))
    }

    pub(super) fn breadth_first(&self, node: NodeId, direction: Direction) -> Answered {
        Ok(self.levels(&breadth_first(self.view, self.find(node)?, direction, self.cancel)?))
    }

    fn levels(&self, levels: &Levels) -> Answer {
        let at = self.at();
        let mut nodes = Vec::with_capacity(levels.nodes().len());
        nodes.extend(levels.distances().map(|(node, distance)| (at.node_id(node), distance)));
        nodes.sort_unstable_by_key(|(node, distance)| (*distance, *node));
        Answer::Levels(nodes)
    }

    pub(super) fn depth_first(&self, node: NodeId, direction: Direction) -> Answered {
        let met = depth_first(self.view, self.find(node)?, direction, self.cancel)?;
        Ok(Answer::Sequence(met.into_iter().map(|node| self.at().node_id(node)).collect()))
    }

    pub(super) fn shortest_path(
        &self,
        ends: (NodeId, NodeId),
        direction: Direction,
        edge_kind: Option<&str>,
    ) -> Answered {
        let (source, target) = (self.find(ends.0)?, self.find(ends.1)?);
        let path = match self.along(edge_kind) {
            Along::Every => shortest_path(self.view, source, target, direction, self.cancel)?,
            along @ (Along::Kind(_) | Along::None) => {
                let follow = |edge| self.follows(&along, edge);
                shortest_path_along(self.view, source, target, direction, follow, self.cancel)?
            }
        };
        Ok(Answer::Path(path.map(|path| self.path_of_steps(&path))))
    }

    pub(super) fn cheapest_path(&self, ends: (NodeId, NodeId), direction: Direction, weight: &str) -> Answered {
        let (source, target) = (self.find(ends.0)?, self.find(ends.1)?);
        let weigh = self.weights(weight, |_| 1.0);
        let path = cheapest_path(self.view, source, target, direction, weigh, self.cancel);
        self.weighted(path)
    }

    pub(super) fn a_star(&self, ends: (NodeId, NodeId), direction: Direction, weight: &str) -> Answered {
        let (source, target) = (self.find(ends.0)?, self.find(ends.1)?);
        let (at, places) = (self.at(), Places::of(self.at()));
        let straight = |a: NodeIndex, b: NodeIndex| distance(places.position(a), places.position(b));
        let weigh = self.weights(weight, move |edge| {
            let (source, target) = at.edge_ends(edge);
            straight(source, target)
        });
        let estimate = |node| straight(node, target);
        let path = a_star(self.view, source, target, direction, weigh, estimate, self.cancel);
        self.weighted(path)
    }

    pub(super) fn shortest_paths(
        &self,
        ends: (NodeId, NodeId),
        direction: Direction,
        count: usize,
        weight: Option<&str>,
    ) -> Answered {
        let (source, target) = (self.find(ends.0)?, self.find(ends.1)?);
        let weigh: Box<dyn Fn(EdgeIndex) -> f64 + '_> = match weight {
            Some(weight) => Box::new(self.weights(weight, |_| 1.0)),
            None => Box::new(|_| 1.0),
        };
        let paths = k_shortest_paths(self.view, source, target, direction, count, weigh, self.cancel);
        let paths = paths.map_err(|error| self.weight_error(error))?;
        Ok(Answer::Paths(paths.iter().map(|path| self.path(&path.path, path.cost)).collect()))
    }

    /// Returns what an edge weighs: its property, or what `without` says of one that has none. What is no number
    /// weighs NaN, which the algorithms refuse.
    fn weights<'a>(
        &'a self,
        property: &str,
        without: impl Fn(EdgeIndex) -> f64 + 'a,
    ) -> impl Fn(EdgeIndex) -> f64 + 'a {
        let at = self.at();
        let property = at.pool().names().find(property);
        move |edge| {
            let value = property.and_then(|property| at.pool().property(at.edge_properties(edge)?, property));
            match value.map(|value| at.pool().value(value)) {
                Some(Value::Null) | None => without(edge),
                Some(value) => value.as_f64().unwrap_or(f64::NAN),
            }
        }
    }

    fn weighted(&self, path: Result<Option<WeightedPath>, WeightError>) -> Answered {
        let path = path.map_err(|error| self.weight_error(error))?;
        Ok(Answer::Path(path.map(|path| self.path(&path.path, path.cost))))
    }

    fn weight_error(&self, error: WeightError) -> QueryError {
        match error {
            WeightError::Cancelled(cancelled) => QueryError::Cancelled(cancelled),
            WeightError::Weight { edge, weight } => {
                let id = self.at().edge_id(edge);
                QueryError::InvalidWeight {
                    reason: format!("edge {id} weighs {weight}, expected a number of 0 or more"),
                }
            }
            WeightError::Estimate { node, estimate } => {
                let id = self.at().node_id(node);
                QueryError::InvalidWeight { reason: format!("node {id} is estimated at {estimate}") }
            }
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a path has fewer than 2^53 steps")]
    fn path_of_steps(&self, path: &Path) -> PathView {
        self.path(path, path.steps() as f64)
    }

    pub(super) fn path(&self, path: &Path, cost: f64) -> PathView {
        let at = self.at();
        PathView {
            nodes: path.nodes().iter().map(|node| at.node_id(*node)).collect(),
            edges: path.edges().iter().map(|edge| at.edge_id(*edge)).collect(),
            cost,
        }
    }
}

/// Where nodes stand, with the names looked up once.
#[derive(Clone, Copy)]
struct Places<'a> {
    at: At<'a>,
    spatial: Option<NameId>,
    axes: [Option<NameId>; 3],
}

impl<'a> Places<'a> {
    fn of(at: At<'a>) -> Self {
        let names = at.pool().names();
        Self { at, spatial: names.find(SPATIAL), axes: ["x", "y", "z"].map(|axis| names.find(axis)) }
    }

    /// Returns where a node stands, the origin without a place.
    fn position(&self, node: NodeIndex) -> [f64; 3] {
        let pool = self.at.pool();
        let component = self.spatial.and_then(|spatial| self.at.component(node, spatial));
        let axis = |name: Option<NameId>| pool.value(pool.property(component?, name?)?).as_f64();
        self.axes.map(|name| axis(name).unwrap_or(0.0))
    }
}

fn distance(a: [f64; 3], b: [f64; 3]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
}
