//! Checkpoints: what a graph's writer commits to from time to time, so that a proof need not begin at the first event.
//!
//! A checkpoint names a version with two roots: of the tree over the CIDs of all events up to it, and of the state then.
//! It is computed beside the writer, on a published view, and goes through the writer's queue like any command; so its
//! event stands somewhat later than the version that it is of.

mod policy;
mod event_tree;
mod error;
mod checkpointer;
mod replayed;
mod audit;

pub use audit::{Audited, Said, audit_checkpoints};
pub use checkpointer::Checkpointer;
pub use error::CheckpointError;
pub use event_tree::{EventPaths, EventTree, event_leaf};
pub use policy::CheckpointPolicy;
pub use replayed::{ReplayedGraph, visit_events};
