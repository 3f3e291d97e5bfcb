//! `cidgraph bench`: every target beside its measured figure.

mod arguments;

mod folder;
mod input;
mod stores;

mod run;

pub use arguments::Arguments;
pub(in crate::command) use folder::Interruption;
pub(in crate::command) use run::Stages;
pub use run::run;
