//! Objects in a bucket of JetStream's object store, as its own tools know them.

mod bucket;
mod record;
mod store;

pub use store::JetStreamObjects;
