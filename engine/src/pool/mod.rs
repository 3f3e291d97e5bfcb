//! Flyweight storage of what nodes and edges hold: equal values, components and component sets are stored once.
//!
//! A value is stored as its canonical DAG-CBOR bytes, a component as its type and (property, value) ids, a node's whole
//! component set as component ids. Each has an id; equal content has equal ids. Components of one type that differ in
//! at most a fifth of their properties share the storage of the others ([`DEDUP_THRESHOLD`]).
//!
//! [`PoolWriter`] is the one writer. [`Pool`] is what any number of readers read meanwhile, without locks: a frozen
//! compact [`PoolBase`] and what was appended since. [`compact`] makes a new base of what is still in use. Nothing that
//! was read ever changes; nothing is lost.
//!
//! [`ComponentRegistry`] tells what is known of component types.

mod base;
mod compact;
mod content;
mod counts;
mod file;
mod frozen;
mod ids;
mod ledger;
mod names;
mod read;
mod check;
mod registry;

mod run;
mod share;
mod writer;

pub use base::PoolBase;
pub use compact::{Naming, Remap, compact};
pub use content::Entries;
pub use ids::{ComponentId, NameId, SetId, ValueId};
pub use ledger::PoolLedger;
pub use names::Names;
pub use read::Pool;
pub use registry::{ComponentRegistry, ComponentType, SchemaViolation, ValueType};
pub use share::DEDUP_THRESHOLD;
pub use writer::PoolWriter;
