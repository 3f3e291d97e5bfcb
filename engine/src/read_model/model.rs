//! One version of a graph, asked.

use crate::algorithm::{CancelToken, Cancelled, Orientation, PageRank};
use crate::entity::Key;
use crate::footprint::Facet;
use crate::id::{EdgeId, GraphId, NodeId};
use crate::pages::guarded;
use crate::pool::ComponentRegistry;
use crate::state::{GraphInfo, GraphView};
use crate::store::Head;
use crate::topology::Topology;
use crate::view::{EdgeView, NodeView};

use super::analyze::{self, Partition};
use super::answer::{Answer, NodePage};
use super::criterion::Criterion;
use super::graph_metrics::GraphMetrics;
use super::graph_query::{GraphQuery, QueryError};
use super::node_query::NodeQuery;
use super::node_ref::NodeRef;
use super::page::page;
use super::plan::Plan;
use super::resolved::Resolved;
use super::rests_on::Footprint;
use super::select::{count, select};
use super::traverse::Walk;

/// One version of a graph: it never changes, and clones are cheap.
#[derive(Debug, Clone)]
pub struct GraphReadModel {
    view: GraphView,
    registry: ComponentRegistry,
}

impl GraphReadModel {
    /// Reads a view; the registry tells the categories of component types.
    pub const fn new(view: GraphView, registry: ComponentRegistry) -> Self {
        Self { view, registry }
    }

    /// Returns the view, on which petgraph's and our own algorithms run.
    pub const fn view(&self) -> &GraphView {
        &self.view
    }

    /// Returns the registry.
    pub const fn registry(&self) -> &ComponentRegistry {
        &self.registry
    }

    /// Returns the graph's id.
    pub fn graph(&self) -> GraphId {
        self.view.info().graph
    }

    /// Returns what is known of the graph as a whole.
    pub fn info(&self) -> &GraphInfo {
        self.view.info()
    }

    /// Returns the version.
    pub fn version(&self) -> u64 {
        self.view.version()
    }

    /// Returns the last event's version and CID.
    pub fn head(&self) -> Option<Head> {
        self.view.head()
    }

    /// Returns the last event's time, nanoseconds since the Unix epoch.
    pub fn timestamp_ns(&self) -> u64 {
        self.view.timestamp_ns()
    }

    /// Returns the number of nodes.
    pub fn node_count(&self) -> usize {
        self.view.node_count()
    }

    /// Returns the number of edges.
    pub fn edge_count(&self) -> usize {
        self.view.edge_count()
    }

    /// Returns the hash of the state: equal states have equal hashes, whatever their history.
    pub fn state_hash(&self) -> [u8; 32] {
        self.view.state_hash()
    }

