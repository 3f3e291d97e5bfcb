//! The store contract as a test suite, for every crate that implements [`EventStore`](crate::EventStore).
//!
//! [`store_conformance!`](crate::store_conformance) makes one named test of each contract. [`fault`] wraps a real store
//! and makes appends fail in the ways a network does; [`planted`] wraps one and breaks a promise, so that the suite
//! itself can be tested.

pub mod append;
pub mod fault;
pub mod follow;
pub mod malformed;
pub mod objects;
pub mod planted;
pub mod read;
pub mod sample;
pub mod subject;
pub mod suite;

pub use fault::{Fault, FaultInjector};
pub use objects::Objects;
pub use planted::{Flaw, PlantedStore};
pub use sample::{Sample, SampleStream};
pub use subject::{Breach, Subject, Verdict};
pub use suite::{CONTRACTS, Contract};
