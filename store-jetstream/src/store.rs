//! The store: the contract's methods on the stream.

use std::sync::Arc;
use std::time::Duration;

use async_nats::ServerInfo;
use async_nats::jetstream::stream::Info;
use async_trait::async_trait;
use cidgraph::store::Followed;
use cidgraph::{
    AggregateAppend, AggregateId, Appended, Archive, Capabilities, Durability, EventStore, HashKind, Head, ObjectStore,
    StoreError, StoredEvent, StreamFilter,
};
use tokio::sync::watch;

use crate::absence::Absence;
use crate::append::append;
use crate::backoff::Budget;
use crate::config::JetStreamConfig;
use crate::connection::{Connection, connect};
use crate::definition;
use crate::durability::{self, Probed};
use crate::holes::Holes;
use crate::log::Log;
use crate::message::{OVERHEAD_BYTES, Subjects};
use crate::objects::JetStreamObjects;
use crate::places::Places;
use crate::positions;
use crate::publish::BATCH_EVENTS_MAX;
use crate::reads::Reads;
use crate::refusals::invalid;
use crate::shared::Shared;
use crate::whole::follow;

/// How long a monitor is waited for.
const MONITOR_PATIENCE: Duration = Duration::from_secs(2);

/// Events in a stream of NATS JetStream.
#[derive(Debug)]
pub struct JetStreamStore {
    shared: Arc<Shared>,
    /// Closes with the store.
    open: watch::Sender<()>,
    unreached_monitors: Vec<String>,
}

impl JetStreamStore {
    /// Connects, makes the stream or checks the one there is, and asks what an acknowledgement means.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for credentials that are refused, a server that is too old, a stream whose configuration
    /// differs (the field is named, nothing is changed); [`StoreError::Refused`] where the login lacks a permission;
    /// [`StoreError::Unavailable`] where no server is to be reached.
    pub async fn connect(config: JetStreamConfig) -> Result<Self, StoreError> {
        let connection = connect(&config).await?;
        let server = connection.client.server_info();
        let log = Log::new(connection, &config.stream, Subjects::new(&config.subject_prefix), config.replicas);
        let info = definition::ensure(&log.connection, &log.access, &config, &server).await?;
        Self::of(&config, &server, log, Some(&info)).await
    }

    /// Connects to the stream there is, to read it: appends are refused, nothing is made. While the stream has no leader
    /// its reads are answered by any server that keeps a copy, which may lag.
    ///
    /// # Errors
    /// [`StoreError::Refused`] where there is no stream; else as [`connect`](Self::connect).
    pub async fn open(config: JetStreamConfig) -> Result<Self, StoreError> {
        let connection = Connection { budget: Budget::shared(), ..connect(&config).await? };
        let server = connection.client.server_info();
        let log = Log::new(connection, &config.stream, Subjects::new(&config.subject_prefix), config.replicas);
        let log = Log { absence: Some(Absence::default()), ..log };
        let info = log.look().await?;
        if let Some(info) = &info {
            definition::check(&config, info)?;
        }
        Self::of(&config, &server, log, info.as_ref()).await
    }

