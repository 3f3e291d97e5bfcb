//! The frame-time bench: what a frame costs, on nothing, in software and on a graphics device, while different things
//! happen. The report is that of `cidgraph bench`.

mod rung;
mod past;
mod scenario;
mod frames;
mod stream;
mod laid_out;
mod bars;
mod run;

pub use run::{BenchError, BenchPlan, run};
pub use rung::Rung;
pub use scenario::Scenario;
