//! How things are measured: the machine, memory as the operating system counts it, time, and what hash and disk alone
//! can do.

mod disk;
mod distribution;
mod footprint;
mod hash_rate;
mod machine;
mod memory;
mod timing;

pub use disk::fdatasync_latency;
pub use distribution::Distribution;
pub use footprint::ProcessLedger;
pub use hash_rate::{HashRate, hash_rate};
pub use machine::Machine;
pub use memory::{ProcessMemory, available_memory, process_memory, reset_peak};
pub use timing::{CALLS_PER_SAMPLE, Stopwatch, Timed, mean_of_calls};
