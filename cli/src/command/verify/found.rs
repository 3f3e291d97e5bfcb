//! What a check found, and how it is said.

use cidgraph::{ChainError, Damage};
use cidgraph_store_memory::RecoveryReport;
use serde_json::{Value as Json, json};

use crate::failure::Failure;
use crate::session::Session;

/// What a check found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) events: u64,
    pub(super) graphs: u64,
    pub(super) broken: Vec<Json>,
    pub(super) left_out: RecoveryReport,
    /// Archived objects that are of another history than the store's events; `None` where they could not be looked at.
    pub(super) foreign: Option<Vec<String>>,
}

/// Prints what a check found, at `rate` events a second.
pub(super) fn print(session: &mut Session, found: &Found, rate: f64) -> Result<(), Failure> {
    if session.output.json {
        let object = json!({
            "events": found.events,
            "graphs": found.graphs,
            "events_per_second": rate,
            "broken": found.broken,
            "foreign_archives": found.foreign,
            "left_out": { "bytes": found.left_out.bytes_cut, "events": found.left_out.events_cut },
        });
        return Ok(session.output.object(&object)?);
    }
    for broken in &found.broken {
        session.output.line(format_args!("broken: {}", as_text(broken)))?;
    }
    let foreign = found.foreign.as_deref().unwrap_or_default();
    if let Some(first) = foreign.first() {
        session.output.line(format_args!(
            "not read: {} archives beside the stream are of another history, the first is {first}",
            foreign.len()
        ))?;
    }
    if found.left_out.bytes_cut > 0 {
        session.output.line(format_args!(
            "left out: {} bytes behind the last whole commit ({} events that were never known durable), damaged or \
             being written",
            found.left_out.bytes_cut, found.left_out.events_cut
        ))?;
    }
    session.output.line(format_args!(
        "{} events of {} {} verified, {rate} events/s, {} broken",
        found.events,
        found.graphs,
        if found.graphs == 1 { "graph" } else { "graphs" },
        found.broken.len()
    ))?;
    Ok(())
}

fn as_text(broken: &Json) -> String {
    let fields = broken.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    fields.map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ")
}

/// Returns what is said of a damage that a store found.
pub(super) fn damage_object(damage: &Damage) -> Json {
    json!({
        "file": damage.place,
        "offset": damage.offset,
        "aggregate": damage.aggregate.map(|aggregate| aggregate.to_string()),
        "version": damage.version,
        "sequence": damage.sequence,
        "expected": damage.expected,
        "actual": damage.actual,
        "reason": damage.reason,
    })
}

/// Returns what is said of a chain that does not hold.
pub(super) fn chain_object(error: &ChainError) -> Json {
    let (aggregate, version, sequence, expected, actual) = match error {
        ChainError::ChainBroken { aggregate, version, sequence, expected, actual } => {
            (aggregate, *version, *sequence, expected.clone(), actual.clone())
        }
        ChainError::SequenceGap { aggregate, expected, actual } => {
            (aggregate, *expected, None, format!("version {expected}"), format!("version {actual}"))
        }
        ChainError::Codec { aggregate, version, cid, source } => {
            (aggregate, *version, None, format!("a canonical event under {cid}"), source.to_string())
        }
    };
    json!({
        "aggregate": aggregate.to_string(),
        "version": version,
        "sequence": sequence,
        "expected": expected,
        "actual": actual,
        "reason": error.to_string(),
    })
}
