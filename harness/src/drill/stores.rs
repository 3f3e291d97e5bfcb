//! Where drills get the stores on their servers from.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use cidgraph::{EventStore, StoreError};
use futures::future::BoxFuture;

/// What a store on a drill's servers must be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreTerms {
    /// The servers.
    pub urls: Vec<String>,
    /// Their monitors.
    pub monitor_urls: Vec<String>,
    /// Servers that keep each event.
    pub replicas: usize,
    /// How long one call may take.
    pub deadline: Duration,
}

/// Opens stores on servers.
pub trait ServerStores: fmt::Debug + Send + Sync {
    /// Returns the name of the stream that its stores keep their events in.
    fn stream(&self) -> &str;

    /// Opens a store with a connection of its own, making the stream where there is none.
    fn open(&self, terms: StoreTerms) -> BoxFuture<'_, Result<Arc<dyn EventStore>, StoreError>>;
}
