//! Following the stream: graphs kept current, events buffered, callers called; on every store, over its `follow`.
//!
//! Nothing is ever dropped: a reader that does not keep up falls behind, visibly, and blocks no one but itself.

mod delivery;
mod follow_error;
mod graph_transaction;
mod processor;
mod subscriptions;
mod tracked_graph;

pub use delivery::SubscriptionHandler;
pub use follow_error::FollowError;
pub use graph_transaction::{GraphSink, GraphTransaction, SinkError};
pub use processor::{Following, GraphEventProcessor};
pub use subscriptions::{Start, SubscriptionError, SubscriptionId, SubscriptionManager};
