//! What a drill found, as a table and as one JSON object.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::check::Audit;
use crate::number;

/// Faults that a report shows.
const FAULTS_SHOWN: usize = 10;

/// Something that must hold besides that nothing is lost, duplicated or forked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Condition {
    /// What must hold, and what was found.
    pub text: String,
    /// Whether it held.
    pub held: bool,
}

/// What a drill found.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct DrillReport {
    /// The drill.
    pub drill: String,
    /// How often it did what it does.
    pub rounds: u64,
    /// Servers of the store.
    pub servers: u64,
    /// What an acknowledgement meant.
    pub durability: String,
    /// Events that were acknowledged.
    pub acknowledged: u64,
    /// Events in the store at the end: those, and some whose acknowledgement nobody heard.
    pub stored: u64,
    /// Acknowledged events that are not there.
    pub lost: u64,
    /// Events that are there more than once.
    pub duplicated: u64,
    /// Versions that two events claim.
    pub forked: u64,
    /// Events out of order, or whose bytes or links do not hold.
    pub broken: u64,
    /// The longest time around a fault in which no append of any writer was acknowledged.
    pub unavailable_for_seconds: f64,
    /// That time in each round.
    pub unavailable_seconds: Vec<f64>,
    /// The longest time in which a reader got no acknowledged event that it asked for.
    pub reads_stopped_for_seconds: Option<f64>,
    /// The longest time in which a reader got no head, which the stream's leader alone can tell.
    pub heads_stopped_for_seconds: Option<f64>,
    /// The longest call of the store.
    pub call_seconds_max: f64,
    /// How long a call may take.
    pub deadline_seconds: f64,
    /// Calls that were answered with `Unavailable`.
    pub answered_unavailable: u64,
    /// Appends that were answered with `Unknown`.
    pub answered_unknown: u64,
    /// What else must hold.
    pub conditions: Vec<Condition>,
    /// The first faults of the audits.
    pub faults: Vec<String>,
    /// How long the drill took.
    pub elapsed_seconds: f64,
}

impl DrillReport {
    /// Returns whether nothing is lost, duplicated, forked or broken and every condition holds.
    pub fn has_passed(&self) -> bool {
        self.lost + self.duplicated + self.forked + self.broken == 0 && self.conditions.iter().all(|one| one.held)
    }

    /// Adds a condition.
    pub fn demand(&mut self, held: bool, text: impl Into<String>) {
        self.conditions.push(Condition { text: text.into(), held });
    }

    /// Adds what an audit found; of several audits of the same events the worst counts.
    pub fn note_audit(&mut self, audit: &Audit) {
        self.acknowledged = self.acknowledged.max(audit.acknowledged);
        self.stored = self.stored.max(audit.stored);
        self.lost = self.lost.max(audit.lost);
        self.duplicated = self.duplicated.max(audit.duplicated);
        self.forked = self.forked.max(audit.forked);
        self.broken = self.broken.max(audit.broken + audit.reordered);
        let left = FAULTS_SHOWN.saturating_sub(self.faults.len());
        self.faults.extend(audit.faults.iter().take(left).map(ToString::to_string));
    }

    /// Notes the longest time without an acknowledgement of one round.
    pub fn note_unavailable(&mut self, unavailable: Duration) {
        let seconds = seconds(unavailable);
        self.unavailable_seconds.push(seconds);
        self.unavailable_for_seconds = self.unavailable_for_seconds.max(seconds);
    }

    fn rows(&self) -> Vec<(&'static str, String)> {
        let seconds = |seconds: f64| number::duration(seconds * 1e9);
        let mut rows = vec![
            ("drill", format!("{}, {} rounds in {}", self.drill, self.rounds, seconds(self.elapsed_seconds))),
            ("servers", format!("{}, {}", self.servers, self.durability)),
            ("acknowledged", number::grouped(self.acknowledged)),
            ("stored", number::grouped(self.stored)),
            ("lost", number::grouped(self.lost)),
            ("duplicated", number::grouped(self.duplicated)),
            ("forked", number::grouped(self.forked)),
            ("broken", number::grouped(self.broken)),
            (
                "unavailable for",
                format!("{} at most, {} mostly", seconds(self.unavailable_for_seconds), seconds(self.median())),
            ),
        ];
        rows.extend(self.reads_stopped_for_seconds.map(|stopped| ("reads stopped for", seconds(stopped))));
        rows.extend(self.heads_stopped_for_seconds.map(|stopped| ("heads stopped for", seconds(stopped))));
        if self.deadline_seconds > 0.0 {
            let (longest, deadline) = (seconds(self.call_seconds_max), seconds(self.deadline_seconds));
            rows.push(("longest call", format!("{longest}, deadline {deadline}")));
            let answers = format!("{} unavailable, {} unknown", self.answered_unavailable, self.answered_unknown);
            rows.push(("refused", answers));
        }
        rows
    }

    fn median(&self) -> f64 {
        let mut sorted = self.unavailable_seconds.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or_default()
    }
}

impl fmt::Display for DrillReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in self.rows() {
            writeln!(f, "{name:<18} {value}")?;
        }
        for condition in &self.conditions {
            writeln!(f, "{:<18} {}", if condition.held { "holds" } else { "DOES NOT HOLD" }, condition.text)?;
        }
        for fault in &self.faults {
            writeln!(f, "{:<18} {fault}", "fault")?;
        }
        write!(f, "{}", if self.has_passed() { "passed" } else { "FAILED" })
    }
}

/// Returns a duration in seconds, to the millisecond.
pub(super) fn seconds(duration: Duration) -> f64 {
    number::float(number::round(duration.as_secs_f64() * 1e3)) / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drill_passes_where_nothing_is_wrong_and_all_conditions_hold() {
        let clean = Audit { acknowledged: 7, stored: 8, ..Audit::default() };
        let check = |audit: &Audit, held: bool, passed: bool| {
            let mut report = DrillReport::default();
            report.note_audit(audit);
            report.demand(held, "appends go on");
            assert_eq!(report.has_passed(), passed, "{report}");
        };
        check(&clean, true, true);
        check(&clean, false, false);
        check(&Audit { lost: 1, ..clean.clone() }, true, false);
        check(&Audit { duplicated: 1, ..clean.clone() }, true, false);
        check(&Audit { forked: 1, ..clean.clone() }, true, false);
        check(&Audit { broken: 1, ..clean.clone() }, true, false);
        check(&Audit { reordered: 1, ..clean }, true, false);
    }

    #[test]
    fn the_longest_time_counts() {
        let mut report = DrillReport::default();
        for milliseconds in [200, 1250, 300] {
            report.note_unavailable(Duration::from_millis(milliseconds));
        }
        assert_eq!(report.unavailable_for_seconds, 1.25);
        assert!(report.to_string().contains("1.25 s at most, 300 ms mostly"), "{report}");
    }
}
