//! Any [`Topology`] as petgraph sees a graph, so that petgraph's algorithms run on it.
//!
//! What elements carry is told when it is asked for; petgraph's weighted algorithms take the cost of an edge from a
//! closure over the edge. Each list of neighbours costs an allocation: what must be fast stands in [`algorithm`](crate::algorithm) instead.

use std::collections::HashSet;
use std::fmt;

use petgraph::Directed;
use petgraph::visit::{
    Data, EdgeCount, EdgeIndexable, EdgeRef, GetAdjacencyMatrix, GraphBase, GraphProp, GraphRef, IntoEdgeReferences,
    IntoEdges, IntoEdgesDirected, IntoNeighbors, IntoNeighborsDirected, IntoNodeIdentifiers, IntoNodeReferences,
    NodeCount, NodeIndexable, Visitable,
};

use super::{Adjacent, EdgeIndex, NodeIndex, Topology, Weights};

type Items<'a, T> = Box<dyn Iterator<Item = T> + 'a>;

/// A reference to a topology that implements petgraph's visit traits.
///
/// A [`GraphView`](crate::GraphView) is one, of now or of a past version, in memory or mapped from a file; its weights
/// are the kinds of nodes and edges.
///
/// ```
/// use cidgraph::pool::ComponentRegistry;
/// use cidgraph::store::Head;
/// use cidgraph::topology::PetgraphView;
/// use cidgraph::{
///     Cid, Draft, EdgeEntity, GraphAggregate, GraphEvent, GraphId, GraphMetadata, HashKind, Limits, NodeEntity, NodeId,
///     Snapshot,
/// };
/// use petgraph::algo::{dijkstra, is_cyclic_directed};
/// use petgraph::visit::EdgeRef;
///
/// let towns = [1, 2, 3].map(NodeId::from_u64);
/// let road = |from: usize, to: usize| EdgeEntity::new(towns[from], "road", towns[to]);
/// let events = [
///     GraphEvent::GraphCreated { metadata: GraphMetadata::named("roads") },
///     GraphEvent::NodesAdded { nodes: towns.map(|town| NodeEntity::new(town, "Town")).to_vec() },
///     GraphEvent::EdgesConnected { edges: vec![road(0, 1), road(1, 2)] },
///     GraphEvent::EdgeConnected { edge: EdgeEntity::new(towns[2], "ferry", towns[0]) },
/// ];
/// let (limits, registry) = (Limits::default(), ComponentRegistry::default());
/// let (mut graph, reader) = GraphAggregate::fresh(GraphId::named("roads"), limits, registry, None);
/// for (version, event) in (1_u64..).zip(&events) {
///     graph.apply(event, version)?;
///     let cid = Cid::of_block(HashKind::Sha2_256, version.to_be_bytes().as_slice());
///     graph.publish(Head { version, cid }, version);
/// }
///
/// let now = reader.view();
/// let past = now.at_version(3).expect("the ferry is newer");
/// assert!(is_cyclic_directed(PetgraphView(&now)));
/// assert!(!is_cyclic_directed(PetgraphView(&past)));
///
/// let hours = |kind: &str| if kind == "ferry" { 5 } else { 1 };
/// let start = now.at().find_node(towns[1]).expect("a town");
/// assert_eq!(dijkstra(PetgraphView(&now), start, None, |edge| hours(edge.weight())).len(), 3);
/// assert_eq!(dijkstra(PetgraphView(&past), start, None, |edge| hours(edge.weight())).len(), 2);
///
/// let folder = tempfile::tempdir()?;
/// let file = folder.path().join("roads.snapshot");
/// Snapshot::write(&now, &ComponentRegistry::default(), &file)?;
/// let mapped = Snapshot::map(&file)?.view();
/// let start = mapped.at().find_node(towns[1]).expect("a town");
/// assert!(is_cyclic_directed(PetgraphView(&mapped)));
/// assert_eq!(dijkstra(PetgraphView(&mapped), start, None, |edge| hours(edge.weight())).len(), 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct PetgraphView<'a, T>(pub &'a T);

impl<T> Clone for PetgraphView<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for PetgraphView<'_, T> {}

impl<T: Topology> fmt::Debug for PetgraphView<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PetgraphView")
            .field("nodes", &self.0.node_count())
            .field("edges", &self.0.edge_count())
            .finish()
    }
}

/// An edge as petgraph's algorithms get it.
pub struct EdgeReference<'a, T> {
    topology: &'a T,
    source: NodeIndex,
    target: NodeIndex,
    edge: EdgeIndex,
}

impl<'a, T> EdgeReference<'a, T> {
    const fn out_of(topology: &'a T, source: NodeIndex, step: Adjacent) -> Self {
        Self { topology, source, target: step.node, edge: step.edge }
    }

    const fn into(topology: &'a T, target: NodeIndex, step: Adjacent) -> Self {
        Self { topology, source: step.node, target, edge: step.edge }
    }
}

impl<T> Clone for EdgeReference<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for EdgeReference<'_, T> {}

impl<T> fmt::Debug for EdgeReference<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { source, target, edge, .. } = self;
        let [source, target, edge] = [source.index(), target.index(), edge.index()];
        f.debug_struct("EdgeReference")
            .field("source", &source)
            .field("target", &target)
            .field("edge", &edge)
            .finish_non_exhaustive()
    }
}

