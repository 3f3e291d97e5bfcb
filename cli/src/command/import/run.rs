//! Runs an import: one transaction after another into the engine, each acknowledged before the next is decided.

use std::path::Path;
use std::sync::Arc;

use cidgraph::chain::open_block;
use cidgraph::event::names;
use cidgraph::topology::Topology;
use cidgraph::{
    AggregateId, CommandId, Engine, EngineBuilder, EventStore, Graph, GraphCommand, GraphId, Head, ManualClock,
    Submission, WriteError,
};
use serde_json::json;
use tokio::runtime::Handle;

use super::arguments::{Arguments, Input, Opened, Target};
use crate::command::car::import_events;
use crate::failure::Failure;
use crate::import::{BadLines, ImportError, Transaction};
use crate::ingest::{Ingested, ingest};
use crate::progress::{Acknowledged, Progress, acknowledged_object};
use crate::session::{ProgressKind, Session, checkpointing, graph_id};
use crate::store::{Fsync, Snapshots};

/// Runs the subcommand.
///
/// # Errors
/// Where the input cannot be read, a rule of the graph forbids a command, the graph is there already, or the store
/// fails. What was acknowledged before is kept.
pub fn run(session: &mut Session, arguments: &Arguments) -> Result<(), Failure> {
    session.output.outlive_reader();
    if let Input::Car { file, fsync } = &arguments.input {
        return import_log(session, file, *fsync);
    }
    let opened = arguments.input.open()?.expect("only a log of events is no commands");
    import_commands(session, opened)
}

fn import_commands(session: &mut Session, opened: Opened<'_>) -> Result<(), Failure> {
    let Opened { import, target } = opened;
    let store = session.open_to_write(target.fsync)?;
    let engine = session.options.store.engine(Arc::clone(&store), Snapshots::Take);
    let mut writing = Writing::start(session.handle(), store, engine, target)?;
    let resume_after = writing.resume_after(target)?;
    let mut progress = Progress::start(session.options.progress, import.transaction_count());
    let interrupted = session.watch_interruption();
    let outcome = ingest(import, resume_after, &interrupted, |transaction| {
        let at = writing.apply(transaction)?;
        progress.acknowledged(&at, &mut session.output)?;
        Ok(at)
    });
    progress.finish();
    let outcome = outcome.and_then(|done| {
        writing.ensure_created(target)?;
        if !done.interrupted {
            writing.commit(target)?;
        }
        Ok(done)
    });
    let at = writing.finish();
    let done = match outcome {
        Ok(done) => done,
        Err(source) => return Err(stopped(source, at)),
    };
    if let (true, Some(at)) = (done.interrupted, at) {
        return Err(Failure::Interrupted { version: at.head.version });
    }
    print_summary(session, target, &done, writing.refused.count(), at)
}

/// Says of a failure that there is something to go on from.
fn stopped(source: Failure, at: Option<Acknowledged>) -> Failure {
    let resumable = matches!(source, Failure::Import(_) | Failure::Refused { .. } | Failure::Output(_));
    match at {
        Some(at) if resumable => Failure::Stopped { source: Box::new(source), version: at.head.version },
        _ => source,
    }
}

fn print_summary(
    session: &mut Session,
    target: &Target,
    done: &Ingested,
    refused: u64,
    at: Option<Acknowledged>,
) -> Result<(), Failure> {
    let Some(at) = at else { return Ok(()) };
    if session.output.json || session.options.progress == ProgressKind::Json {
        let mut object = acknowledged_object(&at);
        object["transactions"] = json!(done.applied);
        object["transactions_passed"] = json!(done.passed);
        object["bad_lines"] = json!(done.bad_lines);
        object["refused_commands"] = json!(refused);
        return Ok(session.output.object(&object)?);
    }
    let Acknowledged { head, nodes, edges } = at;
    session.output.line(format_args!(
        "{}: {} nodes, {} edges at version {}, {}",
        target.graph,
        nodes.unwrap_or_default(),
        edges.unwrap_or_default(),
        head.version,
        head.cid
    ))?;
    if done.bad_lines + refused > 0 {
        let line = format_args!("{} bad lines and {refused} refused commands were left out", done.bad_lines);
        session.output.line(line)?;
    }
    Ok(())
}

