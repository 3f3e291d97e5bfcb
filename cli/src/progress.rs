//! How far long work has come, as the caller wants to see it.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use cidgraph::Head;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::failure::Failure;
use crate::output::{Output, note};
use crate::session::ProgressKind;

/// What an import has done so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acknowledged {
    /// The last event that the store has acknowledged.
    pub head: Head,
    /// Live nodes of the graph, where they are known.
    pub nodes: Option<u64>,
    /// Live edges of the graph, where they are known.
    pub edges: Option<u64>,
}

/// The time between two lines of plain progress.
const PLAIN_INTERVAL: Duration = Duration::from_secs(2);

/// Shows progress.
#[derive(Debug)]
pub enum Progress {
    /// A bar on standard error.
    Bar(ProgressBar),
    /// Lines of text on standard error.
    Plain {
        /// When the last line was printed.
        last: Instant,
        /// Transactions so far.
        done: u64,
    },
    /// JSON lines on standard output.
    Json,
    /// Nothing.
    None,
}

impl Progress {
    /// Starts; `total` is the number of transactions where it is known.
    pub fn start(kind: ProgressKind, total: Option<u64>) -> Self {
        match kind {
            ProgressKind::Auto if std::io::stderr().is_terminal() => Self::Bar(bar(total)),
            ProgressKind::Auto | ProgressKind::None => Self::None,
            ProgressKind::Plain => Self::Plain { last: Instant::now(), done: 0 },
            ProgressKind::Json => Self::Json,
        }
    }

    /// Shows that a transaction was acknowledged.
    ///
    /// # Errors
    /// Where standard output fails.
    pub fn acknowledged(&mut self, at: &Acknowledged, output: &mut Output) -> Result<(), Failure> {
        match self {
            Self::Bar(bar) => {
                bar.set_message(message(at));
                bar.inc(1);
            }
            Self::Plain { last, done } => {
                *done += 1;
                if last.elapsed() >= PLAIN_INTERVAL {
                    *last = Instant::now();
                    note(format_args!("{done} transactions, {}", message(at)));
                }
            }
            Self::Json => {
                output.object(&acknowledged_object(at))?;
                output.finish()?;
            }
            Self::None => {}
        }
        Ok(())
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

/// Returns `{acknowledged: {version, cid}, nodes, edges}`.
pub fn acknowledged_object(at: &Acknowledged) -> serde_json::Value {
    json!({
        "acknowledged": { "version": at.head.version, "cid": at.head.cid.to_string() },
        "nodes": at.nodes,
        "edges": at.edges,
    })
}

fn message(at: &Acknowledged) -> String {
    match (at.nodes, at.edges) {
        (Some(nodes), Some(edges)) => format!("version {}, {nodes} nodes, {edges} edges", at.head.version),
        _ => format!("version {}", at.head.version),
    }
}

fn bar(total: Option<u64>) -> ProgressBar {
    let (bar, template) = match total {
        Some(total) => (ProgressBar::new(total), "{bar:30} {pos}/{len} transactions, {per_sec}, {eta} to go, {msg}"),
        None => (ProgressBar::new_spinner(), "{spinner} {pos} transactions, {per_sec}, {msg}"),
    };
    bar.with_style(ProgressStyle::with_template(template).expect("the template is one"))
}
