//! `cidgraph import`: an input of one of five kinds, into a graph.

mod arguments;
mod run;

pub use arguments::{Arguments, Input, Opened, Target, TimeUnit};
pub use run::run;
