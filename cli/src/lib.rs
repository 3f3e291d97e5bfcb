//! The `cidgraph` command as a library: importers, exporters, JSON forms, and the subcommands over them.

pub mod json;

pub mod import;

pub mod export;

pub mod filter;

pub mod failure;

pub mod output;

pub mod store;

pub mod session;

pub mod progress;

pub mod ingest;

pub mod events;

pub mod command;

pub mod arguments;

pub mod documentation;

pub use arguments::run;
