//! CSV files of nodes and edges, with typed headers (`id:ID`, `score:int`, `:START_ID`) or plain ones (LDBC SNB's).
//!
//! Every row is one command, in the order of the files: nodes, then multi-valued properties, then edges.

mod header;
mod quotes;
mod reader;
mod row;

mod import;

pub use header::{Column, FileRole, Header};
pub use import::{CsvFormat, CsvImport};
