//! What stands on a store as a test suite: slices, subscriptions, processors and engines give the same on every store.
//!
//! [`engine_conformance!`](crate::engine_conformance) makes one named test of each contract, as
//! [`store_conformance!`](crate::store_conformance) does for the store itself. [`Desk`] and [`Shelf`] write and take
//! events, also for tests of one store only; [`Damaged`] changes what is read.

pub mod damaged;
pub mod desk;
pub mod engines;
pub mod past;
pub mod processor;
pub mod shelf;
pub mod slices;
pub mod subscription;
pub mod suite;
pub mod wait;

pub use damaged::Damaged;
pub use desk::{Desk, Scribe, context, graph, removed};
pub use shelf::Shelf;
pub use wait::{eventually, reached, take};
