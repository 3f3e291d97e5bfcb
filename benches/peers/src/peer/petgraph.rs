//! petgraph as its users use it: a `StableDiGraph` of node weights, a `HashMap` for what is looked up.

use std::collections::{HashMap, HashSet};

use petgraph::algo::astar;
use petgraph::stable_graph::{NodeIndex, StableDiGraph};

use super::Peer;
use crate::Outcome;
use crate::data::Node;

/// A graph in memory.
#[derive(Default)]
pub(crate) struct Petgraph {
    graph: StableDiGraph<(&'static str, String, i64), &'static str>,
    by_number: HashMap<u32, NodeIndex>,
    by_kind_and_color: HashMap<(&'static str, String), HashSet<NodeIndex>>,
}

impl Peer for Petgraph {
    fn load(
        &mut self,
        nodes: &mut dyn Iterator<Item = Node>,
        edges: &mut dyn Iterator<Item = (u32, u32)>,
    ) -> Outcome<()> {
        for (number, node) in (0..).zip(nodes) {
            let index = self.graph.add_node((node.kind(), node.color().to_owned(), i64::from(node.score)));
            self.by_number.insert(number, index);
            self.by_kind_and_color.entry((node.kind(), node.color().to_owned())).or_default().insert(index);
        }
        for (source, target) in edges {
            self.graph.add_edge(self.by_number[&source], self.by_number[&target], "knows");
        }
        Ok(())
    }

    fn open(&mut self) -> Outcome<bool> {
        Ok(false)
    }

    fn point(&self, node: u32) -> Outcome<u64> {
        let (_, color, score) = &self.graph[self.by_number[&node]];
        Ok(Node::answer(color, *score))
    }

    fn count(&self, kind: &str, color: &str) -> Outcome<u64> {
        let kind = cidgraph_harness::workload::KINDS.iter().find(|name| **name == kind).ok_or("a known kind")?;
        Ok(self.by_kind_and_color.get(&(*kind, color.to_owned())).map_or(0, |nodes| nodes.len() as u64))
    }

    fn two_hop(&self, node: u32) -> Outcome<u64> {
        let start = self.by_number[&node];
        let mut seen = HashSet::new();
        for near in self.graph.neighbors(start) {
            seen.insert(near);
            seen.extend(self.graph.neighbors(near));
        }
        seen.remove(&start);
        Ok(seen.len() as u64)
    }

    fn path(&self, from: u32, to: u32) -> Outcome<Option<u64>> {
        let goal = self.by_number[&to];
        let found = astar(&self.graph, self.by_number[&from], |node| node == goal, |_| 1_u64, |_| 0);
        Ok(found.map(|(length, _)| length))
    }
}
