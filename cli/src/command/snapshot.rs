//! `cidgraph snapshot`: a graph as a file that is read in place.

use std::path::{Path, PathBuf};

use cidgraph::chain::verify_block;
use cidgraph::{AggregateId, GraphReadModel, Snapshot, SnapshotInfo};
use clap::{Args, Subcommand};
use serde_json::{Value as Json, json};

use super::log::show_time;
use super::shelf::{self, Way};
use crate::failure::Failure;
use crate::output::Table;
use crate::session::Session;

/// Write a graph into a file that is read in place, or look at such a file
///
/// Opening one takes as long for ten million nodes as for ten: query, stats and show take --snapshot FILE.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cidgraph snapshot take --graph g --output g.snapshot\n  \
    cidgraph snapshot verify g.snapshot\n  \
    cidgraph snapshot info g.snapshot --json\n  \
    cidgraph snapshot list\n  \
    cidgraph snapshot gc --keep \"all for a day, weekly for ever\"\n  \
    cidgraph snapshot push --store jetstream --snapshots cache\n  \
    cidgraph query nodes --kind Person --snapshot g.snapshot")]
pub struct Arguments {
    /// What is done
    #[command(subcommand)]
    pub action: Action,
}

/// What is done with snapshots.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Write a graph as it is now into a file
    Take {
        /// The graph's name or id; may be left out where there is one graph
        #[arg(long, short, value_name = "GRAPH")]
        graph: Option<String>,
        /// The file to write, GRAPH-VERSION.snapshot where it is left out
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Check all of a file, and that its head and time are those of the store's event of that version; exit code 2 where
    /// it does not hold
    Verify {
        /// The file
        file: PathBuf,
        /// Check the file alone, without a store
        #[arg(long)]
        alone: bool,
    },
    /// Show what a file is of, without reading what it holds
    Info {
        /// The file
        file: PathBuf,
    },
    /// List the snapshots and layers that are kept of the store's graphs
    List {
        /// The graph's name or id; all where it is left out
        #[arg(long, short, value_name = "GRAPH")]
        graph: Option<String>,
    },
    /// Delete the kept snapshots that no rule keeps and no newer one needs; the newest and the one before stay
    Gc {
        /// The graph's name or id; all where it is left out
        #[arg(long, short, value_name = "GRAPH")]
        graph: Option<String>,
        /// What stays, as "hourly for a day, daily for ever", which is the default
        #[arg(long, value_name = "RULE")]
        keep: Option<String>,
    },
    /// Copy the kept snapshots to the objects beside the store; only what is missing there travels
    Push {
        /// The graph's name or id; all where it is left out
        #[arg(long, short, value_name = "GRAPH")]
        graph: Option<String>,
        /// A folder of objects, instead of those beside the store
        #[arg(long, value_name = "DIR")]
        objects: Option<PathBuf>,
    },
    /// Copy snapshots from the objects beside the store; only what is missing here travels
    Pull {
        /// The graph's name or id; all where it is left out
        #[arg(long, short, value_name = "GRAPH")]
        graph: Option<String>,
        /// A folder of objects, instead of those beside the store
        #[arg(long, value_name = "DIR")]
        objects: Option<PathBuf>,
        /// Older snapshots too, not only the newest with what belongs to it
        #[arg(long)]
        all: bool,
    },
}

/// Runs the subcommand.
///
/// # Errors
/// Where the graph or the file is not there, cannot be read or written, or does not hold.
pub fn run(session: &mut Session, arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.action {
        Action::Take { graph, output } => take(session, graph.as_deref(), output.as_deref()),
        Action::Verify { file, alone } => verify(session, file, *alone),
        Action::Info { file } => info(session, file),
        Action::List { graph } => shelf::list(session, graph.as_deref()),
        Action::Gc { graph, keep } => shelf::gc(session, graph.as_deref(), keep.as_deref()),
        Action::Push { graph, objects } => shelf::copy(session, graph.as_deref(), objects.as_deref(), Way::Push),
        Action::Pull { graph, objects, all } => {
            shelf::copy(session, graph.as_deref(), objects.as_deref(), Way::Pull { all: *all })
        }
    }
}

