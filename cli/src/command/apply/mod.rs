//! `cidgraph apply`: commands from arguments or from standard input.

mod arguments;

pub use arguments::{Arguments, Asked, reference};
