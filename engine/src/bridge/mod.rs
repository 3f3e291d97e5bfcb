//! The bridge between the engine, which is asynchronous, and a frame loop, which must not wait.
//!
//! The frame loop holds an [`AsyncSyncBridge`]: it sends commands, and takes what happened, without ever waiting. Tasks on
//! the engine's runtime carry the commands out and follow graphs. Between the two stands a hand-over of
//! bounded room: when the frame loop stands still, what follows a graph stops reading and goes on where it stopped, so
//! memory stays bounded and nothing is lost.

mod config;
mod sync;
mod hand_over;
mod error;
mod event;
mod merge;
mod parcel;
mod answers;
mod command;
mod local;
mod feed;
mod status;
mod received;
mod front;

pub use command::BridgeCommand;
pub use config::BatchConfig;
pub use error::{BridgeError, FeedError};
pub use event::{BridgeEvent, FeedId, GraphUpdate, Origin};
pub use feed::FeedStart;
pub use front::AsyncSyncBridge;
pub use local::LocalFeed;
pub use received::Received;
pub use status::{BridgeCounters, FeedStatus};
