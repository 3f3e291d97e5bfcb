//! The write side: one task per open aggregate decides, seals, appends and publishes, in that order.
//!
//! An aggregate has one [`Draft`](crate::aggregate::Draft) and one writer that owns it. The writer takes waiting
//! submissions in order, decides them on the draft, seals each as one transaction, and sends the group to the store in
//! one append. Only what the store has taken is published and acknowledged; whatever else happens, the draft goes back
//! to the published state. This is the one place where `store` and `aggregate` meet.

mod append;
mod backoff;
mod companion;
mod config;
mod group;
mod metrics;
mod recent;
mod registry;
mod replay;
mod submission;
mod task;
mod writer_handle;

pub use companion::{Companion, Ended};
pub use config::WriterConfig;
pub use metrics::WriterMetrics;
pub use recent::{Recent, Remembered};
pub use registry::{Begun, DraftSource, OpenAggregate, Registry, load_newest};
pub use replay::{LoadedTip, ReplayError, load};
pub use submission::{Receipt, Submission, WriteError};
pub(crate) use writer_handle::{AnswerOf, received};
pub use writer_handle::{WriterHandle, open, spawn};
