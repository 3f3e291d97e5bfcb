//! `cidgraph bench`: every target beside its measured figure.

mod arguments;

mod folder;
mod input;
mod served;
mod stores;

mod run;

pub use arguments::Arguments;
pub use run::run;
