//! The consumers that this process has on servers, which go with it.
//!
//! A consumer is deleted when nobody holds it any more, beside what goes on. A runtime that ends meanwhile ends the
//! deletion too: who closes the store before waits for it.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::future::join_all;
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::time::timeout;
use uuid::Uuid;

use crate::connection::Connection;

/// The names of a stream's consumers that may be there.
#[derive(Debug, Clone, Default)]
pub(crate) struct Consumers(Arc<Mutex<BTreeSet<String>>>);

/// Deletes a consumer when it is dropped.
#[derive(Debug)]
pub(crate) struct Consumer {
    consumers: Consumers,
    connection: Connection,
    stream: String,
    pub(crate) name: String,
}

impl Consumers {
    /// Names a consumer that is going to be made.
    pub(crate) fn add(&self, connection: &Connection, stream: &str) -> Consumer {
        let name = Uuid::new_v4().simple().to_string();
        self.0.lock().insert(name.clone());
        Consumer { consumers: self.clone(), connection: connection.clone(), stream: stream.to_owned(), name }
    }

    /// Deletes all of them, where the servers answer.
    pub(crate) async fn close(&self, connection: &Connection, stream: &str) {
        let names = std::mem::take(&mut *self.0.lock());
        let deleted = join_all(names.iter().map(|name| connection.context.delete_consumer_from_stream(name, stream)));
        // Where this fails the server drops them by itself.
        drop(timeout(connection.request_timeout, deleted).await);
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        let Ok(runtime) = Handle::try_current() else { return };
        let (consumers, connection) = (self.consumers.clone(), self.connection.clone());
        let (stream, name) = (std::mem::take(&mut self.stream), std::mem::take(&mut self.name));
        runtime.spawn(async move {
            // Where this fails the server drops the consumer by itself.
            drop(connection.context.delete_consumer_from_stream(&name, &stream).await);
            consumers.0.lock().remove(&name);
        });
    }
}
