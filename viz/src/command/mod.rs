//! The program's arguments, and what each of them does.

mod failure;
mod bench;
mod arguments;
mod show;
mod run;

pub use arguments::{Arguments, Command};
pub use bench::Bench;
pub use failure::Failure;
pub use run::run;