/// A graph that is being imported into.
struct Writing {
    runtime: Handle,
    store: Arc<dyn EventStore>,
    engine: Engine,
    clock: Arc<ManualClock>,
    id: GraphId,
    name: String,
    graph: Option<Graph>,
    refused: BadLines,
    skips: bool,
}

impl Writing {
    fn start(
        runtime: Handle,
        store: Arc<dyn EventStore>,
        engine: EngineBuilder,
        target: &Target,
    ) -> Result<Self, Failure> {
        let clock = Arc::new(ManualClock::at(target.clock));
        let engine = engine.clock(Arc::clone(&clock) as _).actor(target.actor.as_str());
        let engine = engine.checkpoints(checkpointing(target.checkpoints())).build();
        let id = graph_id(&target.graph);
        let graph = match runtime.block_on(engine.load_graph(id)) {
            Ok(graph) => Some(graph),
            Err(cidgraph::Error::GraphNotFound { .. }) => None,
            Err(other) => return Err(other.into()),
        };
        let refused = BadLines::allow(target.skip_bad);
        let (name, skips) = (target.graph.clone(), target.skip_bad > 0);
        Ok(Self { runtime, store, engine, clock, id, name, graph, refused, skips })
    }

    /// Returns the transaction to go on after: the graph's last one, unless it only brought the graph into being.
    fn resume_after(&self, target: &Target) -> Result<Option<CommandId>, Failure> {
        let Some(head) = self.graph.as_ref().and_then(|graph| graph.view().head()) else { return Ok(None) };
        if !target.resume {
            let reason = format!(
                "the graph {:?} is there already, at version {}: give --resume to go on with the same input, or \
                 another --graph",
                target.graph, head.version
            );
            return Err(Failure::usage(reason));
        }
        let mut version = head.version;
        let last = loop {
            let last = self.runtime.block_on(self.store.read(AggregateId::from(self.id), version, 1))?;
            let last =
                last.into_iter().next().ok_or_else(|| Failure::usage("the graph's last event cannot be read"))?;
            // A checkpoint is no transaction of the input.
            if last.event.event_type != names::CHECKPOINTED || version == 1 {
                break last;
            }
            version -= 1;
        };
        let opened =
            open_block(&last.event.block).map_err(|source| Failure::Event { version, source: source.into() })?;
        let last = CommandId::from_bytes(*opened.header.metadata.transaction.as_bytes());
        // A checkpoint that was due, and that the import ended too early for, stands before what follows.
        self.clock.set(opened.header.timestamp_ns);
        self.runtime.block_on(self.engine.catch_up_checkpoints(self.id))?;
        let created = Transaction::create_graph(self.id, &self.name, &target.actor.as_str().into(), target.clock);
        Ok((last != created.command).then_some(last))
    }

    /// Applies a transaction whole, bringing the graph into being before the first one.
    fn apply(&mut self, mut transaction: Transaction) -> Result<Acknowledged, Failure> {
        if self.graph.is_none() {
            match transaction.commands.first_mut() {
                Some(GraphCommand::CreateGraph { metadata }) => {
                    if self.name.parse::<GraphId>().is_err() {
                        metadata.name = self.name.as_str().into();
                    }
                }
                _ => {
                    let Transaction { actor, timestamp_ns, .. } = &transaction;
                    let create = Transaction::create_graph(self.id, &self.name, actor, *timestamp_ns);
                    self.submit(create)?;
                }
            }
        }
        let head = self.submit(transaction)?;
        let view = self.graph.as_ref().expect("a transaction was applied").view();
        let count = |count: usize| Some(count as u64);
        Ok(Acknowledged { head, nodes: count(view.node_count()), edges: count(view.edge_count()) })
    }

