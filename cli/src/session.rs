//! One run of the command: its options, its runtime, its store.

use std::future::poll_fn;
use std::path::Path;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use cidgraph::checkpoint::CheckpointPolicy;
use cidgraph::engine::Checkpointing;
use cidgraph::pool::ComponentRegistry;
use cidgraph::{AggregateId, EventStore, GraphId, GraphReadModel, Head, Snapshot};
use clap::{Args, ValueEnum};
use futures::future::join_all;
use tokio::runtime::Handle;
use tokio::signal::ctrl_c;

use crate::failure::Failure;
use crate::output::{Output, note};
use crate::store::{Fsync, Snapshots, StoreOptions};

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProgressKind {
    /// A bar where standard error is a terminal, nothing otherwise.
    Auto,
    /// Lines of text on standard error.
    Plain,
    /// JSON lines on standard output.
    Json,
    /// Nothing.
    None,
}

/// How often a loaded graph is asked whether its indices have all of it, and the time between.
const INDEX_POLLS_MAX: u32 = 100;
const INDEX_POLL: Duration = Duration::from_millis(20);

/// How long stores are waited for at the end.
const CLOSING: Duration = Duration::from_secs(1);

/// The options that every subcommand has.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Where events are kept.
    #[command(flatten)]
    pub store: StoreOptions,
    /// Print one JSON object a line instead of tables
    #[arg(long, global = true, help_heading = "Store and output")]
    pub json: bool,
    /// How to show progress of long work
    #[arg(
        long,
        global = true,
        value_enum,
        default_value = "auto",
        value_name = "HOW",
        help_heading = "Store and output"
    )]
    pub progress: ProgressKind,
}

/// One run of the command.
#[derive(Debug)]
pub struct Session {
    /// The options.
    pub options: Options,
    /// Standard output.
    pub output: Output,
    runtime: tokio::runtime::Runtime,
    /// The stores that were opened.
    opened: Mutex<Vec<Arc<dyn EventStore>>>,
}