    /// Returns a node to be looked at in place.
    #[inline]
    pub fn get(&self, node: NodeId) -> Option<NodeRef<'_>> {
        let at = self.view.at();
        at.find_node(node).map(|node| NodeRef::new(at, node))
    }

    /// Returns a copy of a node.
    pub fn node(&self, node: NodeId) -> Option<NodeView> {
        let at = self.view.at();
        at.find_node(node).map(|node| at.node_view(node))
    }

    /// Returns the node of a kind that a key names.
    pub fn node_by_key(&self, kind: &str, key: &Key) -> Option<NodeView> {
        self.node(NodeId::of_key(self.graph(), kind, key))
    }

    /// Returns the nodes of any kind that a key names, in the order of their kinds' names.
    pub fn nodes_by_key(&self, key: &Key) -> Vec<NodeView> {
        let at = self.view.at();
        let indexed = self.view.index().kinds().map(|(kind, _)| kind);
        let pending = self.view.pending().iter().filter_map(|pending| Some(pending.content?.kind.0));
        let mut kinds: Vec<_> = indexed.chain(pending).map(|kind| at.name(crate::pool::NameId(kind))).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds.iter().filter_map(|kind| self.node_by_key(kind, key)).collect()
    }

    /// Returns an edge.
    pub fn edge(&self, edge: EdgeId) -> Option<EdgeView> {
        let at = self.view.at();
        at.find_edge(edge).map(|edge| at.edge_view(edge))
    }

    /// Returns the nodes of a query, ordered and paged.
    ///
    /// # Errors
    /// [`QueryError::UnknownNode`] where the node that the page is to follow is gone,
    /// [`QueryError::InvalidParameter`] where one is given in another order than that of birth.
    pub fn nodes(&self, query: &NodeQuery) -> Result<NodePage, QueryError> {
        guarded(|| self.nodes_until(query, &CancelToken::NEVER))?
    }

    fn nodes_until(&self, query: &NodeQuery, cancel: &CancelToken) -> Result<NodePage, QueryError> {
        let found = select(&self.view, &self.resolve(&query.criterion), cancel)?;
        page(self.view.at(), query, &found, cancel)
    }

    /// Counts the nodes of a criterion.
    pub fn count(&self, criterion: &Criterion) -> usize {
        self.count_until(criterion, &CancelToken::NEVER).expect("nobody can cancel it")
    }

    fn count_until(&self, criterion: &Criterion, cancel: &CancelToken) -> Result<usize, Cancelled> {
        count(&self.view, &self.resolve(criterion), cancel)
    }

    /// Returns those of some nodes that are there and meet a criterion, in their order; looks at each.
    pub fn meeting(&self, criterion: &Criterion, nodes: impl IntoIterator<Item = NodeId>) -> Vec<NodeId> {
        let (resolved, at) = (self.resolve(criterion), self.view.at());
        let meets = |id: &NodeId| at.find_node(*id).is_some_and(|node| resolved.matches(at, node));
        nodes.into_iter().filter(meets).collect()
    }

    fn resolve(&self, criterion: &Criterion) -> Resolved {
        Resolved::of(criterion, self.view.at(), &self.registry)
    }

    /// Answers a query.
    ///
    /// # Errors
    /// [`QueryError`]: a node that is not there, a bad parameter, a cycle where there must be none;
    /// [`QueryError::Damaged`] where the graph is read in place from a file that is damaged.
    pub fn query(&self, query: &GraphQuery) -> Result<Answer, QueryError> {
        self.query_until(query, &CancelToken::NEVER)
    }

    /// Answers a query unless it is cancelled first.
    ///
    /// # Errors
    /// As of [`query`](Self::query), and [`QueryError::Cancelled`].
    pub fn query_until(&self, query: &GraphQuery, cancel: &CancelToken) -> Result<Answer, QueryError> {
        guarded(|| self.answer(query, cancel))?
    }

    fn answer(&self, query: &GraphQuery, cancel: &CancelToken) -> Result<Answer, QueryError> {
        let (view, walk) = (&self.view, Walk { view: &self.view, cancel });
        match query {
            GraphQuery::Nodes(query) => Ok(Answer::Nodes(self.nodes_until(query, cancel)?)),
            GraphQuery::Count(criterion) => Ok(Answer::Count(self.count_until(criterion, cancel)?)),
            GraphQuery::Node(node) => Ok(Answer::Node(self.node(*node))),
            GraphQuery::NodeByKey { kind, key } => Ok(Answer::Node(self.node_by_key(kind, key))),
            GraphQuery::Edge(edge) => Ok(Answer::Edge(self.edge(*edge))),
            GraphQuery::Neighbors { node, direction, edge_kind, limit } => {
                walk.neighbors(*node, *direction, edge_kind.as_deref(), *limit)
            }
            GraphQuery::Neighborhood { node, hops, direction, edge_kind } => {
                walk.neighborhood(*node, *hops, *direction, edge_kind.as_deref())
            }
            GraphQuery::BreadthFirst { node, direction } => walk.breadth_first(*node, *direction),
            GraphQuery::DepthFirst { node, direction } => walk.depth_first(*node, *direction),
            GraphQuery::ShortestPath { source, target, direction, edge_kind } => {
                walk.shortest_path((*source, *target), *direction, edge_kind.as_deref())
            }
            GraphQuery::CheapestPath { source, target, direction, weight } => {
                walk.cheapest_path((*source, *target), *direction, weight)
            }
            GraphQuery::AStar { source, target, direction, weight } => {
                walk.a_star((*source, *target), *direction, weight)
            }
            GraphQuery::ShortestPaths { source, target, direction, count, weight } => {
                walk.shortest_paths((*source, *target), *direction, *count, weight.as_deref())
            }
            GraphQuery::WeakComponents => analyze::components(view, &Partition::Weak, cancel),
            GraphQuery::StrongComponents => analyze::components(view, &Partition::Strong, cancel),
            GraphQuery::TopologicalOrder => analyze::order(view, cancel),
            GraphQuery::Cycle => analyze::cycle(&walk),
            GraphQuery::PageRank { damping, iterations_max, tolerance, limit } => {
                let (damping, orientation) = (damping.0, Orientation::Directed);
                let options =
                    PageRank { damping, orientation, iterations_max: *iterations_max, tolerance: tolerance.0 };
                analyze::ranks(view, &options, *limit, cancel)
            }
            GraphQuery::LabelPropagation { iterations_max } => analyze::communities(view, *iterations_max, cancel),
            GraphQuery::LocalClustering { limit } => analyze::clustering(view, *limit, cancel),
            GraphQuery::DegreeDistribution { direction } => analyze::degrees(view, *direction, cancel),
            GraphQuery::Metrics => Ok(Answer::Metrics(Box::new(GraphMetrics::of(view, cancel)?))),
        }
    }

    /// Tells how a query is answered, without answering it.
    pub fn explain(&self, query: &GraphQuery) -> Plan {
        let source = |criterion| Plan::of(self.view.index(), self.view.at().pool().names(), &self.resolve(criterion));
        #[expect(clippy::wildcard_enum_match_arm, reason = "only what selects by criteria has a choice of ways")]
        match query {
            GraphQuery::Nodes(query) => self.explain_nodes(query, source(&query.criterion)),
            GraphQuery::Count(criterion) => Plan::new("count", None, vec![self.correction(source(criterion))]),
            other => Plan::new(step_of(other), None, Vec::new()),
        }
    }

    fn explain_nodes(&self, query: &NodeQuery, source: Plan) -> Plan {
        let found = self.correction(source);
        let ordered = if query.is_by_birth() {
            found
        } else {
            let terms = query.order.len();
            let terms = if terms == 1 { "1 term".to_owned() } else { format!("{terms} terms") };
            Plan::new(format!("sort by {terms}, then id"), None, vec![found])
        };
        match query.limit {
            Some(limit) => Plan::new(format!("page of {limit} behind {}", query.offset), None, vec![ordered]),
            None => ordered,
        }
    }

    /// Puts the look at what the index lacks on top of a plan.
    fn correction(&self, source: Plan) -> Plan {
        match self.view.pending().len() {
            0 => source,
            1 => Plan::new("look at 1 node that the index lacks", None, vec![source]),
            pending => Plan::new(format!("look at {pending} nodes that the index lacks"), None, vec![source]),
        }
    }

    /// Tells how a query is answered, and how many rows it gave.
    ///
    /// # Errors
    /// As of [`query`](Self::query).
    pub fn explain_run(&self, query: &GraphQuery) -> Result<Plan, QueryError> {
        let rows = match self.query(query)? {
            Answer::Nodes(page) => Some(page.nodes.len()),
            Answer::Count(count) => Some(count),
            Answer::Node(node) => Some(usize::from(node.is_some())),
            Answer::Edge(edge) => Some(usize::from(edge.is_some())),
            Answer::Neighbors(neighbors) => Some(neighbors.len()),
            Answer::Levels(nodes) => Some(nodes.len()),
            Answer::Sequence(nodes) => Some(nodes.len()),
            Answer::Path(path) => Some(usize::from(path.is_some())),
            Answer::Paths(paths) => Some(paths.len()),
            Answer::Groups(groups) => Some(groups.len()),
            Answer::Scores(nodes) => Some(nodes.len()),
            Answer::Distribution(degrees) => Some(degrees.len()),
            Answer::Metrics(_) => None,
        };
        Ok(Plan { rows, ..self.explain(query) })
    }

    /// Returns the facets that an answer rests on, sorted, without repetition.
    pub fn footprint(&self, query: &GraphQuery, answer: &Answer) -> Box<[Facet]> {
        Footprint::of(&self.view, &self.registry, query, answer)
    }
}

