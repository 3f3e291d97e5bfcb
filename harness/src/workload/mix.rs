//! Commands and queries mixed, over many graphs of which some are hot, as an open-loop generator needs them: operation
//! number i is known without the ones before it.

use cidgraph::{GraphCommand, GraphId, GraphMetadata, Name, NodeId, NodeUpdate};

use super::graph::workload_context;
use super::{COLORS, KINDS, NodeSource, SCORE_MAX, VISUAL, WorkloadTransaction};
use crate::number;
use crate::random::{Random, Zipf};

/// What a mixed workload is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct MixedWorkloadSpec {
    /// How many graphs.
    pub graphs: u64,
    /// How hot the first ones are: Zipf's exponent, 0 for all alike.
    pub zipf_exponent: f64,
    /// Nodes that each graph has before the first operation.
    pub nodes: u64,
    /// The share of operations that are queries.
    pub query_share: f64,
    /// The share of commands that are contended.
    pub conflict_share: f64,
    /// What all draws come from.
    pub seed: u64,
}

/// One operation of a mixed workload.
#[derive(Debug, Clone, PartialEq)]
pub struct MixedOperation {
    /// The graph's number.
    pub graph: u64,
    /// What is done.
    pub action: Action,
}

/// What an operation does.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// A command; where it is contended, a second writer that holds a stale head sends it to the hottest graph.
    Command {
        /// The command.
        transaction: WorkloadTransaction,
        /// Whether it is contended.
        contended: bool,
    },
    /// A query.
    Query(QueryDraw),
}

/// A query with its parameters drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum QueryDraw {
    /// One node by its id.
    Point {
        /// The node.
        node: NodeId,
    },
    /// How many nodes have a kind and a color.
    Count {
        /// The kind.
        kind: &'static str,
        /// The color.
        color: &'static str,
    },
    /// How many nodes have a score of at least this.
    ScoreFrom {
        /// The score.
        score: u64,
    },
    /// The nodes one edge away.
    Neighbours {
        /// Where it starts.
        node: NodeId,
    },
    /// The nodes up to two edges away.
    TwoHops {
        /// Where it starts.
        node: NodeId,
    },
    /// A shortest path.
    Path {
        /// Where it starts.
        from: NodeId,
        /// Where it ends.
        to: NodeId,
    },
}

impl QueryDraw {
    /// Draws a query about a graph that has the first `nodes` nodes of `source`, some of them asked for more often.
    ///
    /// # Panics
    /// Where `nodes` is 0.
    pub fn draw(source: &NodeSource, nodes: u64, random: &mut Random) -> Self {
        let mut node = || source.id(random.quadratic_below(nodes));
        let (first, second) = (node(), node());
        match random.below(100) {
            0..50 => Self::Point { node: first },
            50..65 => Self::Count {
                kind: KINDS[number::index(random.below(8))],
                color: COLORS[number::index(random.below(16))],
            },
            65..70 => Self::ScoreFrom { score: random.below(SCORE_MAX) },
            70..85 => Self::Neighbours { node: first },
            85..97 => Self::TwoHops { node: first },
            _ => Self::Path { from: first, to: second },
        }
    }
}

/// A mixed workload.
#[derive(Debug, Clone)]
pub struct MixedWorkload {
    spec: MixedWorkloadSpec,
    zipf: Zipf,
    sources: Vec<NodeSource>,
}

impl MixedWorkload {
    /// Makes the workload of `spec`.
    ///
    /// # Panics
    /// Where there are no graphs or no nodes, or a share does not lie between 0 and 1.
    pub fn new(spec: MixedWorkloadSpec) -> Self {
        assert!(spec.nodes > 0, "updates and queries need nodes");
        assert!([spec.query_share, spec.conflict_share].iter().all(|share| (0.0..=1.0).contains(share)), "{spec:?}");
        let zipf = Zipf::new(spec.graphs, spec.zipf_exponent);
        let sources = (0..spec.graphs).map(|graph| NodeSource::new(Self::graph_id(graph), spec.seed)).collect();
        Self { spec, zipf, sources }
    }

    /// Returns the id of graph number `graph`.
    pub fn graph_id(graph: u64) -> GraphId {
        GraphId::named(&format!("mixed-{graph}"))
    }