impl<T: Weights> EdgeRef for EdgeReference<'_, T> {
    type NodeId = NodeIndex;
    type EdgeId = EdgeIndex;
    type Weight = T::Edge;

    fn source(&self) -> NodeIndex {
        self.source
    }

    fn target(&self) -> NodeIndex {
        self.target
    }

    fn weight(&self) -> &T::Edge {
        self.topology.edge_weight(self.edge)
    }

    fn id(&self) -> EdgeIndex {
        self.edge
    }
}

impl<T> GraphBase for PetgraphView<'_, T> {
    type EdgeId = EdgeIndex;
    type NodeId = NodeIndex;
}

impl<T> GraphRef for PetgraphView<'_, T> {}

impl<T> GraphProp for PetgraphView<'_, T> {
    type EdgeType = Directed;
}

impl<T: Weights> Data for PetgraphView<'_, T> {
    type NodeWeight = T::Node;
    type EdgeWeight = T::Edge;
}

impl<'a, T: Topology> IntoNeighbors for PetgraphView<'a, T> {
    type Neighbors = Items<'a, NodeIndex>;

    fn neighbors(self, node: NodeIndex) -> Self::Neighbors {
        Box::new(self.0.outgoing(node).map(|step| step.node))
    }
}

impl<'a, T: Topology> IntoNeighborsDirected for PetgraphView<'a, T> {
    type NeighborsDirected = Items<'a, NodeIndex>;

    fn neighbors_directed(self, node: NodeIndex, direction: petgraph::Direction) -> Self::NeighborsDirected {
        match direction {
            petgraph::Direction::Outgoing => self.neighbors(node),
            petgraph::Direction::Incoming => Box::new(self.0.incoming(node).map(|step| step.node)),
        }
    }
}

impl<'a, T: Weights> IntoEdgeReferences for PetgraphView<'a, T> {
    type EdgeRef = EdgeReference<'a, T>;
    type EdgeReferences = Items<'a, EdgeReference<'a, T>>;

    fn edge_references(self) -> Self::EdgeReferences {
        Box::new(self.0.nodes().flat_map(move |node| self.edges(node)))
    }
}

impl<'a, T: Weights> IntoEdges for PetgraphView<'a, T> {
    type Edges = Items<'a, EdgeReference<'a, T>>;

    fn edges(self, node: NodeIndex) -> Self::Edges {
        Box::new(self.0.outgoing(node).map(move |step| EdgeReference::out_of(self.0, node, step)))
    }
}

impl<'a, T: Weights> IntoEdgesDirected for PetgraphView<'a, T> {
    type EdgesDirected = Items<'a, EdgeReference<'a, T>>;

    fn edges_directed(self, node: NodeIndex, direction: petgraph::Direction) -> Self::EdgesDirected {
        match direction {
            petgraph::Direction::Outgoing => self.edges(node),
            petgraph::Direction::Incoming => {
                Box::new(self.0.incoming(node).map(move |step| EdgeReference::into(self.0, node, step)))
            }
        }
    }
}

impl<'a, T: Topology> IntoNodeIdentifiers for PetgraphView<'a, T> {
    type NodeIdentifiers = Items<'a, NodeIndex>;

    fn node_identifiers(self) -> Self::NodeIdentifiers {
        Box::new(self.0.nodes())
    }
}

impl<'a, T: Weights> IntoNodeReferences for PetgraphView<'a, T> {
    type NodeRef = (NodeIndex, &'a T::Node);
    type NodeReferences = Items<'a, (NodeIndex, &'a T::Node)>;

    fn node_references(self) -> Self::NodeReferences {
        Box::new(self.0.nodes().map(move |node| (node, self.0.node_weight(node))))
    }
}

impl<T: Topology> NodeCount for PetgraphView<'_, T> {
    fn node_count(&self) -> usize {
        self.0.node_count()
    }
}

impl<T: Topology> EdgeCount for PetgraphView<'_, T> {
    fn edge_count(&self) -> usize {
        self.0.edge_count()
    }
}

impl<T: Topology> NodeIndexable for PetgraphView<'_, T> {
    fn node_bound(&self) -> usize {
        self.0.node_bound()
    }

    fn to_index(&self, node: NodeIndex) -> usize {
        node.index()
    }

    fn from_index(&self, index: usize) -> NodeIndex {
        NodeIndex::new(index)
    }
}

impl<T: Topology> EdgeIndexable for PetgraphView<'_, T> {
    fn edge_bound(&self) -> usize {
        self.0.edge_bound()
    }

    fn to_index(&self, edge: EdgeIndex) -> usize {
        edge.index()
    }

    fn from_index(&self, index: usize) -> EdgeIndex {
        EdgeIndex::new(index)
    }
}

impl<T: Topology> Visitable for PetgraphView<'_, T> {
    type Map = HashSet<NodeIndex, foldhash::fast::FixedState>;

    fn visit_map(&self) -> Self::Map {
        HashSet::default()
    }

    fn reset_map(&self, map: &mut Self::Map) {
        map.clear();
    }
}

impl<T: Weights> GetAdjacencyMatrix for PetgraphView<'_, T> {
    type AdjMatrix = HashSet<(NodeIndex, NodeIndex), foldhash::fast::FixedState>;

    fn adjacency_matrix(&self) -> Self::AdjMatrix {
        self.edge_references().map(|edge| (edge.source, edge.target)).collect()
    }

    fn is_adjacent(&self, matrix: &Self::AdjMatrix, source: NodeIndex, target: NodeIndex) -> bool {
        matrix.contains(&(source, target))
    }
}
