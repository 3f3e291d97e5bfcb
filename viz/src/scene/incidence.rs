//! The edges of each node, as lists through the edges: two numbers an edge, one a node.

/// The end of a list.
const NONE: u32 = u32::MAX;

/// Which edges meet a node. Edges that died stay in the lists.
#[derive(Debug, Default)]
pub(super) struct Incidence {
    /// The newest edge of a node.
    first: Vec<u32>,
    /// The edge before it in the list of its source, and in that of its target.
    next: Vec<[u32; 2]>,
}

impl Incidence {
    /// Makes room for a further node.
    pub(super) fn add_node(&mut self) {
        self.first.push(NONE);
    }

    /// Adds the further edge from `source` to `target`. A loop is in the list of its node once.
    pub(super) fn add_edge(&mut self, source: u32, target: u32) {
        let edge = u32::try_from(self.next.len()).expect("the scene counts its slots in 32 bits");
        let before_source = std::mem::replace(&mut self.first[source as usize], edge);
        let before_target =
            if source == target { NONE } else { std::mem::replace(&mut self.first[target as usize], edge) };
        self.next.push([before_source, before_target]);
    }

    /// Returns the edges of a node, newest first. `source_of` gives an edge's source.
    pub(super) fn of<'a>(&'a self, node: u32, source_of: impl Fn(u32) -> u32 + 'a) -> impl Iterator<Item = u32> + 'a {
        let some = |edge: u32| (edge != NONE).then_some(edge);
        let next = move |edge: &u32| some(self.next[*edge as usize][usize::from(source_of(*edge) != node)]);
        std::iter::successors(some(self.first[node as usize]), next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_has_its_edges_newest_first() {
        let ends = [(0, 1), (1, 2), (2, 0), (1, 1), (0, 1)];
        let mut incidence = Incidence::default();
        (0..3).for_each(|_| incidence.add_node());
        for (source, target) in ends {
            incidence.add_edge(source, target);
        }
        let of = |node| incidence.of(node, |edge| ends[edge as usize].0).collect::<Vec<_>>();
        assert_eq!(of(0), [4, 2, 0]);
        assert_eq!(of(1), [4, 3, 1, 0]);
        assert_eq!(of(2), [2, 1]);
    }
}
