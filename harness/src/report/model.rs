//! The data of a report; `report.json` is this, as serde writes it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::load::Interval;
use crate::measure::{Distribution, Machine};
use crate::number;
use crate::target::TargetRow;

/// The version of the JSON layout.
const SCHEMA: u32 = 1;

/// What one run measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The version of this layout.
    pub schema: u32,
    /// `quick`, `full` or what the caller named.
    pub profile: String,
    /// When the run began, milliseconds since the Unix epoch.
    pub started_unix_ms: u64,
    /// How long it took, seconds.
    pub elapsed_seconds: f64,
    /// The target table.
    pub targets: Vec<TargetRow>,
    /// The machine.
    pub machine: Machine,
    /// Versions of the program and of what it ran on, by name.
    pub versions: BTreeMap<String, String>,
    /// What all workloads were drawn from.
    pub seed: u64,
    /// The least durability that the store gave in this run.
    pub durability: String,
    /// What each section found, in the order in which they ran.
    pub sections: Vec<SectionReport>,
    /// Distributions of durations.
    pub histograms: Vec<Histogram>,
}

/// What one section found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SectionReport {
    /// Its name.
    pub name: String,
    /// How long it took, seconds.
    pub elapsed_seconds: f64,
    /// Its figures.
    pub figures: Vec<Figure>,
    /// What happened over time.
    pub series: Vec<Series>,
    /// What makes up a whole, memory by structure for example.
    pub breakdowns: Vec<Breakdown>,
    /// What a reader must know.
    pub notes: Vec<String>,
}

/// Which way a figure is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
}

/// One figure with the samples behind it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// Its name, unit last: `append_rate_events_per_second`.
    pub name: String,
    /// The value.
    pub value: f64,
    /// The unit.
    pub unit: String,
    /// Which way it is better.
    pub better: Direction,
    /// Values of repetitions or intervals, from which two reports are compared; may be empty.
    pub samples: Vec<f64>,
}

/// A distribution of durations, nanoseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    /// The section.
    pub section: String,
    /// What was measured.
    pub name: String,
    /// Durations recorded.
    pub count: u64,
    /// The mean.
    pub mean_ns: f64,
    /// The shortest.
    pub min_ns: u64,
    /// The median.
    pub p50_ns: u64,
    /// The 90th percentile.
    pub p90_ns: u64,
    /// The 99th percentile.
    pub p99_ns: u64,
    /// The 99.9th percentile.
    pub p999_ns: u64,
    /// The longest.
    pub max_ns: u64,
    /// (quantile, nanoseconds) pairs of the percentile curve.
    pub curve: Vec<(f64, u64)>,
}

/// Something over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// What it is.
    pub name: String,
    /// Length of an interval, nanoseconds.
    pub interval_ns: u64,
    /// The intervals.
    pub points: Vec<SeriesPoint>,
}

/// One interval of a series.
pub type SeriesPoint = Interval;

/// What makes up a whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Breakdown {
    /// The whole.
    pub name: String,
    /// Its parts.
    pub parts: Vec<Part>,
}

/// One part of a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// What it is.
    pub name: String,
    /// Its size, bytes.
    pub bytes: u64,
}

impl Report {
    /// Makes an empty report for this machine and this version of the program.
    pub fn new(profile: &str, seed: u64, started_unix_ms: u64) -> Self {
        let version = |name: &str, version: &str| (name.to_owned(), version.to_owned());
        Self {
            schema: SCHEMA,
            profile: profile.to_owned(),
            started_unix_ms,
            elapsed_seconds: 0.0,
            targets: Vec::new(),
            machine: Machine::this(),
            versions: BTreeMap::from([version("cidgraph", env!("CARGO_PKG_VERSION"))]),
            seed,
            durability: "memory".to_owned(),
            sections: Vec::new(),
            histograms: Vec::new(),
        }
    }
}

impl SectionReport {
    /// Makes the report of a section that found nothing yet.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// Adds a figure of which more is better.
    ///
    /// # Panics
    /// Where a value is no finite number, which JSON cannot say.
    pub fn higher(&mut self, name: &str, unit: &str, value: f64, samples: Vec<f64>) {
        self.figure(Direction::Higher, name, unit, value, samples);
    }

    /// Adds a figure of which less is better.
    ///
    /// # Panics
    /// Where a value is no finite number, which JSON cannot say.
    pub fn lower(&mut self, name: &str, unit: &str, value: f64, samples: Vec<f64>) {
        self.figure(Direction::Lower, name, unit, value, samples);
    }

    fn figure(&mut self, better: Direction, name: &str, unit: &str, value: f64, samples: Vec<f64>) {
        assert!(value.is_finite() && samples.iter().all(|sample| sample.is_finite()), "{name} is no number");
        self.figures.push(Figure { name: name.to_owned(), value, unit: unit.to_owned(), better, samples });
    }
}

impl Histogram {
    /// Makes the report of a distribution.
    pub fn of(section: &str, name: &str, distribution: &Distribution) -> Self {
        Self {
            section: section.to_owned(),
            name: name.to_owned(),
            count: distribution.count(),
            mean_ns: distribution.mean_ns(),
            min_ns: distribution.min_ns(),
            p50_ns: distribution.quantile_ns(0.5),
            p90_ns: distribution.quantile_ns(0.9),
            p99_ns: distribution.quantile_ns(0.99),
            p999_ns: distribution.quantile_ns(0.999),
            max_ns: distribution.max_ns(),
            curve: distribution.curve(),
        }
    }
}

impl Series {
    /// Makes a series of the intervals of a run.
    pub fn of(name: &str, interval_ns: u64, intervals: &[Interval]) -> Self {
        Self { name: name.to_owned(), interval_ns, points: intervals.to_vec() }
    }

    /// Returns the answers a second of each interval but the last, which may be cut short.
    pub fn rates(&self) -> Vec<f64> {
        let whole = self.points.len().saturating_sub(1);
        let seconds = number::float(self.interval_ns) / 1e9;
        self.points[..whole].iter().map(|point| number::float(point.count) / seconds).collect()
    }
}