impl Session {
    /// Makes a session.
    ///
    /// # Errors
    /// [`Failure::Usage`] where options contradict each other; where the system gives no threads.
    pub fn new(options: Options) -> Result<Self, Failure> {
        options.store.check()?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::usage(format!("the system gives no threads: {error}")))?;
        Ok(Self { output: Output::new(options.json), options, runtime, opened: Mutex::default() })
    }

    /// Closes the stores that were opened, so that nothing of this run is left on servers; waits a second at most.
    pub fn close(&self) {
        let opened = std::mem::take(&mut *self.opened.lock().unwrap_or_else(PoisonError::into_inner));
        let closed = async { tokio::time::timeout(CLOSING, join_all(opened.iter().map(|store| store.close()))).await };
        // What is left the servers drop by themselves.
        drop(self.wait(closed));
    }

    fn opened(&self, store: Result<Arc<dyn EventStore>, Failure>) -> Result<Arc<dyn EventStore>, Failure> {
        if let Ok(store) = &store {
            self.opened.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(store));
        }
        store
    }

    /// Runs something asynchronous to its end.
    pub fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Opens the store to read, at its last commit.
    ///
    /// # Errors
    /// [`Failure::Store`]; [`Failure::Usage`] where there is none.
    pub fn open_to_read(&self) -> Result<Arc<dyn EventStore>, Failure> {
        self.open_other_to_read(&self.options.store)
    }

    /// Opens another store than the options say to read, at its last commit.
    ///
    /// # Errors
    /// As of [`open_to_read`](Self::open_to_read).
    pub fn open_other_to_read(&self, options: &StoreOptions) -> Result<Arc<dyn EventStore>, Failure> {
        self.opened(self.wait(options.open_to_read()))
    }

    /// Opens the store to write, making it where there is none.
    ///
    /// # Errors
    /// [`Failure::Store`].
    pub fn open_to_write(&self, fsync: Fsync) -> Result<Arc<dyn EventStore>, Failure> {
        self.opened(self.wait(self.options.store.open_to_write(fsync)))
    }

    /// Returns the runtime, to wait on.
    pub fn handle(&self) -> Handle {
        self.runtime.handle().clone()
    }

    /// Returns what becomes true when the user interrupts; a second interruption ends the process.
    pub fn watch_interruption(&self) -> Arc<AtomicBool> {
        let interrupted = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&interrupted);
        let (listening, ready) = sync_channel(1);
        drop(self.runtime.spawn(async move {
            let mut first = pin!(ctrl_c());
            // The first poll begins to listen: nobody is to be interrupted unheard after this function.
            let early = poll_fn(|context| Poll::Ready(first.as_mut().poll(context))).await;
            listening.send(()).expect("the other end waits for it");
            let heard = match early {
                Poll::Ready(heard) => heard,
                Poll::Pending => first.await,
            };
            if heard.is_ok() {
                seen.store(true, Ordering::Relaxed);
                note("cidgraph: finishing the transaction in flight; interrupt again to stop at once");
                if ctrl_c().await.is_ok() {
                    std::process::exit(130);
                }
            }
        }));
        ready.recv().expect("the task sends before anything can end it");
        interrupted
    }

    /// Loads the graph that `name` says, as [`graph`](Self::graph) finds it, from the store as it is now.
    ///
    /// # Errors
    /// [`Failure::Usage`] where it is not there; [`Failure::Engine`] where its events cannot be read or do not hold.
    pub fn read_graph(&self, name: Option<&str>) -> Result<(Arc<dyn EventStore>, GraphReadModel), Failure> {
        let store = self.open_to_read()?;
        let (graph, _) = self.graph(&*store, name)?;
        let engine = self.options.store.engine(Arc::clone(&store), Snapshots::Use).build();
        Ok((store, self.wait(engine.get_graph(graph))?))
    }

    /// Reads a snapshot file in place where one is given, otherwise loads the graph that `name` says.
    ///
    /// # Errors
    /// Where the file is not there or does not hold; otherwise as of [`read_graph`](Self::read_graph).
    pub fn read_model(&self, name: Option<&str>, snapshot: Option<&Path>) -> Result<GraphReadModel, Failure> {
        match snapshot {
            Some(file) => {
                let snapshot = Snapshot::map(file).map_err(Failure::of_snapshot(file))?;
                Ok(snapshot.read(ComponentRegistry::default()))
            }
            None => Ok(self.read_graph(name)?.1),
        }
    }

    /// Loads a graph as [`read_graph`](Self::read_graph) does and waits, at most for two seconds, until its indices have
    /// all of it, so that a plan can estimate by them.
    ///
    /// # Errors
    /// As of [`read_graph`](Self::read_graph).
    pub fn read_indexed_graph(&self, name: Option<&str>) -> Result<GraphReadModel, Failure> {
        let store = self.open_to_read()?;
        let (graph, _) = self.graph(&*store, name)?;
        let engine = self.options.store.engine(store, Snapshots::Use).build();
        self.wait(async {
            let graph = engine.load_graph(graph).await?;
            let mut left = INDEX_POLLS_MAX;
            while left > 0 && !graph.view().is_index_current() {
                tokio::time::sleep(INDEX_POLL).await;
                left -= 1;
            }
            Ok(graph.read())
        })
    }

    /// Finds the graph that `name` (a name or an id) says; without one the only graph there is.
    ///
    /// # Errors
    /// [`Failure::Usage`] where there is none, or several and no name.
    pub fn graph(&self, store: &dyn EventStore, name: Option<&str>) -> Result<(GraphId, Head), Failure> {
        self.graph_in(&self.options.store, store, name)
    }

    /// Finds a graph as [`graph`](Self::graph) does, in the store at `place`.
    ///
    /// # Errors
    /// As of [`graph`](Self::graph).
    pub fn graph_in(
        &self,
        place: &StoreOptions,
        store: &dyn EventStore,
        name: Option<&str>,
    ) -> Result<(GraphId, Head), Failure> {
        let Some(name) = name else {
            return match self.wait(store.list())?.as_slice() {
                [(only, head)] => Ok(((*only).into(), *head)),
                [] => Err(Failure::usage(format!("{place} has no graph: import something first"))),
                all => Err(Failure::usage(format!("{place} has {} graphs: give --graph", all.len()))),
            };
        };
        let graph = graph_id(name);
        match self.wait(store.head(AggregateId::from(graph)))? {
            Some(head) => Ok((graph, head)),
            None => {
                let reason = format!("{place} has no graph {name:?}: `cidgraph graphs` lists them");
                Err(Failure::usage(reason))
            }
        }
    }
}

/// Returns the id of the graph that `name` says: itself where it is an id, otherwise the one derived from the name.
pub fn graph_id(name: &str) -> GraphId {
    name.parse().unwrap_or_else(|_| GraphId::named(name))
}

/// After how many events a command that writes commits to the state, where nothing else was said.
pub const CHECKPOINT_EVENTS: u64 = 1000;

/// Returns after how much a command that writes commits to the state at the latest, `None` for never: between two
/// transactions, so that the same input gives the same events everywhere; with `only_where_paid` in a large graph only where
/// it costs little beside the changes.
pub fn checkpoint_policy(events_max: u64, only_where_paid: bool) -> Option<CheckpointPolicy> {
    (events_max > 0).then(|| CheckpointPolicy { events_max, only_where_paid, ..CheckpointPolicy::default() })
}

/// Returns what an engine is told of that.
pub fn checkpointing(policy: Option<CheckpointPolicy>) -> Checkpointing {
    policy.map_or(Checkpointing::Off, Checkpointing::Between)
}
