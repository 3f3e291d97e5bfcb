//! Streams of JetStream as the bench's source of stores: on the user's servers or, without any, on the bench's own.
//!
//! Every store is a stream of its own with subjects of its own. The user's stream is never touched, and no stream of the
//! bench outlives it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cidgraph::{EventStore, StoreError};
use cidgraph_harness::baseline::Servers;
use cidgraph_harness::nats::{Cluster, NatsError, SERVERS, Server, SyncInterval};
use cidgraph_harness::section::{Opening, ServiceError, StoreSource, SyncPolicy, verify_log};
use cidgraph_store_jetstream::{JetStreamConfig, JetStreamStore};
use cidgraph_store_memory::MemoryStore;
use futures::future::BoxFuture;

use crate::failure::Failure;
use crate::output::note;
use crate::store::{StoreOptions, unreached_monitor};

/// How long streams may take to go when the run is interrupted.
const PATIENCE: Duration = Duration::from_secs(2);

/// What must not outlive a run: the bench's own servers, or its streams on the user's.
#[derive(Debug, Clone, Default)]
pub(super) struct Remains(Arc<Mutex<Held>>);

#[derive(Debug, Default)]
struct Held {
    own: Vec<Server>,
    streams: Option<(Servers, String)>,
}

impl Remains {
    /// Ends the servers, deletes the streams.
    pub(super) async fn remove(&self) {
        let held = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some((servers, run)) = held.streams {
            // Nobody waits for the answer: the run is over.
            drop(tokio::time::timeout(PATIENCE, servers.delete_streams(&run)).await);
        }
    }
}

/// Ends the bench's own servers also where a run panics.
#[derive(Debug)]
pub(super) struct Guard(pub(super) Remains);

impl Drop for Guard {
    fn drop(&mut self) {
        drop(std::mem::take(&mut self.0.0.lock().unwrap_or_else(PoisonError::into_inner).own));
    }
}

/// Servers that keep stores.
#[derive(Debug)]
struct Keepers {
    config: JetStreamConfig,
    servers: Servers,
}

/// Makes stores on servers.
#[derive(Debug)]
pub(super) struct JetStreamStores {
    /// What the names of all its streams begin with.
    run: String,
    unsynced: Keepers,
    synced: Option<Keepers>,
    /// The policy with which a store was first opened, by its name.
    policies: Mutex<HashMap<String, SyncPolicy>>,
}

impl JetStreamStores {
    /// Connects to the servers that the options name; where they name none, starts a server, and a cluster that syncs.
    pub(super) async fn connect(options: &StoreOptions, run: &str, remains: &Remains) -> Result<Self, Failure> {
        let (unsynced, synced) = if let Some(config) = options.named_servers()? {
            (Keepers::connect(config, run).await?, None)
        } else {
            let (one, cluster) = start(remains).map_err(|error| Failure::usage(error.to_string()))?;
            (Keepers::connect(one, run).await?, Some(Keepers::connect(cluster, run).await?))
        };
        if synced.is_none() {
            let mut held = remains.0.lock().unwrap_or_else(PoisonError::into_inner);
            held.streams = Some((unsynced.servers.clone(), run.to_owned()));
        }
        Ok(Self { run: run.to_owned(), unsynced, synced, policies: Mutex::default() })
    }

    /// Returns the options with which another process finds the store of a policy, and the names of this run.
    pub(super) fn arguments(&self, sync: SyncPolicy) -> Vec<String> {
        let config = &self.keepers(sync).config;
        let replicas = config.replicas.to_string();
        let urls = config.urls.join(",");
        let arguments = ["--store", "jetstream", "--nats-url", &urls, "--replicas", &replicas, "--run", &self.run];
        arguments.map(str::to_owned).to_vec()
    }

    fn keepers(&self, sync: SyncPolicy) -> &Keepers {
        match (sync, &self.synced) {
            (SyncPolicy::Always, Some(synced)) => synced,
            (SyncPolicy::Always, None) | (SyncPolicy::Never, _) => &self.unsynced,
        }
    }

