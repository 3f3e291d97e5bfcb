//! The whole bench: which parts run, how large, in which order, and the report of all.

mod plan;

mod part;

mod surroundings;

mod parts;
mod past;
mod served;

mod run;

pub use part::{Part, Section};
pub use plan::{Plan, Profile};
pub use run::run;
pub use surroundings::{BenchError, MakeWorker, OpenInput, Surroundings};
