//! Generated edges, as pairs of node numbers.
//!
//! Each is drawn among the nodes that exist when it is drawn, so that nodes and edges can be mixed in one stream. All
//! need constant memory.

use crate::random::Random;

/// How edges are spread over nodes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum EdgeShape {
    /// R-MAT (Chakrabarti, Zhan and Faloutsos 2004): a recursive matrix with the chance of each quadrant; the fourth
    /// is what remains to 1. Graph500 takes 0.57, 0.19, 0.19.
    RMat {
        /// Both ends in the lower half.
        a: f64,
        /// The source in the lower half, the target in the upper.
        b: f64,
        /// The source in the upper half, the target in the lower.
        c: f64,
    },
    /// Preferential attachment (Barabási and Albert 1999), drawn without a table as in Sanders and Schulz 2016: each node
    /// in turn brings `per_node` edges, whose targets are drawn in proportion to their degree so far.
    BarabasiAlbert {
        /// Edges that each node brings.
        per_node: u64,
    },
    /// A uniform source and the target floor(u² × nodes): a skewed in-degree with a bound that is easy to state.
    UniformQuadratic,
}

impl EdgeShape {
    /// The quadrants of Graph500.
    pub const GRAPH500: Self = Self::RMat { a: 0.57, b: 0.19, c: 0.19 };
}

/// Draws the edges of one graph.
#[derive(Debug, Clone)]
pub struct EdgeSource {
    shape: EdgeShape,
    seed: u64,
    drawn: u64,
}

impl EdgeSource {
    /// Makes the edges of `shape`.
    ///
    /// # Panics
    /// Where the chances of R-MAT do not lie between 0 and 1, or a node brings no edges.
    pub fn new(shape: EdgeShape, seed: u64) -> Self {
        match shape {
            EdgeShape::RMat { a, b, c } => {
                assert!([a, b, c, 1.0 - a - b - c].iter().all(|chance| (0.0..=1.0).contains(chance)), "{shape:?}");
            }
            EdgeShape::BarabasiAlbert { per_node } => assert!(per_node > 0, "a node brings at least one edge"),
            EdgeShape::UniformQuadratic => {}
        }
        Self { shape, seed, drawn: 0 }
    }

    /// Draws the next edge, as (source, target), among nodes 0 to `nodes` − 1.
    ///
    /// # Panics
    /// Where `nodes` is 0.
    pub fn draw(&mut self, nodes: u64) -> (u64, u64) {
        assert!(nodes > 0, "an edge needs a node");
        let index = self.drawn;
        self.drawn += 1;
        let mut random = Random::at(self.seed, index);
        match self.shape {
            EdgeShape::RMat { a, b, c } => recursive_matrix(&mut random, [a, a + b, a + b + c], nodes),
            EdgeShape::BarabasiAlbert { per_node } => {
                (index / per_node % nodes, self.attached(index, per_node) % nodes)
            }
            EdgeShape::UniformQuadratic => (random.below(nodes), random.quadratic_below(nodes)),
        }
    }

    /// Returns the target of edge `index`: the node at a random earlier place in the list of all edges' ends. Even
    /// places hold sources, which are known; an odd place holds a target, whose own draw is looked up in turn.
    fn attached(&self, index: u64, per_node: u64) -> u64 {
        let mut place = 2 * index + 1;
        while place % 2 == 1 {
            place = Random::at(self.seed, place / 2).below(place);
        }
        place / 2 / per_node
    }
}

/// Descends into quadrants; `limits` are the cumulative chances of the first three. Draws again where the matrix, whose
/// side is a power of two, exceeds the nodes.
fn recursive_matrix(random: &mut Random, limits: [f64; 3], nodes: u64) -> (u64, u64) {
    let levels = u64::BITS - (nodes - 1).leading_zeros();
    loop {
        let (mut source, mut target) = (0, 0);
        for _ in 0..levels {
            let unit = random.unit();
            source = source << 1 | u64::from(unit >= limits[1]);
            target = target << 1 | u64::from((unit >= limits[0] && unit < limits[1]) || unit >= limits[2]);
        }
        if source < nodes && target < nodes {
            return (source, target);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SHAPES: [EdgeShape; 3] =
        [EdgeShape::GRAPH500, EdgeShape::BarabasiAlbert { per_node: 5 }, EdgeShape::UniformQuadratic];

    proptest! {
        #[test]
        fn ends_lie_among_the_nodes(seed: u64, nodes in 1_u64..5000) {
            for shape in SHAPES {
                let mut source = EdgeSource::new(shape, seed);
                for _ in 0..50 {
                    let (from, to) = source.draw(nodes);
                    prop_assert!(from < nodes && to < nodes);
                }
            }
        }
    }

    /// Returns the share of edges that end at the hundredth of the nodes with most of them.
    fn share_of_the_top(shape: EdgeShape) -> f64 {
        let mut source = EdgeSource::new(shape, 7);
        let mut degree = vec![0_u32; 10_000];
        (0..50_000).for_each(|_| degree[crate::number::index(source.draw(10_000).1)] += 1);
        degree.sort_unstable();
        f64::from(degree[9_900..].iter().sum::<u32>()) / 50_000.0
    }

    #[test]
    fn every_shape_is_skewed_as_its_law_says() {
        let shares = SHAPES.map(share_of_the_top);
        assert!((0.15..0.60).contains(&shares[0]), "R-MAT {shares:?}");
        assert!((0.08..0.40).contains(&shares[1]), "Barabási-Albert {shares:?}");
        assert!((0.09..0.13).contains(&shares[2]), "quadratic {shares:?}");
    }

    #[test]
    fn each_node_brings_its_edges_in_turn() {
        let mut source = EdgeSource::new(EdgeShape::BarabasiAlbert { per_node: 3 }, 1);
        let sources: Vec<u64> = (0..9).map(|_| source.draw(100).0).collect();
        assert_eq!(sources, [0, 0, 0, 1, 1, 1, 2, 2, 2]);
    }
}