fn take(session: &mut Session, name: Option<&str>, output: Option<&Path>) -> Result<(), Failure> {
    let (_, model) = session.read_graph(name)?;
    let file = output.map_or_else(|| file_of(&model, name), Path::to_owned);
    let info = Snapshot::write(model.view(), model.registry(), &file)?;
    if session.output.json {
        return Ok(session.output.object(&object_of(&file, &info))?);
    }
    let (version, file) = (info.version(), file.display());
    Ok(session.output.line(format_args!(
        "{file}: version {version}, {} nodes, {} edges, {} bytes",
        info.node_count, info.edge_count, info.file_len
    ))?)
}

/// Names the file of a graph that no name was given for.
fn file_of(model: &GraphReadModel, name: Option<&str>) -> PathBuf {
    let graph = name.map_or_else(|| model.graph().to_string(), |name| name.replace(['/', '\\'], "-"));
    PathBuf::from(format!("{graph}-{}.snapshot", model.version()))
}

fn verify(session: &mut Session, file: &Path, alone: bool) -> Result<(), Failure> {
    let wrong = Failure::of_snapshot(file);
    let snapshot = Snapshot::map(file).map_err(&wrong)?;
    snapshot.verify().map_err(&wrong)?;
    let info = snapshot.info();
    if !alone {
        compare_with_store(session, file, info)?;
    }
    if session.output.json {
        let mut object = object_of(file, info);
        object["compared_with_store"] = json!(!alone);
        return Ok(session.output.object(&object)?);
    }
    let compared = if alone { "" } else { "; its head is the store's event of that version" };
    let (file, version) = (file.display(), info.version());
    Ok(session.output.line(format_args!("{file}: version {version} holds{compared}"))?)
}

/// Compares head and time of a file with the event of that version in the store.
fn compare_with_store(session: &Session, file: &Path, info: &SnapshotInfo) -> Result<(), Failure> {
    let Some(head) = info.head else { return Ok(()) };
    let store = session.open_to_read()?;
    let events = session.wait(store.read(AggregateId::from(info.graph), head.version, 1))?;
    let (place, file) = (&session.options.store, file.display());
    match events.first().filter(|stored| stored.event.version == head.version) {
        None => Err(Failure::usage(format!("{place} has no version {} of graph {}", head.version, info.graph))),
        Some(stored) if stored.event.cid == head.cid => match verify_block(&stored.event, Some(stored.sequence))?.1 {
            link if link.timestamp_ns == info.timestamp_ns => Ok(()),
            link => {
                let [file_time, time] = [info.timestamp_ns, link.timestamp_ns].map(show_time);
                let reason = format!("{file}: its time is {file_time}, that of the store's event is {time}");
                Err(Failure::Damaged { reason })
            }
        },
        Some(stored) => {
            let reason = format!("{file}: its head is {}, the store's is {}", head.cid, stored.event.cid);
            Err(Failure::Damaged { reason })
        }
    }
}

fn info(session: &mut Session, file: &Path) -> Result<(), Failure> {
    let snapshot = Snapshot::map(file).map_err(Failure::of_snapshot(file))?;
    let info = snapshot.info();
    if session.output.json {
        return Ok(session.output.object(&object_of(file, info))?);
    }
    let mut table = Table::new(&["what", "value"]);
    for (name, value) in object_of(file, info).as_object().into_iter().flatten().filter(|(_, value)| !value.is_array())
    {
        table.row(vec![name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)]);
    }
    session.output.table(&table)?;
    let mut table = Table::new(&["section", "elements", "bits", "bytes"]);
    for section in &info.sections {
        let numbers = [section.count, section.width.into(), section.length].map(|number| number.to_string());
        table.row([vec![section.name.to_owned()], numbers.to_vec()].concat());
    }
    Ok(session.output.table(&table)?)
}

fn object_of(file: &Path, info: &SnapshotInfo) -> Json {
    let sections = info.sections.iter().map(|section| {
        json!({ "name": section.name, "elements": section.count, "bits": section.width, "bytes": section.length })
    });
    json!({
        "file": file.display().to_string(),
        "graph": info.graph.to_string(),
        "from_version": info.from,
        "head": info.head.map(|head| json!({ "version": head.version, "cid": head.cid.to_string() })),
        "state_hash": super::stats::hex(&info.state_hash),
        "time": show_time(info.timestamp_ns),
        "nodes": info.node_count,
        "edges": info.edge_count,
        "bytes": info.file_len,
        "sections": sections.collect::<Json>(),
    })
}
