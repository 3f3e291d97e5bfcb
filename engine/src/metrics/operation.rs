//! The operations whose durations are kept apart.

/// What took its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Operation {
    /// Deciding and appending one submission, the wait for others included.
    Append,
    /// Bringing a graph into memory.
    Load,
    /// Finding one node or edge by id or key.
    QueryLookup,
    /// Finding nodes by kind, component or property.
    QuerySelect,
    /// Finding a node's neighbours.
    QueryNeighbors,
    /// Walking several steps from a node.
    QueryTraverse,
    /// Finding paths between nodes.
    QueryPath,
    /// Computing over the whole graph: ranks, components, communities.
    QueryAnalyze,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 8] = [
        Self::Append,
        Self::Load,
        Self::QueryLookup,
        Self::QuerySelect,
        Self::QueryNeighbors,
        Self::QueryTraverse,
        Self::QueryPath,
        Self::QueryAnalyze,
    ];

    /// Returns the name, as in `query_path`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Append => "append",
            Self::Load => "load",
            Self::QueryLookup => "query_lookup",
            Self::QuerySelect => "query_select",
            Self::QueryNeighbors => "query_neighbors",
            Self::QueryTraverse => "query_traverse",
            Self::QueryPath => "query_path",
            Self::QueryAnalyze => "query_analyze",
        }
    }

    /// Returns whether it computes the answer of a query; hits of the cache are not recorded.
    pub const fn is_query(self) -> bool {
        match self {
            Self::QueryLookup
            | Self::QuerySelect
            | Self::QueryNeighbors
            | Self::QueryTraverse
            | Self::QueryPath
            | Self::QueryAnalyze => true,
            Self::Append | Self::Load => false,
        }
    }

    pub(super) const fn index(self) -> usize {
        self as usize
    }
}
