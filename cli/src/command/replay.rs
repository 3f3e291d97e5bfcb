//! `cidgraph replay`: a graph's history frame by frame.

use cidgraph::history::{Frame, Step};
use clap::Args;
use serde_json::json;

use super::log::show_time;
use super::moment::{history, moment, moment_or_now};
use crate::failure::Failure;
use crate::json::diff_object;
use crate::output::Table;
use crate::session::Session;

/// Show a graph's history frame by frame: what each step added, removed and changed
///
/// With --json one object a frame, with the elements themselves. A step in which nothing happened has no frame.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cidgraph replay --graph g --step 1d\n  \
    cidgraph replay --from 2025-03-01 --to 2025-04-01 --step 1h --json\n  \
    cidgraph replay --from 100 --step 10")]
pub struct Arguments {
    /// The graph's name or id; may be left out where there is one graph
    #[arg(long, short, value_name = "GRAPH")]
    pub graph: Option<String>,
    /// Where to begin: a version, seq:9, a time, an event's CID or node:ID; without it with the empty graph
    #[arg(long, value_name = "MOMENT")]
    pub from: Option<String>,
    /// Where to end; now where nothing is said
    #[arg(long, value_name = "MOMENT")]
    pub to: Option<String>,
    /// How long a frame is: a number of versions, or a time as 100ms, 30s, 15m, 1h, 1d, 1w
    #[arg(long, value_name = "STEP", default_value = "1")]
    pub step: Step,
}

/// Runs the subcommand.
///
/// # Errors
/// Where graph or moments are not there, the store cannot be read, or the chain does not hold.
pub fn run(session: &mut Session, arguments: &Arguments) -> Result<(), Failure> {
    let (_, history) = history(session, arguments.graph.as_deref())?;
    let from = arguments.from.as_deref().map(|from| moment(session, &history, from)).transpose()?;
    let to = moment_or_now(session, &history, arguments.to.as_deref())?;
    let mut animation = session.wait(history.animate(from, to, arguments.step))?;
    let mut table = Table::new(&["step", "time", "version", "events", "nodes + - ~", "edges + - ~"]);
    while let Some(frame) = session.wait(animation.next_frame())? {
        if session.output.json {
            session.output.object(&frame_object(&frame))?;
            continue;
        }
        let Frame { number, time_ns, place, events, delta, .. } = &frame;
        let counts = |added: usize, removed: usize, changed: usize| format!("+{added} -{removed} ~{changed}");
        table.row(vec![
            number.to_string(),
            show_time(*time_ns),
            place.head.version.to_string(),
            events.to_string(),
            counts(delta.nodes_added.len(), delta.nodes_removed.len(), delta.nodes_changed.len()),
            counts(delta.edges_added.len(), delta.edges_removed.len(), delta.edges_changed.len()),
        ]);
    }
    if !session.output.json {
        session.output.table(&table)?;
    }
    Ok(())
}

fn frame_object(Frame { number, time_ns, place, events, delta, .. }: &Frame) -> serde_json::Value {
    let mut object = json!({
        "step": number,
        "time": show_time(*time_ns),
        "version": place.head.version,
        "cid": place.head.cid.to_string(),
        "events": events,
    });
    let delta = diff_object(delta);
    for name in ["graph", "nodes", "edges"] {
        if let Some(part) = delta.get(name) {
            object[name] = part.clone();
        }
    }
    object
}
