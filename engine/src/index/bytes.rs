//! The ledger of an index: bytes on the heap by structure.

/// Bytes on the heap by structure; what versions share is counted in full in each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct IndexBytes {
    /// The set of all nodes.
    pub nodes: usize,
    /// The nodes of each kind.
    pub kinds: usize,
    /// The nodes of each component type.
    pub components: usize,
    /// The nodes of each category.
    pub categories: usize,
    /// The values of every property.
    pub properties: usize,
}

impl IndexBytes {
    /// Returns the sum.
    pub const fn total(&self) -> usize {
        self.nodes + self.kinds + self.components + self.categories + self.properties
    }
}
