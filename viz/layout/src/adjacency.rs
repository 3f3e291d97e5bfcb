//! Who is next to whom, as compressed sparse rows.
//!
//! Directions, self-loops and repetitions of an edge do not count, and neither does the order in which edges are listed.

use crate::point::Point;

/// The neighbours of each node, in increasing order.
#[derive(Debug, Default)]
pub(crate) struct Adjacency {
    /// Where each node's neighbours begin, and where the last one's end.
    offsets: Vec<u32>,
    targets: Vec<u32>,
}

impl Adjacency {
    /// Returns the adjacency of edges whose ends are below `nodes`. Twice the edges fit in 32 bits.
    pub(crate) fn of_edges(nodes: usize, edges: &[[u32; 2]]) -> Self {
        let mut rows = Rows::sized(nodes, edges.iter().flatten().copied());
        for &[source, target] in edges {
            rows.push(source, target);
            rows.push(target, source);
        }
        let unsorted = rows.finish();
        // A symmetric matrix transposed is itself, with each row in increasing order.
        let mut rows = Rows::sized(nodes, edges.iter().flatten().copied());
        for node in 0..index(nodes) {
            unsorted.neighbours(node).iter().for_each(|target| rows.push(*target, node));
        }
        rows.finish().simple()
    }

    /// Returns the adjacency of some nodes alone, renumbered by their order. `local` gives each one's place in it, and
    /// `u32::MAX` for the others.
    pub(crate) fn of_part(&self, nodes: &[u32], local: &[u32]) -> Self {
        let mut part = Self { offsets: vec![0], targets: Vec::new() };
        for node in nodes {
            let targets = self.neighbours(*node).iter().map(|target| local[*target as usize]);
            part.targets.extend(targets.filter(|target| *target != u32::MAX));
            part.offsets.push(index(part.targets.len()));
        }
        part
    }

    pub(crate) fn nodes(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Returns the number of edges.
    pub(crate) fn edges(&self) -> usize {
        self.targets.len() / 2
    }

    pub(crate) fn neighbours(&self, node: u32) -> &[u32] {
        let node = node as usize;
        &self.targets[self.offsets[node] as usize..self.offsets[node + 1] as usize]
    }

    /// Returns how long edges are in the mean between these points; `None` where there are none.
    pub(crate) fn mean_length(&self, points: &[Point]) -> Option<f64> {
        let ends =
            (0..index(self.nodes())).flat_map(|node| self.neighbours(node).iter().map(move |target| (node, target)));
        let total: f64 =
            ends.map(|(node, target)| f64::from((points[*target as usize] - points[node as usize]).length())).sum();
        (self.edges() > 0).then(|| total / self.targets.len() as f64)
    }

    /// Drops self-loops and repetitions from sorted rows.
    fn simple(self) -> Self {
        let mut simple = Self { offsets: vec![0], targets: Vec::with_capacity(self.targets.len()) };
        for node in 0..index(self.nodes()) {
            let begin = simple.targets.len();
            for target in self.neighbours(node) {
                if *target != node && simple.targets[begin..].last() != Some(target) {
                    simple.targets.push(*target);
                }
            }
            simple.offsets.push(index(simple.targets.len()));
        }
        simple
    }
}

/// Returns a count as an index. [`Layout::new`](crate::Layout::new) refuses what does not fit.
pub(crate) fn index(count: usize) -> u32 {
    u32::try_from(count).expect("counts were checked to fit in 32 bits")
}

/// Rows of known lengths that are being filled.
struct Rows {
    offsets: Vec<u32>,
    ends: Vec<u32>,
    targets: Vec<u32>,
}

impl Rows {
    /// Makes room for one target of each node as often as it is named.
    fn sized(nodes: usize, named: impl Iterator<Item = u32>) -> Self {
        let mut offsets = vec![0; nodes + 1];
        named.for_each(|node| offsets[node as usize + 1] += 1);
        for node in 0..nodes {
            offsets[node + 1] += offsets[node];
        }
        Self { ends: offsets[..nodes].to_vec(), targets: vec![0; offsets[nodes] as usize], offsets }
    }

    fn push(&mut self, node: u32, target: u32) {
        let end = &mut self.ends[node as usize];
        self.targets[*end as usize] = target;
        *end += 1;
    }

    fn finish(self) -> Adjacency {
        assert!(self.ends == self.offsets[1..], "every row is full");
        Adjacency { offsets: self.offsets, targets: self.targets }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_sets_both_ways() {
        let graph = Adjacency::of_edges(5, &[[3, 1], [1, 3], [0, 3], [2, 2], [3, 0], [4, 3]]);
        let rows: Vec<&[u32]> = (0..5).map(|node| graph.neighbours(node)).collect();
        assert_eq!(rows, [&[3][..], &[3], &[], &[0, 1, 4], &[3]]);
        assert_eq!((graph.nodes(), graph.edges()), (5, 3));
    }

    #[test]
    fn a_part_keeps_the_edges_within() {
        let graph = Adjacency::of_edges(4, &[[0, 1], [1, 2], [2, 3]]);
        let part = graph.of_part(&[2, 1], &[u32::MAX, 1, 0, u32::MAX]);
        assert_eq!((part.neighbours(0), part.neighbours(1), part.edges()), (&[1][..], &[0][..], 1));
    }
}
