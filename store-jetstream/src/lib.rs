//! An [`EventStore`](cidgraph::EventStore) in a stream of NATS JetStream: durable, replicated, live.
//!
//! An event is a message with subject `event.store.{aggregate}.{event type}`: its body the block, its headers `Cid` and
//! `Previous-Cid`. The check that an append continues its aggregates travels in the publish, so the server itself lets
//! no two writers fork a chain.

pub mod config;
mod permissions;
mod refusals;
mod backoff;
mod silence;
mod greeting;
mod connection;
mod consumers;
mod absence;
mod message;
mod pages;
mod definition;
mod durability;
mod publish;
mod log;
mod objects;
mod holes;
mod gaps;
mod places;
mod follow;
mod reads;
mod shared;
mod archived;
mod whole;
mod split;
mod append;
mod positions;
mod store;
pub mod replica;

pub use config::{ConfigError, Credentials, JetStreamConfig, Secret, Tls};
pub use objects::JetStreamObjects;
pub use store::JetStreamStore;