    fn submit(&mut self, mut transaction: Transaction) -> Result<Head, Failure> {
        self.clock.set(transaction.timestamp_ns);
        loop {
            let context = transaction.context();
            let kept = self.skips.then(|| transaction.commands.clone());
            let commands = std::mem::take(&mut transaction.commands);
            let submission = Submission { context, commands, expected: None };
            match self.send(submission) {
                Ok(head) => return Ok(head),
                Err(cidgraph::Error::Write(WriteError::Rejected { index, rejection })) => {
                    let (position, reason) = transaction.refusal(index, &rejection);
                    let Some(mut commands) = kept else { return Err(Failure::Refused { position, reason }) };
                    self.refused.skip(ImportError::bad(position.clone(), "a command that the graph takes", &reason))?;
                    commands.remove(index);
                    transaction.positions.remove(index);
                    transaction.commands = commands;
                    if transaction.commands.is_empty() {
                        return self.head().ok_or(Failure::Refused { position, reason });
                    }
                }
                Err(other) => return Err(other.into()),
            }
        }
    }

    fn send(&mut self, submission: Submission<GraphCommand>) -> Result<Head, cidgraph::Error> {
        let Some(graph) = &self.graph else {
            let receipt = self.runtime.block_on(self.engine.submit(self.id, submission))?;
            self.graph = Some(self.runtime.block_on(self.engine.load_graph(self.id))?);
            return Ok(receipt.head);
        };
        Ok(self.runtime.block_on(graph.submit(submission))?.head)
    }

    fn head(&self) -> Option<Head> {
        self.graph.as_ref().and_then(|graph| graph.view().head())
    }

    /// Brings the graph of an empty input into being.
    fn ensure_created(&mut self, target: &Target) -> Result<(), Failure> {
        if self.graph.is_none() {
            let actor = target.actor.as_str().into();
            self.submit(Transaction::create_graph(self.id, &self.name, &actor, target.clock))?;
        }
        Ok(())
    }

    /// Commits to the state at the end of the input where that is due, also where it would have cost too much before.
    fn commit(&self, target: &Target) -> Result<(), Failure> {
        if let Some(policy) = target.checkpoints().filter(|_| self.graph.is_some()) {
            self.runtime.block_on(self.engine.checkpoint_where_due(self.id, &policy))?;
        }
        Ok(())
    }

    /// Closes the graph and returns how far it has come.
    fn finish(&self) -> Option<Acknowledged> {
        let view = self.graph.as_ref().map(Graph::view);
        self.runtime.block_on(self.engine.close());
        let view = view?;
        let count = |count: usize| Some(count as u64);
        Some(Acknowledged { head: view.head()?, nodes: count(view.node_count()), edges: count(view.edge_count()) })
    }
}

fn import_log(session: &mut Session, file: &Path, fsync: Fsync) -> Result<(), Failure> {
    let mut progress = Progress::start(session.options.progress, None);
    let runtime = session.handle();
    let open = || runtime.block_on(session.options.store.open_to_write(fsync));
    let done = import_events(&runtime, file, open, |head| {
        progress.acknowledged(&Acknowledged { head, nodes: None, edges: None }, &mut session.output)
    });
    progress.finish();
    let (store, done) = done?;
    let engine = session.options.store.engine(store, Snapshots::Take).build();
    for (aggregate, head) in &done.heads {
        let view = runtime.block_on(engine.get_graph(GraphId::from(*aggregate))).ok();
        let nodes = view.as_ref().map(|view| view.node_count() as u64);
        let edges = view.as_ref().map(|view| view.edge_count() as u64);
        let at = Acknowledged { head: *head, nodes, edges };
        if session.output.json || session.options.progress == ProgressKind::Json {
            let mut object = acknowledged_object(&at);
            object["id"] = json!(aggregate.to_string());
            object["events_appended"] = json!(done.appended);
            object["events_known"] = json!(done.known);
            session.output.object(&object)?;
        } else {
            let line = format_args!("{aggregate}: version {}, {}", head.version, head.cid);
            session.output.line(line)?;
        }
    }
    if !session.output.json && session.options.progress != ProgressKind::Json {
        let line = format_args!("{} events appended, {} were there already", done.appended, done.known);
        session.output.line(line)?;
    }
    runtime.block_on(engine.close());
    Ok(())
}
