//! One run, from an empty folder to the report.
//!
//! Memory comes first, while the process is small.

use super::part::Part;
use super::parts::Bench;
use super::plan::Plan;
use super::surroundings::{BenchError, Surroundings};
use crate::measure::Stopwatch;
use crate::report::Report;
use crate::section::{SectionOutcome, finish_report};
use crate::target::Reached;

/// Runs the plan and returns its report.
///
/// # Errors
/// The first of any part; what was measured before is lost.
pub async fn run(plan: &Plan, mut surroundings: Surroundings<'_>) -> Result<Report, BenchError> {
    let watch = Stopwatch::start();
    let report = Report::new(plan.profile.name(), plan.seed, surroundings.started_unix_ms);
    let input = std::mem::replace(&mut surroundings.real_input, Err(String::new()));
    let bench = Bench { plan, surroundings: &surroundings };
    let mut outcomes = Vec::new();
    if plan.has(Part::Memory) {
        outcomes.push(bench.memory().await?);
    }
    if plan.has(Part::RealInput) {
        outcomes.push(bench.real_input(input).await?);
    }
    let mut recovered = SectionOutcome::new("recovery");
    outcomes.extend(bench.appends(&mut recovered).await?);
    outcomes.extend(bench.queries(&mut recovered).await?);
    if plan.has(Part::History) {
        outcomes.push(bench.history().await?);
    }
    if plan.has(Part::Crash) {
        recovered.absorb(bench.crash().await?);
    }
    if !recovered.measurements.is_empty() {
        outcomes.push(recovered);
    }
    if plan.is_whole_quick() {
        let mut time = SectionOutcome::default();
        time.measure("bench_time", watch.read().wall.as_secs_f64(), Reached::default(), "all sections");
        outcomes.push(time);
    }
    let mut report = finish_report(report, outcomes, &watch);
    report.sections.retain(|section| !section.name.is_empty());
    Ok(report)
}
