//! The store: the contract's methods on the stream.

use std::sync::Arc;

use async_nats::jetstream::ContextBuilder;
use async_trait::async_trait;
use cidgraph::store::Followed;
use cidgraph::{
    AggregateAppend, AggregateId, Appended, Capabilities, Durability, EventStore, HashKind, Head, StoreError,
    StoredEvent, StreamFilter,
};
use tokio::sync::watch;

use crate::append::{BATCH_EVENTS_MAX, append};
use crate::config::JetStreamConfig;
use crate::connection::{connect, invalid};
use crate::definition;
use crate::durability;
use crate::follow::follow;
use crate::log::Log;
use crate::message::OVERHEAD_BYTES;
use crate::places::Places;
use crate::positions;
use crate::shared::Shared;

/// Events in a stream of NATS JetStream.
#[derive(Debug)]
pub struct JetStreamStore {
    shared: Arc<Shared>,
    /// Closes with the store.
    open: watch::Sender<()>,
}

impl JetStreamStore {
    /// Connects, makes the stream or checks the one there is, and asks what an acknowledgement means.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for credentials that are refused, a server that is too old, a stream whose configuration
    /// differs (the field is named, nothing is changed); [`StoreError::Unavailable`] where no server is to be reached.
    pub async fn connect(config: JetStreamConfig) -> Result<Self, StoreError> {
        let client = connect(&config).await?;
        let timeouts = ContextBuilder::new().timeout(config.request_timeout).ack_timeout(config.request_timeout);
        let context = timeouts.build(client.clone());
        let server = client.server_info();
        let info = definition::ensure(&context, &config, &server).await?;
        let patience = config.request_timeout;
        let durability = durability::probe(&config.monitor_urls, &info, &server.server_name, patience).await?;
        let message_bytes_max = config.max_message_bytes.and_then(|bytes| usize::try_from(bytes).ok());
        let message_bytes_max = message_bytes_max.map_or(server.max_payload, |bytes| bytes.min(server.max_payload));
        let block_bytes_max = message_bytes_max.checked_sub(OVERHEAD_BYTES).filter(|bytes| *bytes > 0);
        let capabilities = Capabilities {
            durable: true,
            append_events_max: BATCH_EVENTS_MAX,
            block_bytes_max: block_bytes_max
                .ok_or_else(|| invalid("the server's max_payload or max_message_bytes is too small"))?,
            gapless_sequences: false,
        };
        let log = Log {
            client,
            context,
            name: config.stream,
            request_timeout: config.request_timeout,
            deadline: config.deadline,
        };
        let (hash, replicas, split_appends) = (config.hash, info.config.num_replicas, config.split_appends);
        let (heads, read) = (Places::default(), Places::default());
        let shared = Shared { log, hash, capabilities, durability, heads, read, replicas, split_appends };
        Ok(Self { shared: Arc::new(shared), open: watch::Sender::new(()) })
    }

    /// Returns what an append's answer says of its durability.
    pub fn durability(&self) -> Durability {
        self.shared.durability
    }
}

#[async_trait]
impl EventStore for JetStreamStore {
    async fn append(&self, batch: &[AggregateAppend]) -> Result<Appended, StoreError> {
        append(&self.shared, batch).await
    }

    async fn head(&self, aggregate: AggregateId) -> Result<Option<Head>, StoreError> {
        Ok(self.shared.last(aggregate).await?.map(|place| place.head))
    }

    async fn read(
        &self,
        aggregate: AggregateId,
        from_version: u64,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.shared.read(aggregate, from_version, limit).await
    }

    async fn read_all(&self, from_sequence: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        self.shared.read_all(from_sequence, limit).await
    }

    async fn follow(&self, from_sequence: u64, filter: StreamFilter) -> Result<Followed, StoreError> {
        Ok(follow(&self.shared.log, self.open.subscribe(), from_sequence, &filter))
    }

    async fn list(&self) -> Result<Vec<(AggregateId, Head)>, StoreError> {
        let lasts = self.shared.log.lasts().await?;
        Ok(lasts.iter().map(|stored| (stored.event.aggregate, stored.event.head())).collect())
    }

    async fn last_sequence(&self) -> Result<u64, StoreError> {
        self.shared.log.last_sequence().await
    }

    async fn save_position(&self, reader: &str, sequence: u64) -> Result<(), StoreError> {
        positions::save(&self.shared.log, self.shared.replicas, reader, sequence).await
    }

    async fn load_position(&self, reader: &str) -> Result<Option<u64>, StoreError> {
        positions::load(&self.shared.log, self.shared.replicas, reader).await
    }

    fn hash_kind(&self) -> HashKind {
        self.shared.hash
    }

    fn capabilities(&self) -> Capabilities {
        self.shared.capabilities
    }

    fn durability_of_kept(&self) -> Durability {
        self.shared.durability
    }
}
