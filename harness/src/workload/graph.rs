//! One graph, from its creation to its last edge, as transactions of commands.

use cidgraph::{
    AggregateId, CommandContext, CommandId, EdgeEntity, GraphCommand, GraphId, GraphMetadata, Name, NodeEntity,
};

use super::{EdgeShape, EdgeSource, NodeSource};
use crate::number;

/// Commands that are applied whole or not at all.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkloadTransaction {
    /// The graph they are for.
    pub graph: GraphId,
    /// Who sends them, under which id.
    pub context: CommandContext,
    /// The commands, in order.
    pub commands: Vec<GraphCommand>,
}

/// In which order nodes and edges come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// All nodes, then all edges.
    NodesFirst,
    /// Each node is followed by its share of the edges, drawn among the nodes so far.
    Mixed,
}

/// A graph to be built.
#[derive(Debug, Clone)]
pub struct GraphWorkload {
    /// The graph.
    pub graph: GraphId,
    /// How many nodes.
    pub nodes: u64,
    /// How many edges.
    pub edges: u64,
    /// How the edges are spread.
    pub shape: EdgeShape,
    /// In which order nodes and edges come.
    pub order: Order,
    /// Elements of one transaction.
    pub transaction_elements: usize,
    /// Whether a transaction is bulk commands (`AddNodes`, `ConnectEdges`) instead of one command an element.
    pub bulk: bool,
    /// Whether every node has its own key and score.
    pub distinct: bool,
    /// The edges' kinds, taken in turn.
    pub edge_kinds: Vec<Name>,
    /// What all draws come from.
    pub seed: u64,
}

impl GraphWorkload {
    /// Makes a graph of one edge kind, uniform sources and quadratic targets, mixed, in transactions of 1000.
    pub fn new(name: &str, nodes: u64, edges: u64, seed: u64) -> Self {
        Self {
            graph: GraphId::named(name),
            nodes,
            edges,
            shape: EdgeShape::UniformQuadratic,
            order: Order::Mixed,
            transaction_elements: 1000,
            bulk: false,
            distinct: false,
            edge_kinds: vec![Name::new_static("knows")],
            seed,
        }
    }

    /// Returns the source of its nodes.
    pub fn node_source(&self) -> NodeSource {
        let source = NodeSource::new(self.graph, self.seed);
        if self.distinct { source.distinct() } else { source }
    }

    /// Returns the source of its edges.
    pub fn edge_source(&self) -> EdgeSource {
        EdgeSource::new(self.shape, self.seed ^ 0x0ed9_e5ee)
    }

    /// Returns the transactions, the graph's creation first; each is made when it is asked for.
    ///
    /// # Panics
    /// Where there are edges but no nodes or edge kinds, or a transaction has no elements.
    pub fn transactions(&self) -> GraphTransactions {
        assert!(self.transaction_elements > 0, "a transaction has at least one element");
        assert!(self.edges == 0 || (self.nodes > 0 && !self.edge_kinds.is_empty()), "edges need nodes and a kind");
        GraphTransactions {
            nodes: self.node_source(),
            edges: self.edge_source(),
            workload: self.clone(),
            nodes_made: 0,
            edges_made: 0,
            transactions_made: 0,
        }
    }
}

/// The transactions of a [`GraphWorkload`].
#[derive(Debug, Clone)]
pub struct GraphTransactions {
    workload: GraphWorkload,
    nodes: NodeSource,
    edges: EdgeSource,
    nodes_made: u64,
    edges_made: u64,
    transactions_made: u64,
}

/// The next thing that a graph gets.
enum Element {
    Node(NodeEntity),
    Edge(EdgeEntity),
}

impl GraphTransactions {
    fn next_element(&mut self) -> Option<Element> {
        if self.node_is_next() {
            self.nodes_made += 1;
            return Some(Element::Node(self.nodes.node(self.nodes_made - 1)));
        }
        (self.edges_made < self.workload.edges).then(|| Element::Edge(self.next_edge()))
    }

    /// Returns whether the next element is a node: the edges made so far keep to their share of the nodes made so far.
    fn node_is_next(&self) -> bool {
        let GraphWorkload { nodes, edges, order, .. } = self.workload;
        let share = u128::from(self.nodes_made) * u128::from(edges);
        let edges_due = u128::from(self.edges_made) * u128::from(nodes) < share;
        self.nodes_made < nodes && (order == Order::NodesFirst || !edges_due)
    }

    fn next_edge(&mut self) -> EdgeEntity {
        let (source, target) = self.edges.draw(self.nodes_made);
        let kinds = &self.workload.edge_kinds;
        let kind = kinds[number::index(self.edges_made % number::count(kinds.len()))].clone();
        self.edges_made += 1;
        EdgeEntity::new(self.nodes.id(source), kind, self.nodes.id(target))
    }

    fn commands(&mut self) -> Vec<GraphCommand> {
        if self.transactions_made == 0 {
            return vec![GraphCommand::CreateGraph { metadata: GraphMetadata::named("workload") }];
        }
        let limit = self.workload.transaction_elements;
        let mut commands = Vec::with_capacity(if self.workload.bulk { 2 } else { limit });
        for _ in 0..limit {
            match self.next_element() {
                Some(element) if self.workload.bulk => push_bulk(&mut commands, element, limit),
                Some(Element::Node(node)) => commands.push(GraphCommand::AddNode { node }),
                Some(Element::Edge(edge)) => commands.push(GraphCommand::ConnectEdge { edge }),
                None => break,
            }
        }
        commands
    }
}

