//! `cidgraph verify`: every CID and link again.

mod arguments;
mod found;
mod stream;
mod run;

pub use arguments::Arguments;
pub use run::run;
