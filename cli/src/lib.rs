//! The `cidgraph` command as a library: importers, exporters, JSON forms, and the subcommands over them.

pub mod filter;
pub mod import;
pub mod json;
