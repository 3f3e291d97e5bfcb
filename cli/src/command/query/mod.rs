//! `cidgraph query`: nodes by criteria, neighbourhoods, paths, ranks and components of a graph as it is now.

mod arguments;
mod criterion;
mod show;
mod run;

pub use arguments::{Arguments, Asked};
pub use criterion::criterion_of;
pub use run::run;
