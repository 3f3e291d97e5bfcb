//! Where graphs come from.

use std::path::PathBuf;

use cidgraph::Moment;
use cidgraph::history::Step;
use cidgraph_cli::store::StoreOptions;

/// Where graphs come from.
#[derive(Debug, Clone)]
pub enum Place {
    /// A made-up graph of so many nodes, in memory.
    Generated(u32),
    /// A store, and whether it is written to.
    Store(StoreOptions, bool),
    /// A CAR file of events, or a snapshot of one graph.
    File(PathBuf),
}

/// A stretch of the past that is read step by step, instead of following from the first event on.
#[derive(Debug, Clone, Copy)]
pub struct Stretch {
    /// Where it begins; `None` for the empty graph.
    pub from: Option<Moment>,
    /// Where it ends; `None` for the last transaction that there is.
    pub to: Option<Moment>,
    /// How long a step is.
    pub step: Step,
}
