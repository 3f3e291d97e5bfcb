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
    /// When the later nodes were born.
    NodeBirths = 112, "node births";
    /// Which nodes died.
    DeadNodeMarks = 113, "dead node marks";
    /// How many nodes died before each block of marks.
    DeadNodeCounts = 114, "dead node counts";
    /// When they died.
    NodeDeaths = 115, "node deaths";
    /// Which edges died.
    DeadEdgeMarks = 116, "dead edge marks";
    /// How many edges died before each block of marks.
    DeadEdgeCounts = 117, "dead edge counts";
    /// When they died.
    EdgeDeaths = 118, "edge deaths";
    /// Which nodes have the id of a dead one.
    NamesakeMarks = 119, "namesake marks";
    /// How many such there are before each block of marks.
    NamesakeCounts = 120, "namesake counts";
    /// The last node before each that had its id.
    Namesakes = 121, "namesakes";
    /// Which nodes changed.
    ChangedNodeMarks = 122, "changed node marks";
    /// How many nodes changed before each block of marks.
    ChangedNodeCounts = 123, "changed node counts";
    /// Where the changes of each changed node end.
    NodeChangeOffsets = 124, "node change offsets";
    /// When each change happened.
    NodeChangeStamps = 125, "node change stamps";
    /// The component set before each change.
    FormerSets = 126, "former sets";
    /// The version of each changed node before its first change.
    FormerVersions = 127, "former versions";
    /// Which edges changed.
    ChangedEdgeMarks = 128, "changed edge marks";
    /// How many edges changed before each block of marks.
    ChangedEdgeCounts = 129, "changed edge counts";
    /// Where the changes of each changed edge end.
    EdgeChangeOffsets = 130, "edge change offsets";
    /// When each change happened.
    EdgeChangeStamps = 131, "edge change stamps";
    /// The properties before each change.
    FormerProperties = 132, "former properties";
    /// When transactions ended.
    TransactionStamps = 144, "transaction stamps";
    /// The times of their last events.
    TransactionTimes = 145, "transaction times";
    /// The digests of the CIDs of their last events.
    TransactionDigests = 146, "transaction digests";
    /// The hash functions of these CIDs.
    TransactionHashes = 147, "transaction hashes";
    /// Transactions in the order of these digests.
    TransactionsByDigest = 148, "transactions by digest";
    /// How many nodes there were at the end of each transaction.
    NodeCounts = 149, "node counts";
    /// How many edges there were at the end of each transaction.
    EdgeCounts = 150, "edge counts";
    /// The versions that the last checkpoints then were of.
    CheckpointVersions = 151, "checkpoint versions";
    /// The versions of the events that say these checkpoints.
    CheckpointEvents = 152, "checkpoint events";
    /// What had changed since these events.
    CheckpointChanges = 153, "checkpoint changes";
    /// What was known of the graph at the end of each transaction: a number of the next section.
    TransactionInfos = 154, "transaction infos";
    /// Everything that was known of the graph as a whole, in turn.
    FormerInfos = 155, "former infos";
}
