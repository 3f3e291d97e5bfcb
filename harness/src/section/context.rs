//! What all sections are given, and what each gives back.

use std::path::PathBuf;
use std::time::Duration;

use cidgraph::Durability;

use crate::baseline::Servers;
use crate::measure::{Distribution, Stopwatch};
use crate::report::{Histogram, Report, SectionReport};
use crate::target::{EMBEDDED_BARS, Measurement, Reached, judge_all};

/// What all sections are given.
#[derive(Debug, Clone)]
pub struct BenchContext {
    /// What all workloads are drawn from.
    pub seed: u64,
    /// Nodes of the graph.
    pub nodes: u64,
    /// Edges of the graph.
    pub edges: u64,
    /// Events offered a second.
    pub rate: f64,
    /// How long they are offered.
    pub duration: Duration,
    /// A folder on the disk that the store writes to.
    pub directory: PathBuf,
}

/// What a section gives back.
#[derive(Debug, Clone, Default)]
pub struct SectionOutcome {
    /// Its part of the report.
    pub report: SectionReport,
    /// What it measured for targets and bars.
    pub measurements: Vec<Measurement>,
    /// Distributions of durations.
    pub histograms: Vec<Histogram>,
    /// The least durability that the store gave.
    pub durability: Option<Durability>,
}

impl SectionOutcome {
    /// Makes the outcome of a section that found nothing yet.
    pub fn new(name: &str) -> Self {
        Self { report: SectionReport::new(name), ..Self::default() }
    }

    /// Adds what was measured for a target or bar, in its unit.
    pub fn measure(&mut self, target: &'static str, value: f64, reached: Reached, conditions: impl Into<String>) {
        self.measurements.push(Measurement { target, value, reached, conditions: conditions.into() });
    }

    /// Adds a distribution.
    pub fn histogram(&mut self, name: &str, distribution: &Distribution) {
        self.histograms.push(Histogram::of(&self.report.name, name, distribution));
    }

    /// Notes the durability that an append was given; the least counts.
    pub fn note_durability(&mut self, durability: Durability) {
        self.durability = Some(self.durability.map_or(durability, |least| least.min(durability)));
    }

    /// Names the servers that keep the store, in each row.
    #[must_use]
    pub fn served_by(mut self, server: Option<&Servers>) -> Self {
        let Some(server) = server else { return self };
        for measurement in &mut self.measurements {
            let label = server.label();
            measurement.conditions = match measurement.conditions.as_str() {
                "" => label,
                conditions => format!("{label}, {conditions}"),
            };
            if EMBEDDED_BARS.contains(&measurement.target) {
                measurement.reached.falls_short.get_or_insert("a bar of the embedded store");
            }
        }
        self
    }

    /// Adds what another part of the same section found.
    pub fn absorb(&mut self, other: Self) {
        self.report.figures.extend(other.report.figures);
        self.report.series.extend(other.report.series);
        self.report.breakdowns.extend(other.report.breakdowns);
        self.report.notes.extend(other.report.notes);
        self.report.elapsed_seconds += other.report.elapsed_seconds;
        let name = self.report.name.clone();
        let renamed = other.histograms.into_iter().map(|histogram| Histogram { section: name.clone(), ..histogram });
        self.histograms.extend(renamed);
        self.measurements.extend(other.measurements);
        other.durability.into_iter().for_each(|durability| self.note_durability(durability));
    }

    /// Notes how long the section took.
    #[must_use]
    pub fn timed(mut self, watch: &Stopwatch) -> Self {
        self.report.elapsed_seconds = watch.read().wall.as_secs_f64();
        self
    }
}

/// Puts the outcomes of all sections into a report and judges its targets.
pub fn finish_report(mut report: Report, outcomes: Vec<SectionOutcome>, watch: &Stopwatch) -> Report {
    let mut measurements = Vec::new();
    let mut durability: Option<Durability> = None;
    for outcome in outcomes {
        measurements.extend(outcome.measurements);
        report.histograms.extend(outcome.histograms);
        report.sections.push(outcome.report);
        durability = durability.into_iter().chain(outcome.durability).min();
    }
    report.durability = durability.map_or_else(|| "none: nothing was appended".to_owned(), |least| least.to_string());
    report.elapsed_seconds = watch.read().wall.as_secs_f64();
    report.targets = judge_all(&measurements);
    report
}
