//! The `cidgraph` command as a library: importers, exporters, JSON forms, and the subcommands over them.

pub mod json;

pub mod import;

pub mod export;

pub mod filter;
