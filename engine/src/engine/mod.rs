//! The front door: graphs in a store, opened on demand, changed by commands, read without waiting.

mod error;
mod checkpoints;
mod builder;
mod starts;
mod warming;
mod front;
mod services;
mod replica;
mod sink;

pub use builder::EngineBuilder;
pub use checkpoints::Checkpointing;
pub use error::{Error, ErrorKind};
pub(crate) use front::Sent;
pub use front::{Engine, Graph, VerifiedGraph};
pub use sink::GraphReplicas;
