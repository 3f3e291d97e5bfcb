//! `cidgraph log`: the events of a graph.

use cidgraph::chain::OpenedBlock;
use cidgraph::history::NodeTrace;
use cidgraph::{CorrelationId, GraphEvent, Moment, NodeId, StoredEvent};
use clap::Args;
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::moment::{At, history};
use super::node::node_id;
use crate::events::{payload_value, visit_events};
use crate::failure::Failure;
use crate::json::ValueForm;
use crate::output::Table;
use crate::session::Session;

/// List the events of a graph with their CIDs; every event that is shown has been verified
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cidgraph log --graph g --limit 20\n  \
    cidgraph log --type NodeRemoved --since 2026-01-01T00:00:00Z\n  \
    cidgraph log --node Person:alice --json")]
pub struct Arguments {
    /// The graph's name or id; may be left out where there is one graph
    #[arg(long, short, value_name = "GRAPH")]
    pub graph: Option<String>,
    /// Only events of this type; may be given several times
    #[arg(long = "type", value_name = "TYPE")]
    pub types: Vec<String>,
    /// Only events about this node: its id, KIND:KEY, or a key that one node has
    #[arg(long, value_name = "NODE")]
    pub node: Option<String>,
    /// Only events of this correlation
    #[arg(long, value_name = "ID")]
    pub correlation: Option<CorrelationId>,
    /// Only events that this actor asked for
    #[arg(long, value_name = "ACTOR")]
    pub actor: Option<String>,
    /// Only events from this time on, as 2026-01-31T12:00:00Z, or 2026-01-31 for its midnight in UTC
    #[arg(long, value_name = "TIME", value_parser = read_time)]
    pub since: Option<Timestamp>,
    /// Only events before this time
    #[arg(long, value_name = "TIME", value_parser = read_time)]
    pub until: Option<Timestamp>,
    /// Only events from this version on
    #[arg(long, value_name = "VERSION", default_value_t = 1, allow_negative_numbers = true)]
    pub from: u64,
    /// At most so many events
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true)]
    pub limit: Option<u64>,
    /// The last moment that counts.
    #[command(flatten)]
    pub at: At,
}

/// Runs the subcommand.
///
/// # Errors
/// Where the graph is not there, the store cannot be read, or the chain does not hold.
pub fn run(session: &mut Session, arguments: &Arguments) -> Result<(), Failure> {
    let store = session.open_to_read()?;
    let (graph, head) = arguments.at.head(session, &store, arguments.graph.as_deref())?;
    let named = |text: &str| -> Result<NodeId, Failure> {
        let (_, history) = history(session, arguments.graph.as_deref())?;
        node_id(session, &history, text, Moment::Version(head.version))
    };
    let mut trace = arguments.node.as_deref().map(named).transpose()?.map(NodeTrace::new);
    let mut shown = Vec::new();
    let mut left = arguments.limit.unwrap_or(u64::MAX);
    visit_events(session, &*store, graph.into(), head.version, |stored, opened| {
        let concerns = trace.as_mut().map_or(Ok(true), |trace| concerns(trace, stored, opened))?;
        if left > 0 && concerns && arguments.selects(stored, opened) {
            shown.push(Line::of(stored, opened, session.options.json));
            left -= 1;
        }
        Ok(left > 0)
    })?;
    print(session, shown)
}

/// Returns whether an event is about the traced node.
///
/// # Errors
/// [`Failure::Event`] where the event cannot be read.
pub fn concerns(trace: &mut NodeTrace, stored: &StoredEvent, opened: &OpenedBlock<'_>) -> Result<bool, Failure> {
    if !trace.may_concern(&opened.header.event_type, opened.payload) {
        return Ok(false);
    }
    let version = stored.event.version;
    let mut events: Vec<GraphEvent> = Vec::new();
    opened.decode(&mut events).map_err(|source| Failure::Event { version, source })?;
    Ok(!trace.touches(&events, version).is_empty())
}

impl Arguments {
    fn selects(&self, stored: &StoredEvent, opened: &OpenedBlock<'_>) -> bool {
        let header = &opened.header;
        let at = i128::from(header.timestamp_ns);
        stored.event.version >= self.from
            && (self.types.is_empty() || self.types.iter().any(|name| *name == header.event_type))
            && self.correlation.is_none_or(|correlation| correlation == header.metadata.correlation)
            && self.actor.as_ref().is_none_or(|actor| *actor == header.metadata.actor)
            && self.since.is_none_or(|since| at >= since.as_nanosecond())
            && self.until.is_none_or(|until| at < until.as_nanosecond())
    }
}

/// An event as it is shown.
#[derive(Debug)]
pub enum Line {
    /// As a JSON object.
    Object(Json),
    /// As the cells of a row.
    Row(Vec<String>),
}

impl Line {
    /// Makes the line of an event.
    pub fn of(stored: &StoredEvent, opened: &OpenedBlock<'_>, json: bool) -> Self {
        let header = &opened.header;
        let time = show_time(header.timestamp_ns);
        if !json {
            return Self::Row(vec![
                stored.event.version.to_string(),
                time,
                header.event_type.to_string(),
                header.metadata.actor.to_string(),
                stored.event.cid.to_string(),
            ]);
        }
        let payload: Json = serde_json::to_value(ValueForm(payload_value(opened))).expect("a value has a JSON form");
        Self::Object(json!({
            "version": stored.event.version,
            "sequence": stored.sequence,
            "cid": stored.event.cid.to_string(),
            "previous": stored.event.previous.map(|cid| cid.to_string()),
            "time": time,
            "timestamp_ns": header.timestamp_ns,
            "type": header.event_type.as_str(),
            "actor": header.metadata.actor.as_str(),
            "correlation": header.metadata.correlation.to_string(),
            "causation": header.metadata.causation.map(|id| id.to_string()),
            "transaction": header.metadata.transaction.to_string(),
            "event": header.metadata.event.to_string(),
            "payload": payload,
        }))
    }
}

/// Prints events, as JSON lines or as a table.
///
/// # Errors
/// Where standard output fails.
pub fn print(session: &mut Session, lines: Vec<Line>) -> Result<(), Failure> {
    let mut table = Table::new(&["version", "time", "type", "actor", "cid"]);
    for line in lines {
        match line {
            Line::Object(object) => session.output.object(&object)?,
            Line::Row(row) => table.row(row),
        }
    }
    if !session.output.json {
        session.output.table(&table)?;
    }
    Ok(())
}

/// Reads a time as RFC 3339 says it, or a date as its midnight in UTC.
fn read_time(text: &str) -> Result<Timestamp, String> {
    let expected = "expected a time as 2026-01-31T12:00:00Z, or a date as 2026-01-31";
    match text.parse() {
        Ok(Moment::Time(time_ns)) => Timestamp::from_nanosecond(i128::from(time_ns)).map_err(|_| expected.to_owned()),
        Ok(Moment::Version(_) | Moment::Sequence(_) | Moment::Cid(_) | Moment::Node(_)) | Err(_) => {
            Err(expected.to_owned())
        }
    }
}

/// Returns a time as RFC 3339 says it.
pub fn show_time(timestamp_ns: u64) -> String {
    Timestamp::from_nanosecond(i128::from(timestamp_ns)).map_or_else(|_| timestamp_ns.to_string(), |at| at.to_string())
}