    /// Makes the store of a stream, of which nothing may be known where it has no leader.
    async fn of(
        config: &JetStreamConfig,
        server: &ServerInfo,
        log: Log,
        info: Option<&Info>,
    ) -> Result<Self, StoreError> {
        let Probed { durability, unreached } = match info {
            Some(info) => {
                let patience = config.request_timeout.min(MONITOR_PATIENCE);
                durability::probe(&config.monitor_urls, info, &server.server_name, patience).await?
            }
            None => Probed { durability: Durability::PageCache, unreached: Vec::new() },
        };
        // A stream without a leader is one of several servers.
        let replicas = info.map_or(config.replicas.max(2), |info| info.config.num_replicas);
        let message_bytes_max = config.max_message_bytes.and_then(|bytes| usize::try_from(bytes).ok());
        let message_bytes_max = message_bytes_max.map_or(server.max_payload, |bytes| bytes.min(server.max_payload));
        let block_bytes_max = message_bytes_max.checked_sub(OVERHEAD_BYTES).filter(|bytes| *bytes > 0);
        let capabilities = Capabilities {
            durable: true,
            append_events_max: BATCH_EVENTS_MAX,
            block_bytes_max: block_bytes_max
                .ok_or_else(|| invalid("the server's max_payload or max_message_bytes is too small"))?,
            gapless_sequences: false,
            purges: true,
            group_transactions_min: group_transactions_min(replicas),
            deadline: config.deadline,
        };
        let log = Log { replicated: replicas > 1, ..log };
        let objects = JetStreamObjects::of(&log, replicas);
        let archive = Archive::behind(Arc::new(objects), Arc::new(log.clone()));
        let shared = Shared {
            log,
            hash: config.hash,
            capabilities,
            durability,
            heads: Places::default(),
            read: Places::default(),
            reads: Reads::default(),
            holes: Holes::default(),
            kept_from: Places::default(),
            joined: Places::default(),
            archive,
            replicas,
            max_bytes: config.max_bytes,
            split_appends: config.split_appends,
        };
        Ok(Self { shared: Arc::new(shared), open: watch::Sender::new(()), unreached_monitors: unreached })
    }

    /// Returns how many servers keep each event.
    pub fn replicas(&self) -> usize {
        self.shared.replicas
    }

    /// Returns the monitoring addresses at which no server answered: of those servers it is not known whether they sync.
    pub fn unreached_monitors(&self) -> &[String] {
        &self.unreached_monitors
    }

    /// Returns whether the stream has no leader as far as this reader knows, so that what it reads may lag.
    pub fn is_leaderless(&self) -> bool {
        self.shared.log.is_leaderless()
    }

    /// Returns the connection, for what is asked of the servers beside the events.
    pub fn client(&self) -> &async_nats::Client {
        &self.shared.log.connection.client
    }
}

/// Returns how many transactions are worth a batch instead of a message each, one after the other.
///
/// A server that keeps a stream alone makes a folder on the disk for every batch: about 3 ms of its processor (2.15.1),
/// as much time as some thirty round trips. Servers that replicate keep a batch in memory, and a round trip of theirs
/// costs as much as a small batch.
const fn group_transactions_min(replicas: usize) -> usize {
    if replicas > 1 { 1 } else { 32 }
}

#[async_trait]
impl EventStore for JetStreamStore {
    async fn append(&self, batch: &[AggregateAppend]) -> Result<Appended, StoreError> {
        append(&self.shared, batch, self.shared.log.connection.deadline).await
    }

    async fn append_within(&self, batch: &[AggregateAppend], patience: Duration) -> Result<Appended, StoreError> {
        append(&self.shared, batch, patience.min(self.shared.log.connection.deadline)).await
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
        Ok(follow(Arc::clone(&self.shared), self.open.subscribe(), from_sequence, filter))
    }

    async fn list(&self) -> Result<Vec<(AggregateId, Head)>, StoreError> {
        self.shared.list().await
    }

    async fn last_sequence(&self) -> Result<u64, StoreError> {
        self.shared.log.last_sequence().await
    }

    async fn save_position(&self, reader: &str, sequence: u64) -> Result<(), StoreError> {
        positions::save(&self.shared.log, self.shared.replicas, reader, sequence).await
    }

    async fn load_position(&self, reader: &str) -> Result<Option<u64>, StoreError> {
        positions::load(&self.shared.log, reader).await
    }

    fn objects(&self) -> Option<Arc<dyn ObjectStore>> {
        Some(Arc::clone(self.shared.archive.objects()))
    }

    async fn kept_from(&self, aggregate: AggregateId) -> Result<u64, StoreError> {
        self.shared.kept_from(aggregate).await
    }

    async fn purge(&self, aggregate: AggregateId, version: u64) -> Result<(), StoreError> {
        self.shared.purge(aggregate, version).await
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

    async fn close(&self) {
        self.open.send_replace(());
        self.shared.reads.close();
        let log = &self.shared.log;
        if !log.is_leaderless() {
            log.consumers.close(&log.connection, &log.name).await;
        }
    }
}
