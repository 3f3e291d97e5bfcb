//! The subcommands, one a file.

pub mod moment;
pub mod node;

pub mod shelf;

pub mod apply;
pub mod archive;
pub mod bench;
pub mod bisect;
pub mod car;
pub mod check_proof;
pub mod completions;
pub mod diff;
pub mod drill;
pub mod export;
pub mod graphs;
pub mod history;
pub mod import;
pub mod log;
pub mod man;
pub mod prove;
pub mod query;
pub mod replay;
pub mod show;
pub mod snapshot;
pub mod stats;
pub mod verify;
pub mod view;
pub mod why;

pub mod repair;
