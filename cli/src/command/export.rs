//! `cidgraph export`: a graph in the forms that other tools read.

use std::io::Write;
use std::path::{Path, PathBuf};

use cidgraph::{GraphMetadata, GraphReadModel};
use clap::{ArgGroup, Args, Subcommand};
use serde_json::json;

use super::car::{write_events, write_whole};
use super::moment::At;
use crate::export::{Exported, write_dot, write_edges_csv, write_graphml, write_jsonl, write_nodes_csv};
use crate::failure::Failure;
use crate::json::{CommandForm, PropertiesForm, write_line};
use crate::session::Session;

/// Write a graph in a form that other tools read
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cidgraph export car --graph g g.car\n  \
    cidgraph export csv --graph g --nodes nodes.csv --edges edges.csv\n  \
    cidgraph export graphml --graph g g.graphml\n  \
    cidgraph export dot --at 120 then.dot")]
pub struct Arguments {
    /// The form
    #[command(subcommand)]
    pub form: Form,
}

/// What goes into one file.
#[derive(Debug, Args)]
pub struct Target {
    /// The graph's name or id; may be left out where there is one graph
    #[arg(long, short, value_name = "GRAPH")]
    pub graph: Option<String>,
    /// The file to write; - is standard output
    #[arg(default_value = "-")]
    pub file: PathBuf,
    /// The moment that is written.
    #[command(flatten)]
    pub at: At,
}

/// The forms.
#[derive(Debug, Subcommand)]
pub enum Form {
    /// The events themselves, as a CARv1 file whose root is the head
    Car(Target),
    /// The graph as it is, as commands that `import jsonl` reads: its making, nodes, edges
    Jsonl(Target),
    /// The graph as it is, as tables that `import csv` reads
    #[command(group(ArgGroup::new("files").args(["nodes", "edges"]).required(true).multiple(true)))]
    Csv {
        /// The graph's name or id; may be left out where there is one graph
        #[arg(long, short, value_name = "GRAPH")]
        graph: Option<String>,
        /// The file of nodes to write; - is standard output
        #[arg(long, value_name = "FILE")]
        nodes: Option<PathBuf>,
        /// The file of edges to write; - is standard output
        #[arg(long, value_name = "FILE")]
        edges: Option<PathBuf>,
        /// The moment that is written.
        #[command(flatten)]
        at: At,
    },
    /// The graph as it is, as GraphML
    Graphml(Target),
    /// The graph as it is, in the language of Graphviz
    Dot(Target),
}

/// Runs the subcommand.
///
/// # Errors
/// Where the graph is not there, its chain does not hold, or the file cannot be written.
pub fn run(session: &mut Session, arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.form {
        Form::Car(target) => export_events(session, target),
        Form::Jsonl(target) => export_state(session, target, |model, out| {
            writeln!(out, "{}", write_line(&creation(model)))?;
            write_jsonl(&Exported::new(model), out)?;
            match &model.info().archived {
                Some(reason) => {
                    writeln!(out, "{}", write_line(&CommandForm::ArchiveGraph { reason: reason.to_string() }))
                }
                None => Ok(()),
            }
        }),
        Form::Csv { graph, nodes, edges, at } => {
            if let (Some(nodes), Some(edges)) = (nodes, edges)
                && (nodes == edges || same_file(nodes, edges))
            {
                return Err(Failure::usage("expected two files for --nodes and --edges, found the same one twice"));
            }
            let (_, model) = at.read_graph(session, graph.as_deref())?;
            let source = Exported::new(&model);
            if let Some(file) = nodes {
                write_file(file, |out| write_nodes_csv(&source, out))?;
            }
            if let Some(file) = edges {
                write_file(file, |out| write_edges_csv(&source, out))?;
            }
            let to_output = [nodes, edges].into_iter().flatten().any(|file| is_output(file));
            summarize(session, &model, to_output)
        }
        Form::Graphml(target) => export_state(session, target, |model, out| write_graphml(&Exported::new(model), out)),
        Form::Dot(target) => export_state(session, target, |model, out| write_dot(&Exported::new(model), out)),
    }
}

fn export_events(session: &mut Session, Target { graph, file, at }: &Target) -> Result<(), Failure> {
    let store = session.open_to_read()?;
    let (graph, head) = at.head(session, &store, graph.as_deref())?;
    let events = write_whole(file, |out| write_events(session, &*store, &[(graph.into(), head)], out))?;
    if session.output.json && !is_output(file) {
        session
            .output
            .object(&json!({ "events": events, "head": { "version": head.version, "cid": head.cid.to_string() } }))?;
    }
    Ok(())
}

fn export_state(
    session: &mut Session,
    Target { graph, file, at }: &Target,
    write: impl FnOnce(&GraphReadModel, &mut dyn Write) -> std::io::Result<()>,
) -> Result<(), Failure> {
    let (_, model) = at.read_graph(session, graph.as_deref())?;
    write_file(file, |out| write(&model, out))?;
    summarize(session, &model, is_output(file))
}

/// Writes a file whole; a failure of standard output is one of its own.
fn write_file(file: &Path, write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> Result<(), Failure> {
    write_whole(file, |out| Ok(write(out)?))
}

fn same_file(one: &Path, other: &Path) -> bool {
    let folder = |file: &Path| file.parent().map(|folder| Path::new(".").join(folder).canonicalize().ok());
    let lexical = one.file_name() == other.file_name() && folder(one) == folder(other);
    lexical || one.canonicalize().is_ok_and(|one| other.canonicalize().is_ok_and(|other| one == other))
}

fn is_output(file: &Path) -> bool {
    file.as_os_str() == "-"
}

fn summarize(session: &mut Session, model: &GraphReadModel, to_output: bool) -> Result<(), Failure> {
    if session.output.json && !to_output {
        let head = model.head().expect("a graph that was loaded has a head");
        session.output.object(&json!({
            "nodes": model.node_count(),
            "edges": model.edge_count(),
            "head": { "version": head.version, "cid": head.cid.to_string() },
        }))?;
    }
    Ok(())
}

fn creation(model: &GraphReadModel) -> CommandForm {
    let GraphMetadata { name, domain, properties } = model.info().metadata.clone().unwrap_or_default();
    let (name, domain) = (name.to_string(), domain.to_string());
    CommandForm::CreateGraph { name, domain, properties: PropertiesForm(properties) }
}