/// Adds an element to the bulk command of its sort; nodes come first, which is sound as an edge never needs a node of a
/// later transaction.
fn push_bulk(commands: &mut Vec<GraphCommand>, element: Element, capacity: usize) {
    match element {
        Element::Node(node) => {
            if let Some(GraphCommand::AddNodes { nodes }) = commands.first_mut() {
                nodes.push(node);
                return;
            }
            let mut nodes = Vec::with_capacity(capacity);
            nodes.push(node);
            commands.insert(0, GraphCommand::AddNodes { nodes });
        }
        Element::Edge(edge) => {
            if let Some(GraphCommand::ConnectEdges { edges }) = commands.last_mut() {
                edges.push(edge);
                return;
            }
            let mut edges = Vec::with_capacity(capacity);
            edges.push(edge);
            commands.push(GraphCommand::ConnectEdges { edges });
        }
    }
}

impl Iterator for GraphTransactions {
    type Item = WorkloadTransaction;

    fn next(&mut self) -> Option<WorkloadTransaction> {
        let commands = self.commands();
        if commands.is_empty() {
            return None;
        }
        let graph = self.workload.graph;
        let context = workload_context(graph.into(), self.workload.seed, self.transactions_made);
        self.transactions_made += 1;
        Some(WorkloadTransaction { graph, context, commands })
    }
}

/// Makes transaction number `number` of a graph.
pub fn transaction_of(graph: GraphId, seed: u64, number: u64, commands: Vec<GraphCommand>) -> WorkloadTransaction {
    WorkloadTransaction { graph, context: workload_context(graph.into(), seed, number), commands }
}

/// Returns the context of command number `number` of a workload.
pub(super) fn workload_context(aggregate: AggregateId, seed: u64, number: u64) -> CommandContext {
    let mut name = [0; 16];
    name[..8].copy_from_slice(&seed.to_be_bytes());
    name[8..].copy_from_slice(&number.to_be_bytes());
    CommandContext::new(CommandId::derive(aggregate.as_bytes(), &name), Name::new_static("workload"))
}

#[cfg(test)]
#[expect(clippy::wildcard_enum_match_arm, reason = "a graph workload holds few of the commands")]
mod tests {
    use ring::digest::{Context, SHA256};

    use super::*;

    /// Hashes what the commands say in a form of its own, so that only a change of the workload changes it.
    fn fingerprint(workload: &GraphWorkload) -> String {
        let mut hash = Context::new(&SHA256);
        for transaction in workload.transactions() {
            hash.update(transaction.context.id.as_bytes());
            for command in &transaction.commands {
                match command {
                    GraphCommand::AddNode { node } => update_node(&mut hash, node),
                    GraphCommand::AddNodes { nodes } => nodes.iter().for_each(|node| update_node(&mut hash, node)),
                    GraphCommand::ConnectEdge { edge } => update_edge(&mut hash, edge),
                    GraphCommand::ConnectEdges { edges } => edges.iter().for_each(|edge| update_edge(&mut hash, edge)),
                    other => hash.update(format!("{other:?}").split(' ').next().expect("a word").as_bytes()),
                }
            }
        }
        hash.finish().as_ref()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn update_node(hash: &mut Context, node: &NodeEntity) {
        hash.update(node.id.as_bytes());
        let visual = &node.components[0].properties;
        hash.update(format!("{} {:?} {:?}", node.kind, node.key, visual).as_bytes());
    }

    fn update_edge(hash: &mut Context, edge: &EdgeEntity) {
        hash.update(edge.source.as_bytes());
        hash.update(edge.kind.as_bytes());
        hash.update(edge.target.as_bytes());
    }

    fn small() -> GraphWorkload {
        GraphWorkload { transaction_elements: 100, ..GraphWorkload::new("golden", 500, 2500, 42) }
    }

    #[test]
    fn workloads_are_the_same_on_every_machine() {
        let bulk = GraphWorkload { order: Order::NodesFirst, bulk: true, ..small() };
        let recursive = GraphWorkload { shape: EdgeShape::GRAPH500, ..small() };
        let attached = GraphWorkload { shape: EdgeShape::BarabasiAlbert { per_node: 5 }, distinct: true, ..small() };
        let found = [small(), bulk, recursive, attached].map(|workload| fingerprint(&workload));
        assert_eq!(found, ["1667269579805df9", "8e9d84bf280a7c42", "f28ea2674eda50d7", "5eca63bfbdbeec33"]);
    }

    #[test]
    fn every_element_comes_once_and_edges_find_their_nodes() {
        for order in [Order::NodesFirst, Order::Mixed] {
            let workload = GraphWorkload { order, ..small() };
            let mut nodes = std::collections::HashSet::new();
            let mut edges = 0;
            for command in workload.transactions().flat_map(|transaction| transaction.commands) {
                match command {
                    GraphCommand::AddNode { node } => assert!(nodes.insert(node.id)),
                    GraphCommand::ConnectEdge { edge } => {
                        assert!(nodes.contains(&edge.source) && nodes.contains(&edge.target));
                        edges += 1;
                    }
                    other => assert!(matches!(other, GraphCommand::CreateGraph { .. })),
                }
            }
            assert_eq!((nodes.len(), edges), (500, 2500));
        }
    }

    #[test]
    fn a_mixed_stream_has_five_edges_to_a_node() {
        let second = small().transactions().nth(1).expect("there is a second transaction");
        let is_node = |command: &GraphCommand| matches!(command, GraphCommand::AddNode { .. });
        let starts: Vec<bool> = second.commands[..12].iter().map(is_node).collect();
        assert_eq!(starts, [true, false, false, false, false, false, true, false, false, false, false, false]);
    }

    #[test]
    fn a_graph_may_be_empty() {
        assert_eq!(GraphWorkload::new("empty", 0, 0, 1).transactions().count(), 1);
    }
}
