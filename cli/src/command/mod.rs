//! The subcommands, one a file.

pub mod node;

pub mod shelf;

pub mod apply;
pub mod archive;
pub mod bench;
pub mod car;
pub mod completions;
pub mod drill;
pub mod export;
pub mod graphs;
pub mod import;
pub mod log;
pub mod man;
pub mod query;
pub mod show;
pub mod snapshot;
pub mod stats;
pub mod verify;

pub mod repair;
