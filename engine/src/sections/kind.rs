//! What the sections of a snapshot file hold.

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $number:literal, $name:literal;)*) => {
        /// What a section holds; the numbers never change.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u32)]
        pub enum SectionKind {
            $($(#[$doc])* $kind = $number,)*
        }

        impl SectionKind {
            /// Every kind, in the order in which sections stand in a file.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// Returns its name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }
        }
    };
}

kinds! {
    /// The names in use.
    Names = 1, "names";
    /// What is known of the graph as a whole.
    Info = 2, "info";
    /// Component types and their categories.
    Categories = 3, "categories";
    /// The ids of nodes.
    NodeIds = 16, "node ids";
    /// The table from ids to nodes.
    NodeTable = 17, "node table";
    /// The kinds of nodes.
    NodeKinds = 18, "node kinds";
    /// Where the key of each node ends.
    KeyOffsets = 19, "key offsets";
    /// The keys of nodes.
    KeyBytes = 20, "key bytes";
    /// The component sets of nodes.
    NodeSets = 21, "node sets";
    /// The versions at which nodes last changed.
    NodeVersions = 22, "node versions";
    /// Where the outgoing edges of each node end.
    OutOffsets = 32, "out offsets";
    /// The targets of edges.
    OutTargets = 33, "out targets";
    /// Where the incoming edges of each node end.
    InOffsets = 34, "in offsets";
    /// The sources of incoming edges.
    InSources = 35, "in sources";
    /// The ordinals of incoming edges.
    InPositions = 36, "in positions";
    /// The names of the kinds that edges have.
    EdgeKindNames = 47, "edge kind names";
    /// The kinds of edges: places among their names.
    EdgeKinds = 48, "edge kinds";
    /// The properties of edges.
    EdgeProperties = 49, "edge properties";
    /// The versions at which edges were connected.
    EdgeVersions = 50, "edge versions";
    /// The places of edges among those of their version.
    EdgeIndices = 51, "edge indices";
    /// Edges in the order of their creation.
    EdgesByCreation = 52, "edges by creation";
    /// Edges that have a caller's id.
    CallerPositions = 53, "caller positions";
    /// Callers' ids of edges.
    CallerIds = 54, "caller ids";
    /// Callers' ids in order.
    CallersById = 55, "callers by id";
    /// The pool's values.
    ValueBytes = 64, "value bytes";
    /// Where each value ends.
    ValueOffsets = 65, "value offsets";
    /// The pool's components.
    ComponentWords = 66, "component words";
    /// Where each component ends.
    ComponentOffsets = 67, "component offsets";
    /// The pool's component sets.
    SetWords = 68, "set words";
    /// Where each set ends.
    SetOffsets = 69, "set offsets";
    /// The table that finds values.
    ValueTable = 70, "value table";
    /// The table that finds components.
    ComponentTable = 71, "component table";
    /// The table that finds sets.
    SetTable = 72, "set table";
    /// How many nodes use each set.
    SetUses = 73, "set uses";
    /// How many edges use each component.
    ComponentUses = 74, "component uses";
    /// The indices.
    Index = 96, "index";
}
