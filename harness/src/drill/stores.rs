//! Where drills get the stores on their servers from.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use cidgraph::{Damage, EventStore, StoreError};
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

/// What is special about a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Special {
    /// Its stream holds no more bytes.
    MaxBytes(u64),
    /// It logs in.
    Login {
        /// The user.
        user: String,
        /// The password.
        password: String,
    },
    /// It demands an encrypted connection and trusts the authorities in this file.
    Authorities(PathBuf),
}

/// What was found in one server's own copy of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyFound {
    /// The server's name.
    pub server: String,
    /// Events that it lacks or has otherwise than they should be.
    pub bad_events: u64,
    /// The first of them.
    pub first_damage: Option<Damage>,
}

/// Opens stores on servers.
pub trait ServerStores: fmt::Debug + Send + Sync {
    /// Returns the name of the stream that its stores keep their events in.
    fn stream(&self) -> &str;

    /// Opens a store with a connection of its own, making the stream where there is none.
    fn open(&self, terms: StoreTerms) -> BoxFuture<'_, Result<Arc<dyn EventStore>, StoreError>>;

    /// Opens a store with something special about it.
    fn open_special(
        &self,
        terms: StoreTerms,
        special: Special,
    ) -> BoxFuture<'_, Result<Arc<dyn EventStore>, StoreError>>;

    /// Reads every server's own copy of the stream to its end.
    fn survey(&self, terms: StoreTerms) -> BoxFuture<'_, Result<Vec<CopyFound>, StoreError>>;

    /// Makes bad copies good from the others.
    fn repair(&self, terms: StoreTerms) -> BoxFuture<'_, Result<(), StoreError>>;
}
