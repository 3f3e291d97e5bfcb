//! What a run is made of.

/// What a caller can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// An import of real input.
    RealInput,
    /// Appends: one graph growing, sustained load, callers who share a sync.
    Append,
    /// Full verification.
    Verify,
    /// Queries by class, at rest and while events arrive.
    Query,
    /// Cached queries.
    Cache,
    /// Memory by structure.
    Memory,
    /// Starts, and a process that is killed.
    Recovery,
    /// Snapshot files: writing, opening, serving, and what a thousand events add.
    Snapshot,
    /// The past of a long history, and proofs of it.
    History,
    /// All that the bars of the parts need, and nothing else.
    Bars,
}

/// One measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Memory by structure.
    Memory,
    /// One graph growing.
    Ingest,
    /// Single appends, and callers who share a sync.
    Appends,
    /// Where servers keep the stores: appends beside raw publishing.
    BesideRaw,
    /// Sustained load with its audit.
    Sustained,
    /// The highest rate within a latency.
    Capacity,
    /// Full verification.
    Verify,
    /// Starts on the journal that ingest wrote.
    Start,
    /// A process that is killed.
    Crash,
    /// Queries by class.
    Queries,
    /// Queries while events arrive.
    LoadedQueries,
    /// Cached queries.
    Cache,
    /// Recovery of the graph that is asked, from its first event and from its snapshot.
    Recovery,
    /// Snapshot files of the graph that is asked.
    Snapshot,
    /// The past of a long history, and proofs of it.
    History,
    /// An import of real input.
    RealInput,
}

impl Section {
    /// Returns the parts that it consists of.
    pub const fn parts(self) -> &'static [Part] {
        match self {
            Self::RealInput => &[Part::RealInput],
            Self::Append => &[Part::Ingest, Part::Appends, Part::BesideRaw, Part::Sustained, Part::Capacity],
            Self::Verify => &[Part::Verify],
            Self::Query => &[Part::Queries, Part::LoadedQueries],
            Self::Cache => &[Part::Cache],
            Self::Memory => &[Part::Memory],
            Self::Recovery => &[Part::Start, Part::Crash, Part::Recovery],
            Self::Snapshot => &[Part::Snapshot, Part::Recovery],
            Self::History => &[Part::History],
            Self::Bars => &[
                Part::Ingest,
                Part::Appends,
                Part::BesideRaw,
                Part::Verify,
                Part::Start,
                Part::Crash,
                Part::Queries,
                Part::LoadedQueries,
                Part::Cache,
                Part::Snapshot,
                Part::Recovery,
                Part::History,
                Part::RealInput,
            ],
        }
    }
}