    /// Returns the stream of a store, and the policy with which it was first opened.
    fn place(&self, folder: &Path, sync: SyncPolicy) -> (String, SyncPolicy) {
        let stream = self.name(folder);
        let mut policies = self.policies.lock().unwrap_or_else(PoisonError::into_inner);
        let sync = *policies.entry(stream.clone()).or_insert(sync);
        (stream, sync)
    }

    fn name(&self, folder: &Path) -> String {
        let name = folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy();
        format!("{}-{name}", self.run)
    }

    async fn store(&self, folder: &Path, sync: SyncPolicy) -> Result<Arc<dyn EventStore>, StoreError> {
        let (stream, sync) = self.place(folder, sync);
        Ok(Arc::new(self.keepers(sync).open(&stream).await?))
    }
}

impl Keepers {
    async fn connect(config: JetStreamConfig, run: &str) -> Result<Self, StoreError> {
        let probe = format!("{run}-probe");
        let store = JetStreamStore::connect(named(&config, &probe)).await?;
        let replicas = store.replicas();
        let config = JetStreamConfig { replicas, replicas_by_servers: false, ..config };
        let is_asked = !config.monitor_urls.is_empty() && store.unreached_monitors().is_empty();
        let servers = Servers::new(store.client().clone(), replicas, store.durability_of_kept(), is_asked);
        let unavailable =
            |error: cidgraph_harness::baseline::BaselineError| StoreError::Unavailable { reason: error.to_string() };
        servers.delete_streams(&probe).await.map_err(unavailable)?;
        for url in store.unreached_monitors() {
            note(unreached_monitor(url));
        }
        Ok(Self { config, servers })
    }

    async fn open(&self, stream: &str) -> Result<JetStreamStore, StoreError> {
        JetStreamStore::connect(named(&self.config, stream)).await
    }
}

fn named(config: &JetStreamConfig, stream: &str) -> JetStreamConfig {
    JetStreamConfig { stream: stream.to_owned(), subject_prefix: stream.to_owned(), ..config.clone() }
}

/// Starts one server with the default interval and a cluster that syncs, and returns how to reach the two. Whoever
/// removes what remains waits until both are there.
fn start(remains: &Remains) -> Result<(JetStreamConfig, JetStreamConfig), NatsError> {
    let mut held = remains.0.lock().unwrap_or_else(PoisonError::into_inner);
    let server = Server::start(SyncInterval::Default)?;
    let one =
        JetStreamConfig { monitor_urls: vec![server.monitor_url.clone()], ..JetStreamConfig::new(server.url.clone()) };
    held.own.push(server);
    let cluster = Cluster::start(SyncInterval::Always)?;
    let quorum = JetStreamConfig {
        urls: cluster.urls(),
        monitor_urls: cluster.monitor_urls(),
        replicas: SERVERS,
        ..JetStreamConfig::new("")
    };
    held.own.extend(cluster.servers);
    Ok((one, quorum))
}

impl StoreSource for JetStreamStores {
    fn in_memory(&self) -> Arc<dyn EventStore> {
        Arc::new(MemoryStore::new())
    }

    fn open<'a>(&'a self, folder: &'a Path, sync: SyncPolicy) -> Opening<'a> {
        Box::pin(self.store(folder, sync))
    }

    fn open_to_read<'a>(&'a self, folder: &'a Path) -> Opening<'a> {
        Box::pin(self.store(folder, SyncPolicy::Never))
    }

    fn verify<'a>(&'a self, folder: &'a Path) -> BoxFuture<'a, Result<u64, ServiceError>> {
        Box::pin(async move {
            let store = self.store(folder, SyncPolicy::Never).await.map_err(ServiceError::new)?;
            verify_log(store.as_ref()).await
        })
    }

    fn remove<'a>(&'a self, folder: &'a Path) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let (stream, sync) = self.place(folder, SyncPolicy::Never);
            let removed = self.keepers(sync).servers.delete_streams(&stream).await;
            removed.map_err(|error| StoreError::Unavailable { reason: error.to_string() })
        })
    }

    fn server(&self, sync: SyncPolicy) -> Option<&Servers> {
        Some(&self.keepers(sync).servers)
    }

    fn stream(&self, folder: &Path) -> Option<String> {
        Some(self.name(folder))
    }
}
