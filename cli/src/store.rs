//! Where events are kept, as the command line says it, and how that store is opened.
//!
//! Only here, in `verify` and in `bench` is it known which stores there are; everything else is told an [`EventStore`].

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cidgraph::shelf::{Notice, ShelfConfig};
use cidgraph::{Engine, EngineBuilder, EventStore, Refusal, StoreError};
use cidgraph_store_jetstream::{JetStreamConfig, JetStreamStore};
use cidgraph_store_memory::{FsyncPolicy, MemoryStore};
use clap::{Args, ValueEnum};

use crate::failure::Failure;
use crate::output::note;

/// Which store is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StoreKind {
    /// The embedded store: a journal of CAR files in the data folder.
    Memory,
    /// A stream of NATS JetStream, on a server or a cluster.
    Jetstream,
}

/// When the embedded store brings what was written to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Fsync {
    /// Before each transaction is acknowledged.
    Always,
    /// In the background, every second at most.
    Interval,
    /// When the operating system likes.
    Never,
}

impl From<Fsync> for FsyncPolicy {
    fn from(fsync: Fsync) -> Self {
        match fsync {
            Fsync::Always => Self::Always,
            Fsync::Interval => Self::Interval(Duration::from_secs(1)),
            Fsync::Never => Self::Never,
        }
    }
}

/// The options that say where events are kept.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Store and output")]
pub struct StoreOptions {
    /// The store to use; CIDGRAPH_STORE where it is not given
    #[arg(
        long = "store",
        id = "store",
        global = true,
        value_enum,
        value_name = "STORE",
        default_value = "memory",
        env = "CIDGRAPH_STORE",
        hide_env = true
    )]
    pub kind: StoreKind,
    /// The folder of the embedded store
    #[arg(long, global = true, default_value = ".cidgraph", value_name = "DIR")]
    pub data_dir: PathBuf,
    /// The servers of the JetStream store, as nats://host:4222; instead of those in --config and CIDGRAPH_NATS_URLS
    #[arg(long = "nats-url", global = true, value_name = "URL[,URL]", value_delimiter = ',')]
    pub nats_urls: Vec<String>,
    /// A TOML file that says all about the JetStream store; CIDGRAPH_NATS_CONFIG where it is not given
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The stream of the JetStream store; event-store where nothing says another
    #[arg(long, global = true, value_name = "NAME")]
    pub stream: Option<String>,
    /// How many servers keep each event: 1, 3 or 5; without it a new stream gets 3 in a cluster and 1 elsewhere
    #[arg(long, global = true, value_name = "COUNT")]
    pub replicas: Option<usize>,
    /// The folder of the graphs' snapshots, one for each store; where it is not given, `snapshots` in the folder of the
    /// embedded store, and none for a store on servers
    #[arg(long, global = true, value_name = "DIR", conflicts_with = "no_snapshots")]
    pub snapshots: Option<PathBuf>,
    /// Take no snapshots, and open graphs from their first event
    #[arg(long, global = true)]
    pub no_snapshots: bool,
}

/// Whether snapshots are taken of the graphs that are opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Snapshots {
    /// As the engine does.
    Take,
    /// They are only used.
    Use,
}

impl StoreOptions {
    /// Opens the store to read, at its last commit; makes none.
    ///
    /// # Errors
    /// [`Failure::Store`]; [`Failure::Usage`] where there is none.
    pub async fn open_to_read(&self) -> Result<Arc<dyn EventStore>, Failure> {
        match self.kind {
            StoreKind::Memory => Ok(Arc::new(MemoryStore::open_read_only(self.data_folder()?)?)),
            StoreKind::Jetstream => Ok(Arc::new(self.open_stream().await?)),
        }
    }

