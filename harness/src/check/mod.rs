//! The audit of acknowledged events: each is in the store, once, in order, and its aggregate's chain is whole.

mod audit;
mod auditor;
mod stream_check;

pub use audit::{Audit, Fault, FaultKind};
pub use auditor::{Auditor, Watch};
pub use stream_check::StreamCheck;
