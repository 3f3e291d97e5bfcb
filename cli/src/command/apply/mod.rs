//! `cidgraph apply`: commands from arguments or from standard input.

mod arguments;
mod run;

pub use arguments::{Arguments, Asked};
pub use run::run;
