//! The server, or the cluster, that keeps the stores of a run.

use std::fmt;

use async_nats::Client;
use async_nats::jetstream;
use cidgraph::Durability;

use super::error::BaselineError;

/// A connection to servers, and what they do for a store.
#[derive(Clone)]
pub struct Servers {
    pub(super) client: Client,
    replicas: usize,
    durability: Durability,
    /// Whether the servers were asked when they sync.
    is_asked: bool,
}

impl Servers {
    /// Describes the servers behind a connection: how many keep each event, and what an acknowledgement means there, at
    /// least where they were not asked.
    pub const fn new(client: Client, replicas: usize, durability: Durability, is_asked: bool) -> Self {
        Self { client, replicas, durability, is_asked }
    }

    /// Returns how many servers keep each event.
    pub const fn replicas(&self) -> usize {
        self.replicas
    }

    /// Returns what an acknowledgement means.
    pub const fn durability(&self) -> Durability {
        self.durability
    }

    /// Returns the server's version, how many keep each event and what an acknowledgement means, for a row of the table.
    pub fn label(&self) -> String {
        let unasked = if self.is_asked { "" } else { " at least: not every server was asked" };
        format!("nats-server {} R{} {}{unasked}", self.client.server_info().version, self.replicas, self.durability)
    }

    /// Deletes the streams whose names begin with `prefix`.
    ///
    /// # Errors
    /// Where the server does not answer.
    pub async fn delete_streams(&self, prefix: &str) -> Result<(), BaselineError> {
        use futures::TryStreamExt;

        let context = jetstream::new(self.client.clone());
        let failed = BaselineError::at("deleting a stream");
        let names: Vec<String> = context.stream_names().try_collect().await.map_err(&failed)?;
        for name in names.iter().filter(|name| name.starts_with(prefix)) {
            context.delete_stream(name).await.map_err(BaselineError::at("deleting a stream"))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Servers").field("label", &self.label()).finish_non_exhaustive()
    }
}
