//! Any [`Topology`] as petgraph sees a graph, so that petgraph's algorithms run on it.
//!
//! Elements carry no weights here; petgraph's weighted algorithms take the cost of an edge from a closure over its id.
//! Each list of neighbours costs an allocation: what must be fast stands in [`algorithm`](crate::algorithm) instead.

use std::collections::HashSet;
use std::fmt;

use petgraph::Directed;
use petgraph::visit::{
    Data, EdgeCount, EdgeIndexable, EdgeRef, GetAdjacencyMatrix, GraphBase, GraphProp, GraphRef, IntoEdgeReferences,
    IntoEdges, IntoEdgesDirected, IntoNeighbors, IntoNeighborsDirected, IntoNodeIdentifiers, IntoNodeReferences,
    NodeCount, NodeIndexable, Visitable,
};

use super::{Adjacent, EdgeIndex, NodeIndex, Topology};

type Items<'a, T> = Box<dyn Iterator<Item = T> + 'a>;

/// A reference to a topology that implements petgraph's visit traits.
///
/// ```
/// use cidgraph::topology::{PetgraphView, Topology};
///
/// fn is_tangled(topology: &impl Topology) -> bool {
///     petgraph::algo::is_cyclic_directed(PetgraphView(topology))
/// }
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EdgeReference {
    source: NodeIndex,
    target: NodeIndex,
    edge: EdgeIndex,
}

impl EdgeReference {
    fn out_of(source: NodeIndex, step: Adjacent) -> Self {
        Self { source, target: step.node, edge: step.edge }
    }

    fn into(target: NodeIndex, step: Adjacent) -> Self {
        Self { source: step.node, target, edge: step.edge }
    }
}

impl EdgeRef for EdgeReference {
    type NodeId = NodeIndex;
    type EdgeId = EdgeIndex;
    type Weight = ();

    fn source(&self) -> NodeIndex {
        self.source
    }

    fn target(&self) -> NodeIndex {
        self.target
    }

    fn weight(&self) -> &() {
        &()
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

impl<T> Data for PetgraphView<'_, T> {
    type NodeWeight = ();
    type EdgeWeight = ();
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

impl<'a, T: Topology> IntoEdgeReferences for PetgraphView<'a, T> {
    type EdgeRef = EdgeReference;
    type EdgeReferences = Items<'a, EdgeReference>;

    fn edge_references(self) -> Self::EdgeReferences {
        Box::new(self.0.nodes().flat_map(move |node| self.edges(node)))
    }
}

impl<'a, T: Topology> IntoEdges for PetgraphView<'a, T> {
    type Edges = Items<'a, EdgeReference>;

    fn edges(self, node: NodeIndex) -> Self::Edges {
        Box::new(self.0.outgoing(node).map(move |step| EdgeReference::out_of(node, step)))
    }
}

impl<'a, T: Topology> IntoEdgesDirected for PetgraphView<'a, T> {
    type EdgesDirected = Items<'a, EdgeReference>;

    fn edges_directed(self, node: NodeIndex, direction: petgraph::Direction) -> Self::EdgesDirected {
        match direction {
            petgraph::Direction::Outgoing => self.edges(node),
            petgraph::Direction::Incoming => {
                Box::new(self.0.incoming(node).map(move |step| EdgeReference::into(node, step)))
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

impl<'a, T: Topology> IntoNodeReferences for PetgraphView<'a, T> {
    type NodeRef = (NodeIndex, ());
    type NodeReferences = Items<'a, (NodeIndex, ())>;

    fn node_references(self) -> Self::NodeReferences {
        Box::new(self.0.nodes().map(|node| (node, ())))
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

impl<T: Topology> GetAdjacencyMatrix for PetgraphView<'_, T> {
    type AdjMatrix = HashSet<(NodeIndex, NodeIndex), foldhash::fast::FixedState>;

    fn adjacency_matrix(&self) -> Self::AdjMatrix {
        self.edge_references().map(|edge| (edge.source, edge.target)).collect()
    }

    fn is_adjacent(&self, matrix: &Self::AdjMatrix, source: NodeIndex, target: NodeIndex) -> bool {
        matrix.contains(&(source, target))
    }
}
