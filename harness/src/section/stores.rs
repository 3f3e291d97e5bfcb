//! Where sections get their stores from; the harness itself knows no kind of store.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use cidgraph::{EventStore, StoreError};
use futures::future::BoxFuture;

use super::service::ServiceError;
use crate::baseline::Servers;

/// When a durable store brings what was appended to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncPolicy {
    /// Before each append is acknowledged.
    Always,
    /// When the operating system likes.
    Never,
}

/// A store being opened.
pub type Opening<'a> = BoxFuture<'a, Result<Arc<dyn EventStore>, StoreError>>;

/// Makes stores of one kind.
///
/// A store is known by its folder; where servers keep it, it is the stream that has the folder's name.
pub trait StoreSource: fmt::Debug + Send + Sync {
    /// Makes an empty store that keeps everything in memory.
    fn in_memory(&self) -> Arc<dyn EventStore>;

    /// Opens the durable store in `folder`, making it where there is none.
    fn open<'a>(&'a self, folder: &'a Path, sync: SyncPolicy) -> Opening<'a>;

    /// Opens the durable store in `folder` to read only.
    fn open_to_read<'a>(&'a self, folder: &'a Path) -> Opening<'a>;

    /// Checks every byte, CID and link of the durable store in `folder` and returns how many events it has.
    fn verify<'a>(&'a self, folder: &'a Path) -> BoxFuture<'a, Result<u64, ServiceError>>;

    /// Removes the store in `folder`.
    fn remove<'a>(&'a self, folder: &'a Path) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Returns the servers that keep the stores of a policy; `None` where they are kept in this process.
    fn server(&self, _sync: SyncPolicy) -> Option<&Servers> {
        None
    }

    /// Returns the name of the stream that the store in `folder` is, where servers keep it.
    fn stream(&self, _folder: &Path) -> Option<String> {
        None
    }
}