    /// Opens the store to write, making it where there is none, and says on standard error what a crash had cut off.
    ///
    /// # Errors
    /// [`Failure::Store`].
    pub async fn open_to_write(&self, fsync: Fsync) -> Result<Arc<dyn EventStore>, Failure> {
        match self.kind {
            StoreKind::Memory => {
                let store = MemoryStore::open(&self.data_dir, fsync.into())?;
                report_loss(&store);
                Ok(Arc::new(store))
            }
            StoreKind::Jetstream => Ok(Arc::new(self.connect().await?)),
        }
    }

    /// Starts to set an engine up on a store that was opened.
    pub fn engine(&self, store: Arc<dyn EventStore>, snapshots: Snapshots) -> EngineBuilder {
        let builder = Engine::builder(store);
        match self.snapshot_folder() {
            Some(folder) => builder.snapshots(ShelfConfig {
                takes: snapshots == Snapshots::Take,
                notify: Arc::new(say),
                ..ShelfConfig::new(folder)
            }),
            None => builder,
        }
    }

    /// Returns the folder of snapshots, if there is one.
    pub fn snapshot_folder(&self) -> Option<PathBuf> {
        let beside = || (self.kind == StoreKind::Memory).then(|| self.data_dir.join("snapshots"));
        if self.no_snapshots { None } else { self.snapshots.clone().or_else(beside) }
    }

    /// Returns the options as they are given on a command line.
    pub fn arguments(&self) -> Vec<OsString> {
        let kind = if self.kind == StoreKind::Jetstream { "jetstream" } else { "memory" };
        let mut arguments: Vec<OsString> =
            vec!["--store".into(), kind.into(), "--data-dir".into(), self.data_dir.clone().into()];
        let mut give = |name: &str, value: Option<OsString>| {
            arguments.extend(value.into_iter().flat_map(|value| [name.into(), value]));
        };
        give("--nats-url", (!self.nats_urls.is_empty()).then(|| self.nats_urls.join(",").into()));
        give("--config", self.config.clone().map(PathBuf::into_os_string));
        give("--stream", self.stream.clone().map(OsString::from));
        give("--replicas", self.replicas.map(|count| count.to_string().into()));
        give("--snapshots", self.snapshots.clone().map(PathBuf::into_os_string));
        arguments.extend(self.no_snapshots.then(|| "--no-snapshots".into()));
        arguments
    }

    /// Returns the options of the store at a place: the address of a server, else a folder.
    pub fn at_place(&self, place: &str) -> Self {
        if place.contains("://") {
            let nats_urls = place.split(',').map(str::to_owned).collect();
            return Self { kind: StoreKind::Jetstream, nats_urls, ..self.clone() };
        }
        Self { kind: StoreKind::Memory, data_dir: place.into(), ..self.clone() }
    }

    /// Returns the folder of the embedded store, which is there.
    ///
    /// # Errors
    /// [`Failure::Usage`] where there is no such folder.
    pub fn data_folder(&self) -> Result<&Path, Failure> {
        let folder = &self.data_dir;
        if folder.is_dir() {
            return Ok(folder);
        }
        let reason = format!("no store in {}: import something first, or give --data-dir", folder.display());
        Err(Failure::usage(reason))
    }

    /// Refuses options of a store that is not the one to use: they would go unnoticed.
    ///
    /// # Errors
    /// [`Failure::Usage`].
    pub fn check(&self) -> Result<(), Failure> {
        let given = [
            ("--nats-url", !self.nats_urls.is_empty()),
            ("--config", self.config.is_some()),
            ("--stream", self.stream.is_some()),
            ("--replicas", self.replicas.is_some()),
        ];
        match (self.kind, given.into_iter().find(|(_, is_given)| *is_given)) {
            (StoreKind::Memory, Some((option, _))) => {
                Err(Failure::usage(format!("{option} is for a store on servers: give --store jetstream with it")))
            }
            (StoreKind::Memory, None) | (StoreKind::Jetstream, _) => Ok(()),
        }
    }

    /// Returns what the JetStream store is told: by the options, else by the environment, else by the file.
    ///
    /// # Errors
    /// [`Failure::Usage`] where no server is named; [`Failure::Store`] where file or environment cannot be read.
    pub fn jetstream(&self) -> Result<JetStreamConfig, Failure> {
        let named = self.named_servers()?;
        named.ok_or_else(|| Failure::usage("expected where the servers are: give --nats-url, as nats://127.0.0.1:4222"))
    }

