//! Any aggregate as a Mealy machine, persisted: its draft, and the front door that submits commands to it.
//!
//! An aggregate brings its rules ([`StateMachineAggregate`](crate::StateMachineAggregate)) and its events' wire form
//! ([`EventPayload`](crate::EventPayload)); chain, transactions, conflicts and replay come from the writer. Aggregates
//! of several kinds live side by side in one store.

mod machine_draft;
mod transactional;

pub use machine_draft::{MachineDraft, MachineDrafts, MachineReader, Published};
pub use transactional::TransactionalCommandHandler;
