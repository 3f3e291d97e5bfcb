//! Where events are kept: the port, its contract, and what every store needs to keep it.
//!
//! [`contract`] holds the guarantees beside the methods of [`EventStore`]; the conformance suite (feature
//! `conformance`) holds a test for each. A store knows no event type and no graph rule.

pub mod batch;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod contract;
pub mod envelope;
pub mod objects;

pub use contract::{
    AggregateAppend, Appended, Capabilities, Damage, Durability, EventStore, Expected, Followed, Head, Refusal,
    SealedEvent, StoreError, StoredEvent, StreamFilter,
};
pub use envelope::Envelope;
pub use objects::{ObjectError, ObjectInfo, ObjectStore};
