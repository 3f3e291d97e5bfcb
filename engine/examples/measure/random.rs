//! Seeded random nodes of a graph, uniform and quadratically skewed.

/// A 64-bit SplitMix sequence over the nodes below a bound.
pub struct Random {
    state: u64,
    nodes: u32,
}

impl Random {
    pub const fn new(seed: u64, nodes: u32) -> Self {
        Self { state: seed, nodes }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Returns a node, each as likely.
    pub fn node(&mut self) -> u32 {
        u32::try_from((u128::from(self.next()) * u128::from(self.nodes)) >> 64).expect("below the number of nodes")
    }

    /// Returns node `nodes * u^2` for a uniform `u`.
    pub fn skewed(&mut self) -> u32 {
        let (first, second) = (u64::from(self.node()), self.next() >> 44);
        let root = ((first << 20) | second).min((u64::from(self.nodes) << 20) - 1);
        let square = ((u128::from(root) * u128::from(root)) / u128::from(self.nodes)) >> 40;
        u32::try_from(square).expect("below the number of nodes")
    }

    /// Returns edges from uniform to skewed nodes.
    pub fn edges(&mut self, count: usize) -> Vec<(u32, u32)> {
        (0..count).map(|_| (self.node(), self.skewed())).collect()
    }
}
