//! Frames that were timed, and what they say.

use std::time::Instant;

use cidgraph_harness::measure::Distribution;
use cidgraph_harness::number;
use cidgraph_harness::section::SectionOutcome;

use crate::headless::HeadlessView;
use crate::render::{Facts, RenderFacts};

use super::rung::Rung;
use super::scenario::{Scenario, Stage};

/// A frame at 60 a second, nanoseconds.
const FRAME_NS: u64 = 16_666_667;

/// Frames that were timed: each of them, from before the world is updated until the device has drawn it.
#[derive(Debug)]
pub(super) struct Frames {
    pub(super) durations_ns: Vec<u64>,
    /// What was drawn and uploaded by all of them.
    pub(super) facts: Facts,
}

impl Frames {
    /// Times frames in which something happens. `after` is called behind each frame that is timed.
    pub(super) fn time(
        view: &mut HeadlessView,
        rung: Rung,
        scenario: Scenario,
        stage: &Stage,
        mut after: impl FnMut(&mut HeadlessView),
    ) -> Self {
        let (count, warm_up) = rung.frames();
        for number in 0..warm_up {
            scenario.step(view, number, stage);
            view.frame();
            after(view);
        }
        let before = view.world().resource::<RenderFacts>().read();
        let mut durations_ns = Vec::with_capacity(count);
        for number in warm_up..warm_up + count {
            let started = Instant::now();
            scenario.step(view, number, stage);
            view.frame();
            durations_ns.push(number::nanoseconds(started.elapsed()));
            after(view);
        }
        let shown = view.world().resource::<RenderFacts>().read();
        let facts = Facts {
            bytes_uploaded: shown.bytes_uploaded - before.bytes_uploaded,
            pictures: shown.pictures - before.pictures,
            draw_calls: shown.draw_calls - before.draw_calls,
            ..shown
        };
        Self { durations_ns, facts }
    }

    /// Returns the distribution of all frames.
    pub(super) fn distribution(&self) -> Distribution {
        let mut distribution = Distribution::new();
        self.durations_ns.iter().for_each(|duration| distribution.record(*duration));
        distribution
    }

    /// Returns the frames a second at the median.
    pub(super) fn rate(&self) -> f64 {
        1e9 / number::float(self.distribution().quantile_ns(0.5).max(1))
    }

    /// Returns the frames a second of the slowest hundredth of frames, taken together.
    fn low_rate(&self) -> f64 {
        let mut slowest = self.durations_ns.clone();
        slowest.sort_unstable_by(|a, b| b.cmp(a));
        slowest.truncate(slowest.len().div_ceil(100));
        let total: u64 = slowest.iter().sum();
        number::float_of(slowest.len()) * 1e9 / number::float(total.max(1))
    }

    /// Adds what the frames say to a report.
    pub(super) fn report(&self, outcome: &mut SectionOutcome, scenario: Scenario) {
        let name = scenario.name();
        let distribution = self.distribution();
        let milliseconds = |ns: u64| number::float(ns) / 1e6;
        let samples = self.durations_ns.iter().copied().map(milliseconds).collect();
        let report = &mut outcome.report;
        report.lower(&format!("{name}_frame_p50"), "ms", milliseconds(distribution.quantile_ns(0.5)), samples);
        for (quantile, text) in [(0.95, "p95"), (0.99, "p99"), (0.999, "p999")] {
            let value = milliseconds(distribution.quantile_ns(quantile));
            report.lower(&format!("{name}_frame_{text}"), "ms", value, Vec::new());
        }
        report.lower(&format!("{name}_frame_max"), "ms", milliseconds(distribution.max_ns()), Vec::new());
        report.higher(&format!("{name}_rate_p50"), "FPS", self.rate(), Vec::new());
        report.higher(&format!("{name}_rate_1_percent_low"), "FPS", self.low_rate(), Vec::new());
        let late = self.durations_ns.iter().filter(|duration| **duration > FRAME_NS).count();
        report.lower(&format!("{name}_frames_over_16_7_ms"), "frames", number::float_of(late), Vec::new());
        let frames = number::float_of(self.durations_ns.len());
        let each = |total: u64| number::float(total) / frames;
        report.lower(&format!("{name}_uploaded_per_frame"), "bytes", each(self.facts.bytes_uploaded), Vec::new());
        report.lower(&format!("{name}_draw_calls_per_frame"), "calls", each(self.facts.draw_calls), Vec::new());
        report.lower(&format!("{name}_pictures"), "pictures", number::float(self.facts.pictures), Vec::new());
        outcome.histogram(&format!("{name} frame"), &distribution);
    }
}
