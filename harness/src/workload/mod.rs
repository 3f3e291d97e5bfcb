//! Workloads as data: the same seed gives the same commands on every machine, one transaction at a time.

mod component;
mod edge;
mod graph;
mod mix;

pub use component::{COLORS, KINDS, NodeSource, SCORE_MAX, VISUAL};
pub use edge::{EdgeShape, EdgeSource};
pub use graph::{GraphTransactions, GraphWorkload, Order, WorkloadTransaction, transaction_of};
pub use mix::{Action, MixedOperation, MixedWorkload, MixedWorkloadSpec, QueryDraw};
