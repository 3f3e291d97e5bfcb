//! `cidgraph graphs`: what is in the store.

use cidgraph::chain::open_block;
use cidgraph::{GraphEvent, StoreError, StoredEvent};
use clap::Args;
use serde_json::json;

use crate::failure::Failure;
use crate::output::{Table, note};
use crate::session::Session;

/// List the graphs of the store with the name each was created under, its version and its head
///
/// Reads one event a graph, whatever its size.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  cidgraph graphs\n  cidgraph graphs --json | jq -r .name")]
pub struct Arguments {}

/// Runs the subcommand.
///
/// # Errors
/// Where the store cannot be read.
pub fn run(session: &mut Session, _arguments: &Arguments) -> Result<(), Failure> {
    let store = session.open_to_read()?;
    let mut table = Table::new(&["name", "version", "id", "head"]);
    let mut unread: u64 = 0;
    for (aggregate, head) in session.wait(store.list())? {
        // Where one graph's first event cannot be reached, the others' may be elsewhere, or known already.
        let (name, missing) = match session.wait(store.read(aggregate, 1, 1)) {
            Ok(first) => (first.first().and_then(created_name), None),
            // Its last events are there nevertheless.
            Err(StoreError::Corrupt { damage }) => {
                note(format_args!("cidgraph: events of {aggregate} are missing: {damage}"));
                (None, Some((damage.to_string(), "(events are missing)")))
            }
            Err(error @ StoreError::Unavailable { .. }) => {
                unread += 1;
                note(format_args!("cidgraph: the first event of {aggregate} cannot be read: {error}"));
                (None, Some((error.to_string(), "(not reached)")))
            }
            Err(other) => return Err(other.into()),
        };
        if session.output.json {
            let head = json!({ "version": head.version, "cid": head.cid.to_string() });
            let mut object = json!({ "id": aggregate.to_string(), "name": name, "head": head });
            if let Some((missing, _)) = missing {
                object["missing"] = json!(missing);
            }
            session.output.object(&object)?;
        } else {
            let unnamed = missing.map_or("(no graph)", |(_, shown)| shown);
            let name = name.unwrap_or_else(|| unnamed.to_owned());
            table.row(vec![name, head.version.to_string(), aggregate.to_string(), head.cid.to_string()]);
        }
    }
    if !session.output.json {
        session.output.table(&table)?;
    }
    if unread > 0 {
        let reason = format!("the first events of {unread} graphs cannot be read");
        return Err(StoreError::Unavailable { reason }.into());
    }
    Ok(())
}

/// Returns the name in a graph's first event; `None` where it is another aggregate's.
fn created_name(stored: &StoredEvent) -> Option<String> {
    let opened = open_block(&stored.event.block).ok()?;
    let mut events = Vec::new();
    opened.decode::<GraphEvent>(&mut events).ok()?;
    match events.into_iter().next() {
        Some(GraphEvent::GraphCreated { metadata }) => Some(metadata.name.to_string()),
        _ => None,
    }
}
