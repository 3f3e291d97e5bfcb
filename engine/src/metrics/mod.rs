//! How long the engine's operations take: one place for all of them.
//!
//! Nothing here reads a clock: whoever does the work says how long it took.

mod operation;
mod samples;
mod recorder;
mod snapshot;
#[cfg(test)]
mod tests;

pub use operation::Operation;
pub use recorder::Metrics;
pub use snapshot::{MetricsSnapshot, Summary};
