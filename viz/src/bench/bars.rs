//! What was measured, as bars: targets that it meets or does not.

use cidgraph_harness::measure::Distribution;
use cidgraph_harness::number;
use cidgraph_harness::section::SectionOutcome;
use cidgraph_harness::target::Reached;

use super::frames::Frames;
use super::laid_out::LaidOut;
use super::past::VERSIONS_A_NODE;
use super::rung::Rung;
use super::scenario::Scenario;

/// The cores that a layout may be measured on.
const LAYOUT_CORES: usize = 2;

/// Where bars are measured.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bars<'a> {
    pub(super) rung: Rung,
    pub(super) nodes: u32,
    pub(super) adapter: &'a str,
}

impl Bars<'_> {
    /// Adds what the frames of a scenario say.
    pub(super) fn frames(&self, outcome: &mut SectionOutcome, scenario: Scenario, frames: &Frames) {
        let conditions = self.conditions(scenario, frames);
        let mut bar = |id, value| outcome.measure(id, value, self.reached(), conditions.clone());
        match (self.rung, scenario) {
            (Rung::A, Scenario::Changing) => bar("frame_changing_p99", frames.quantile_ms(0.99)),
            (Rung::A, Scenario::Still) => bar("frame_still_p50", frames.quantile_ms(0.5)),
            (Rung::A, Scenario::Flight) => bar("frame_flight_p50", frames.quantile_ms(0.5)),
            (Rung::A, Scenario::Scrubbing) => {
                bar("frame_scrub_p50", frames.quantile_ms(0.5));
                bar("frame_scrub_uploaded", frames.uploaded());
            }
            (Rung::A, Scenario::Layout) => bar("layout_frame_p99", frames.quantile_ms(0.99)),
            (Rung::C, Scenario::Flight) => bar("frame_software_rate", frames.rate()),
            (Rung::C, Scenario::Still) => {
                bar("frame_still_pictures", number::float(frames.facts.pictures));
                bar("frame_still_uploaded", frames.uploaded());
            }
            (Rung::A, Scenario::Moving | Scenario::Replay | Scenario::Streaming) => {}
            (Rung::B, _) | (Rung::C | Rung::D, _) => {}
        }
    }

    /// Adds how scrubbing compares with frames of the same scene in which nothing happens.
    pub(super) fn scrubbing(&self, outcome: &mut SectionOutcome, scrubbing: &Frames, still: &Frames) {
        let (p99, still_p99) = (scrubbing.quantile_ms(0.99), still.quantile_ms(0.99));
        let ratio = p99 / still_p99;
        outcome.report.lower("scrubbing_still_frame_p99", "ms", still_p99, Vec::new());
        outcome.report.lower("scrubbing_frame_p99_ratio", "", ratio, Vec::new());
        if self.rung == Rung::A {
            let conditions = self.conditions(Scenario::Scrubbing, scrubbing);
            outcome.measure("frame_scrub_ratio", ratio, self.reached(), conditions);
        }
    }

    /// Adds how late events were shown.
    pub(super) fn lag(&self, outcome: &mut SectionOutcome, lag: &Distribution) {
        let milliseconds = |quantile| number::float(lag.quantile_ns(quantile)) / 1e6;
        outcome.report.lower("event_to_frame_p50", "ms", milliseconds(0.5), Vec::new());
        outcome.report.lower("event_to_frame_p99", "ms", milliseconds(0.99), Vec::new());
        outcome.histogram("event to frame", lag);
        if self.rung == Rung::A {
            let conditions = format!("10K events/s through a store in memory, {}", self.adapter);
            outcome.measure("frame_event_lag_p99", milliseconds(0.99), self.reached(), conditions);
        }
    }

    /// Adds how long a layout took. Where software draws, it takes the same cores: the bars are measured where it does not.
    pub(super) fn layout(&self, outcome: &mut SectionOutcome, laid_out: &LaidOut) {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let conditions = format!("{cores} cores, one of them for frames, {}", self.adapter);
        let falls_short = (cores > LAYOUT_CORES).then_some("more cores than two");
        for (id, duration) in [("layout_usable", laid_out.usable), ("layout_refined", laid_out.refined)] {
            let seconds = duration.as_secs_f64();
            outcome.report.lower(id, "s", seconds, Vec::new());
            if self.rung == Rung::A {
                outcome.measure(id, seconds, Reached { falls_short, ..self.reached() }, conditions.clone());
            }
        }
    }

    /// Adds the slowest scenario of a graphics device, of those that were run.
    pub(super) fn device(&self, outcome: &mut SectionOutcome, timed: &[(Scenario, f64)]) {
        let slowest = timed.iter().max_by(|one, other| one.1.total_cmp(&other.1));
        let Some((scenario, p99)) = slowest.filter(|_| self.rung == Rung::D) else { return };
        let is_all = Scenario::ALL.iter().all(|scenario| timed.iter().any(|(timed, _)| timed == scenario));
        let falls_short = (!is_all).then_some("not all scenarios");
        let conditions = format!("{}, {}", scenario.name(), self.adapter);
        outcome.measure("frame_device_p99", *p99, Reached { falls_short, ..self.reached() }, conditions);
    }

    fn conditions(&self, scenario: Scenario, frames: &Frames) -> String {
        let drawn = if frames.facts.is_points { "points" } else { "shapes" };
        let edges = match frames.facts.edge_stride {
            1 => "all edges".to_owned(),
            stride => format!("every {stride}th edge"),
        };
        let past = match scenario {
            Scenario::Scrubbing => format!(" {} versions", number::short(u64::from(self.nodes) * VERSIONS_A_NODE)),
            Scenario::Still | Scenario::Flight | Scenario::Changing | Scenario::Moving => String::new(),
            Scenario::Replay | Scenario::Streaming | Scenario::Layout => String::new(),
        };
        format!("{}{past}, {drawn}, {edges}, {}", scenario.name(), self.adapter)
    }

    fn reached(&self) -> Reached {
        Reached { nodes: u64::from(self.nodes), edges: u64::from(self.nodes) * 2, ..Reached::default() }
    }
}
