//! `cidgraph history`: the events that shaped a node.

use cidgraph::history::{EventRef, NodeEvent, NodeTouch};
use clap::Args;
use serde_json::{Value as Json, json};

use super::log::show_time;
use super::moment::{At, history, moment_or_now};
use super::node::node_id;
use crate::failure::Failure;
use crate::output::Table;
use crate::session::Session;

/// Show the events that shaped a node, and what each did to it
///
/// Its own events, those of its edges, and removals that took edges or its parent away; also of a node that is gone.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cidgraph history Person:alice\n  cidgraph history alice --graph g --at 120 --json"
)]
pub struct Arguments {
    /// The node: its id, KIND:KEY, or a key that no other node has, or had where none has it now
    pub node: String,
    /// The graph's name or id; may be left out where there is one graph
    #[arg(long, short, value_name = "GRAPH")]
    pub graph: Option<String>,
    /// The last moment that counts.
    #[command(flatten)]
    pub at: At,
}

/// Runs the subcommand.
///
/// # Errors
/// Where graph, node or moment are not there, the store cannot be read, or the chain does not hold.
pub fn run(session: &mut Session, arguments: &Arguments) -> Result<(), Failure> {
    let (_, history) = history(session, arguments.graph.as_deref())?;
    let until = moment_or_now(session, &history, arguments.at.at.as_deref())?;
    let node = node_id(session, &history, &arguments.node, until)?;
    let events = session.wait(history.events_of(node, until))?;
    let touches =
        |touches: &[NodeTouch]| touches.iter().map(|touch| (touch_object(touch), touch_text(touch))).collect();
    let events = events.iter().map(|NodeEvent { event, touches: of }| (event, touches(of)));
    print_events(session, "what", events)
}

/// Prints events, each with what is to be said of it, as objects and as text, under a name.
///
/// # Errors
/// Where it cannot be written.
pub fn print_events<'a>(
    session: &mut Session,
    name: &str,
    events: impl Iterator<Item = (&'a EventRef, Vec<(Json, String)>)>,
) -> Result<(), Failure> {
    let mut table = Table::new(&["version", "time", "type", "actor", name, "cid"]);
    for (event, said) in events {
        let (objects, texts): (Vec<Json>, Vec<String>) = said.into_iter().unzip();
        if session.output.json {
            let mut object = event_object(event);
            object[name] = objects.into();
            session.output.object(&object)?;
            continue;
        }
        let [version, time, event_type, actor, cid] = event_cells(event);
        table.row(vec![version, time, event_type, actor, texts.join(", "), cid]);
    }
    if !session.output.json {
        session.output.table(&table)?;
    }
    Ok(())
}

/// Returns an event as a JSON object.
fn event_object(event: &EventRef) -> Json {
    json!({
        "version": event.version,
        "sequence": event.sequence,
        "cid": event.cid.to_string(),
        "time": show_time(event.timestamp_ns),
        "type": event.event_type.as_str(),
        "actor": event.actor.as_str(),
    })
}

/// Returns an event's version, time, type, actor and CID.
fn event_cells(event: &EventRef) -> [String; 5] {
    let EventRef { version, cid, timestamp_ns, event_type, actor, .. } = event;
    [version.to_string(), show_time(*timestamp_ns), event_type.to_string(), actor.to_string(), cid.to_string()]
}

fn touch_object(touch: &NodeTouch) -> Json {
    match touch {
        NodeTouch::Added => json!({ "did": "added" }),
        NodeTouch::Removed => json!({ "did": "removed" }),
        NodeTouch::Component(component) => json!({ "did": "component", "component": component.as_str() }),
        NodeTouch::Transformed => json!({ "did": "transformed" }),
        NodeTouch::ParentOf(child) => json!({ "did": "parent", "child": child.to_string() }),
        NodeTouch::EdgeConnected(edge) => json!({ "did": "connected", "edge": edge.to_string() }),
        NodeTouch::EdgeUpdated(edge) => json!({ "did": "edge updated", "edge": edge.to_string() }),
        NodeTouch::EdgeDisconnected(edge) => json!({ "did": "disconnected", "edge": edge.to_string() }),
    }
}

fn touch_text(touch: &NodeTouch) -> String {
    match touch {
        NodeTouch::Added => "added".to_owned(),
        NodeTouch::Removed => "removed".to_owned(),
        NodeTouch::Component(component) => format!("component {component}"),
        NodeTouch::Transformed => "transformed".to_owned(),
        NodeTouch::ParentOf(child) => format!("parent of {child}"),
        NodeTouch::EdgeConnected(edge) => format!("connected {edge}"),
        NodeTouch::EdgeUpdated(edge) => format!("edge updated {edge}"),
        NodeTouch::EdgeDisconnected(edge) => format!("disconnected {edge}"),
    }
}
