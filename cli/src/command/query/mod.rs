//! `cidgraph query`: nodes by criteria, neighbourhoods, paths, ranks and components of a graph as it is now or was.

mod arguments;
mod criterion;
mod show;
mod run;

pub use arguments::{Along, Arguments, Asked, When};
pub use criterion::criterion_of;
pub use run::run;
