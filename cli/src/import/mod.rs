//! Importers: each turns one kind of input into a stream of transactions, and knows no store.
//!
//! Ids, actor and clock come from the input, so the same input gives the same events on every machine.

mod error;
pub mod field;
mod lines;
mod transaction;

pub mod csv;
pub mod edges;
pub mod git;
pub mod jsonl;

pub use error::{ImportError, SourcePosition, clip};
pub use lines::{LINE_BYTES_MAX, Lines, open_input};
pub use transaction::{BadLines, CommandIds, Import, ImportSource, NamedNode, TRANSACTION_COMMANDS, Transaction};
