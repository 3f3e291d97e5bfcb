//! `cidgraph export`: a graph in the forms that other tools read.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use super::car::{create, write_events};
use crate::failure::Failure;
use crate::session::Session;

/// Write a graph in a form that other tools read
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cidgraph export car --graph g g.car")]
pub struct Arguments {
    /// The form
    #[command(subcommand)]
    pub form: Form,
}

/// The forms.
#[derive(Debug, Subcommand)]
pub enum Form {
    /// The events themselves, as a CARv1 file whose root is the head
    Car {
        /// The graph's name or id; may be left out where there is one graph
        #[arg(long, short, value_name = "GRAPH")]
        graph: Option<String>,
        /// The file to write; - is standard output
        #[arg(default_value = "-")]
        file: PathBuf,
    },
}

/// Runs the subcommand.
///
/// # Errors
/// Where the graph is not there, its chain does not hold, or the file cannot be written.
pub fn run(session: &mut Session, arguments: &Arguments) -> Result<(), Failure> {
    let Form::Car { graph, file } = &arguments.form;
    let store = session.open_to_read()?;
    let (graph, head) = session.graph(&*store, graph.as_deref())?;
    let events = write_events(session, &*store, &[(graph.into(), head)], &mut *create(file)?)?;
    if session.output.json && file.as_os_str() != "-" {
        session
            .output
            .object(&json!({ "events": events, "head": { "version": head.version, "cid": head.cid.to_string() } }))?;
    }
    Ok(())
}
