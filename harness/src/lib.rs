//! What measures the engine on any store: workloads as data, open-loop load, an audit of every acknowledged event, the
//! target table, its reports, the bench that runs it all, and NATS servers to kill.
//!
//! The modules in reading order; each imports only from those above it.

pub mod number;
pub mod random;

pub mod nats;

pub mod measure;

pub mod workload;

pub mod load;

pub mod check;

pub mod target;

pub mod report;

pub mod compare;

pub mod section;

pub mod drill;

pub mod bench;
