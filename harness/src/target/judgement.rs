//! Rows of the target table, from what was measured.

use serde::{Deserialize, Serialize};

use super::{Bound, Group, Scale, TARGETS, Target};
use crate::number;

/// The size at which a value was measured; what does not apply is 0.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Reached {
    /// Nodes of the graph.
    pub nodes: u64,
    /// Edges of the graph.
    pub edges: u64,
    /// Events in the store.
    pub events: u64,
    /// Events offered a second.
    pub rate: f64,
    /// Seconds for which they were offered.
    pub seconds: f64,
    /// What keeps the value from counting at any size, a store without the engine above it for example.
    pub falls_short: Option<&'static str>,
}

/// A value measured for a target.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// The target's id.
    pub target: &'static str,
    /// The value, in the target's unit.
    pub value: f64,
    /// The size at which it was measured.
    pub reached: Reached,
    /// What else it depends on: durability, callers, operation.
    pub conditions: String,
}

/// One row of the target table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TargetRow {
    /// The target's name in measurements.
    pub id: String,
    /// Which list it belongs to.
    pub group: Group,
    /// What the target says.
    pub name: String,
    /// What was asked: a sign and a limit, in `unit`.
    pub asked: String,
    /// What was measured, in `unit`; `null` where nothing was.
    pub measured: Option<f64>,
    /// The unit; empty for a ratio.
    pub unit: String,
    /// Whether it meets the target; `null` where it was not measured at the target's own scale.
    pub met: Option<bool>,
    /// Under which conditions, the size included; `not measured` and why.
    pub conditions: String,
}

/// Makes the table: every target, and the bars that were measured. Of several measurements for one row the last counts.
///
/// # Panics
/// Where a measurement names no target.
pub fn judge_all(measurements: &[Measurement]) -> Vec<TargetRow> {
    for measurement in measurements {
        assert!(TARGETS.iter().any(|target| target.id == measurement.target), "no target {}", measurement.target);
    }
    let row = |target: &Target| {
        let measurement = measurements.iter().rev().find(|measurement| measurement.target == target.id);
        match (measurement, target.group) {
            (Some(measurement), _) => Some(judge(target, measurement)),
            (None, Group::Target) => Some(not_measured(target)),
            (None, Group::Bar) => None,
        }
    };
    TARGETS.iter().filter_map(row).collect()
}

fn judge(target: &Target, measurement: &Measurement) -> TargetRow {
    let size = size(&measurement.reached);
    let conditions: Vec<&str> =
        [size.as_str(), measurement.conditions.as_str(), measurement.reached.falls_short.unwrap_or_default()]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect();
    let at_scale = measurement.reached.falls_short.is_none() && is_at_scale(target.scale, &measurement.reached);
    TargetRow {
        measured: Some(measurement.value),
        met: at_scale.then(|| target.bound.holds(measurement.value)),
        conditions: conditions.join(", "),
        ..empty_row(target)
    }
}

fn not_measured(target: &Target) -> TargetRow {
    let conditions = match target.scale {
        Scale::Elsewhere(needs) => format!("not measured: {needs}"),
        Scale::Any | Scale::Graph { .. } | Scale::Events(_) | Scale::Load { .. } => "not measured".to_owned(),
    };
    TargetRow { conditions, ..empty_row(target) }
}

fn empty_row(target: &Target) -> TargetRow {
    TargetRow {
        id: target.id.to_owned(),
        group: target.group,
        name: target.name.to_owned(),
        asked: asked(target.bound),
        measured: None,
        unit: target.unit.to_owned(),
        met: None,
        conditions: String::new(),
    }
}

fn asked(bound: Bound) -> String {
    let (sign, limit) = bound.parts();
    let limit = number::readable(limit);
    let short = if limit.contains('.') { limit.trim_end_matches('0') } else { &limit };
    format!("{sign} {short}")
}

fn is_at_scale(scale: Scale, reached: &Reached) -> bool {
    match scale {
        Scale::Any => true,
        Scale::Graph { nodes, edges } => reached.nodes >= nodes && reached.edges >= edges,
        Scale::Events(events) => reached.events >= events,
        Scale::Load { rate, seconds } => {
            reached.rate >= number::float(rate) && reached.seconds >= number::float(seconds)
        }
        Scale::Elsewhere(_) => false,
    }
}

fn size(reached: &Reached) -> String {
    let mut parts = Vec::new();
    for (count, noun) in [(reached.nodes, "nodes"), (reached.edges, "edges"), (reached.events, "events")] {
        if count > 0 {
            parts.push(format!("{} {noun}", number::short(count)));
        }
    }
    if reached.rate > 0.0 {
        parts.push(format!(
            "{}/s for {} s",
            number::short(number::round(reached.rate)),
            number::readable(reached.seconds)
        ));
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(target: &'static str, value: f64, reached: Reached) -> TargetRow {
        let measurement = Measurement { target, value, reached, conditions: String::new() };
        judge_all(&[measurement]).into_iter().find(|row| row.id == target).expect("the row is there")
    }

    #[test]
    fn a_target_is_met_only_at_its_own_scale() {
        let nodes = |nodes| Reached { nodes, edges: nodes, ..Reached::default() };
        assert_eq!(row("query_p99", 0.1, nodes(1_000_000)).met, Some(true));
        assert_eq!(row("query_p99", 12.0, nodes(1_000_000)).met, Some(false));
        let small = row("query_p99", 0.1, nodes(100_000));
        assert_eq!((small.met, small.measured), (None, Some(0.1)));
        assert_eq!(small.conditions, "100K nodes, 100K edges");
        let load = |rate, seconds| Reached { rate, seconds, ..Reached::default() };
        assert_eq!(row("throughput", 10_000.0, load(10_000.0, 60.0)).met, Some(true));
        assert_eq!(row("throughput", 10_000.0, load(10_000.0, 10.0)).met, None);
        let alone = row("ingest_rate", 1e6, Reached { falls_short: Some("store alone"), ..Reached::default() });
        assert_eq!((alone.met, alone.conditions.as_str()), (None, "store alone"));
    }

    #[test]
    fn what_was_not_measured_says_so() {
        let rows = judge_all(&[]);
        assert!(rows.iter().all(|row| row.measured.is_none() && row.met.is_none()));
        assert!(rows.iter().all(|row| row.conditions.starts_with("not measured") && row.group == Group::Target));
    }
}