    /// Returns the nodes of graph number `graph`, of which the first [`MixedWorkloadSpec::nodes`] are there from the start.
    pub fn nodes(&self, graph: u64) -> &NodeSource {
        &self.sources[number::index(graph)]
    }

    /// Returns the transactions that create the graphs and their first nodes: two for each graph.
    pub fn preparation(&self) -> impl Iterator<Item = WorkloadTransaction> + '_ {
        (0..self.spec.graphs).flat_map(move |number| {
            let graph = Self::graph_id(number);
            let metadata = GraphMetadata::named(format!("mixed-{number}"));
            let nodes = (0..self.spec.nodes).map(|node| self.nodes(number).node(node)).collect();
            let steps = [GraphCommand::CreateGraph { metadata }, GraphCommand::AddNodes { nodes }];
            (0..).zip(steps).map(move |(step, command)| WorkloadTransaction {
                graph,
                context: workload_context(graph.into(), !self.spec.seed, step),
                commands: vec![command],
            })
        })
    }

    /// Returns operation number `number`; the same number is the same operation, in whatever order they are asked for.
    pub fn operation(&self, number: u64) -> MixedOperation {
        let mut random = Random::at(self.spec.seed ^ 0x0313_0313, number);
        let drawn = self.zipf.draw(&mut random);
        if random.chance(self.spec.query_share) {
            return MixedOperation { graph: drawn, action: Action::Query(self.query(drawn, &mut random)) };
        }
        let contended = random.chance(self.spec.conflict_share);
        let graph = if contended { 0 } else { drawn };
        let transaction = self.command(graph, number, &mut random);
        MixedOperation { graph, action: Action::Command { transaction, contended } }
    }

    /// A command is an update of a node that is there, or, one time in five, a new node.
    fn command(&self, graph: u64, number: u64, random: &mut Random) -> WorkloadTransaction {
        let source = self.nodes(graph);
        let command = if random.below(5) == 0 {
            GraphCommand::AddNode { node: source.node(self.spec.nodes + number) }
        } else {
            let node = random.quadratic_below(self.spec.nodes);
            let set = source.changed_visual(node, number);
            let component_type = Name::new_static(VISUAL);
            let update = NodeUpdate { node: source.id(node), component_type, set, unset: Vec::new() };
            GraphCommand::UpdateNode { update }
        };
        let graph = Self::graph_id(graph);
        WorkloadTransaction {
            graph,
            context: workload_context(graph.into(), self.spec.seed, number),
            commands: vec![command],
        }
    }

    fn query(&self, graph: u64, random: &mut Random) -> QueryDraw {
        QueryDraw::draw(self.nodes(graph), self.spec.nodes, random)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workload(query_share: f64, conflict_share: f64) -> MixedWorkload {
        MixedWorkload::new(MixedWorkloadSpec {
            graphs: 100,
            zipf_exponent: 0.99,
            nodes: 1000,
            query_share,
            conflict_share,
            seed: 42,
        })
    }

    #[test]
    fn shares_are_those_asked_for() {
        let workload = workload(0.8, 0.25);
        let mut queries = 0;
        let mut conflicts = 0;
        for number in 0..10_000 {
            match workload.operation(number).action {
                Action::Query(_) => queries += 1,
                Action::Command { contended, .. } => conflicts += u32::from(contended),
            }
        }
        assert!((7_850..8_150).contains(&queries), "{queries} queries");
        assert!((430..570).contains(&conflicts), "{conflicts} conflicts among {} commands", 10_000 - queries);
    }

    #[test]
    fn an_operation_does_not_depend_on_those_before_it() {
        let (forwards, backwards) = (workload(0.5, 0.1), workload(0.5, 0.1));
        let mut first: Vec<_> = (0..100).map(|number| forwards.operation(number)).collect();
        first.reverse();
        let second: Vec<_> = (0..100).rev().map(|number| backwards.operation(number)).collect();
        assert_eq!(first, second);
    }

    #[test]
    fn contended_commands_go_to_the_hottest_graph() {
        let workload = workload(0.0, 1.0);
        assert!((0..100).all(|number| workload.operation(number).graph == 0));
    }
}