    /// Returns the same, `None` where no server is named.
    ///
    /// # Errors
    /// [`Failure::Store`] where file or environment cannot be read.
    pub fn named_servers(&self) -> Result<Option<JetStreamConfig>, Failure> {
        let mut config =
            JetStreamConfig::load(self.config.as_deref(), std::env::vars_os()).map_err(StoreError::from)?;
        if !self.nats_urls.is_empty() {
            config.urls.clone_from(&self.nats_urls);
        }
        if let Some(stream) = &self.stream {
            config.stream.clone_from(stream);
        }
        if let Some(replicas) = self.replicas {
            (config.replicas, config.replicas_by_servers) = (replicas, false);
        }
        Ok((!config.urls.is_empty()).then_some(config))
    }

    /// Returns the addresses of the servers with commas between them, nothing where there are none.
    pub fn servers(&self) -> String {
        match (self.kind, self.named_servers()) {
            (StoreKind::Jetstream, Ok(Some(config))) => config.urls.join(", "),
            (StoreKind::Jetstream | StoreKind::Memory, _) => String::new(),
        }
    }

    /// Connects to the servers.
    ///
    /// # Errors
    /// [`Failure::Store`], which names the servers where none is to be reached; those of
    /// [`jetstream`](Self::jetstream).
    pub async fn connect(&self) -> Result<JetStreamStore, Failure> {
        let config = self.jetstream()?;
        let servers = config.urls.join(", ");
        let store = JetStreamStore::connect(config).await.map_err(|error| of_servers(&servers, error))?;
        for url in store.unreached_monitors() {
            note(unreached_monitor(url));
        }
        Ok(store)
    }

    /// Opens the stream there is, and says on standard error where it has no leader.
    async fn open_stream(&self) -> Result<JetStreamStore, Failure> {
        let config = self.jetstream()?;
        let servers = config.urls.join(", ");
        let store = JetStreamStore::open(config).await.map_err(|error| of_servers(&servers, error))?;
        if store.is_leaderless() {
            note("cidgraph: the stream has no leader now: this is read from one server's copy, which may lag");
        }
        Ok(store)
    }
}

/// Returns what is said of a monitor that does not answer.
pub(crate) fn unreached_monitor(url: &str) -> String {
    format!("cidgraph: no server answers at the monitoring address {url}: what it acknowledges counts as not synced")
}

/// Names the servers where they are not to be reached, or have no stream.
fn of_servers(servers: &str, error: StoreError) -> Failure {
    // An address that holds a login is never unavailable: it is refused.
    if let StoreError::Unavailable { reason } = error {
        return StoreError::Unavailable { reason: format!("{servers}: {reason}") }.into();
    }
    if let StoreError::Refused { refusal: Refusal::Missing { what } } = &error {
        return Failure::usage(format!("{servers}: there is no {what}: import something first, or give --stream"));
    }
    error.into()
}

/// Shows where events are kept, without the servers.
impl fmt::Display for StoreOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            StoreKind::Memory => write!(f, "the store in {}", self.data_dir.display()),
            StoreKind::Jetstream => f.write_str("the stream"),
        }
    }
}

/// Says on standard error what snapshot was not used or taken.
fn say(notice: &Notice) {
    if matches!(notice, Notice::Skipped { .. } | Notice::Failed { .. }) {
        note(format_args!("cidgraph: {notice}"));
    }
}

/// Says on standard error what opening cut off behind the last whole commit: a crash left it, or later damage.
fn report_loss(store: &MemoryStore) {
    let recovery = store.recovery();
    if recovery.bytes_cut > 0 {
        note(format_args!(
            "cidgraph: {} bytes behind the last whole commit were cut off ({} events that were never known durable)",
            recovery.bytes_cut, recovery.events_cut
        ));
    }
}
