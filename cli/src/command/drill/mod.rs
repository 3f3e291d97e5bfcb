//! `cidgraph drill`: faults on servers of its own, and whether anything acknowledged was lost.

mod arguments;
mod stores;

mod run;

pub use arguments::Arguments;
pub use run::run;