/// Says how a query that does not select nodes by criteria is answered.
const fn step_of(query: &GraphQuery) -> &'static str {
    match query {
        GraphQuery::Nodes(_) | GraphQuery::Count(_) => "select",
        GraphQuery::Node(_) => "look up by id",
        GraphQuery::NodeByKey { .. } => "look up by the id that kind and key give",
        GraphQuery::Edge(_) => "look up the edge by id",
        GraphQuery::Neighbors { .. } => "the node's row of the adjacency",
        GraphQuery::Neighborhood { .. } | GraphQuery::BreadthFirst { .. } => "breadth-first walk from the node",
        GraphQuery::DepthFirst { .. } => "depth-first walk from the node",
        GraphQuery::ShortestPath { .. } => "breadth-first search from both ends",
        GraphQuery::CheapestPath { .. } => "Dijkstra's search from both ends",
        GraphQuery::AStar { .. } => "A* guided by straight lines",
        GraphQuery::ShortestPaths { .. } => "Yen's search: each path left at each of its nodes",
        GraphQuery::WeakComponents => "union of the ends of every edge, in parallel",
        GraphQuery::StrongComponents => "Tarjan's search",
        GraphQuery::TopologicalOrder => "Kahn's queue",
        GraphQuery::Cycle => "Kahn's queue, then a walk back over what remains",
        GraphQuery::PageRank { .. } => "power iteration, in parallel",
        GraphQuery::LabelPropagation { .. } => "synchronous label propagation, in parallel",
        GraphQuery::LocalClustering { .. } => "triangles by degree order, in parallel",
        GraphQuery::DegreeDistribution { .. } => "the length of every row of the adjacency",
        GraphQuery::Metrics => "every node and edge",
    }
}
