//! Frames that were timed, and what they say.

use std::time::{Duration, Instant};

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

/// Times frames.
#[derive(Debug)]
pub(super) struct Timer {
    before: Facts,
    durations_ns: Vec<u64>,
}

impl Timer {
    /// Begins with no frame.
    pub(super) fn start(view: &mut HeadlessView) -> Self {
        Self { before: view.world().resource::<RenderFacts>().read(), durations_ns: Vec::new() }
    }

    /// Makes a frame in which something happens.
    pub(super) fn frame(&mut self, view: &mut HeadlessView, happen: impl FnOnce(&mut HeadlessView)) {
        let started = Instant::now();
        happen(view);
        view.frame();
        self.durations_ns.push(number::nanoseconds(started.elapsed()));
    }

    /// Returns the frames that were made.
    pub(super) fn stop(self, view: &mut HeadlessView) -> Frames {
        let (before, shown) = (self.before, view.world().resource::<RenderFacts>().read());
        let facts = Facts {
            bytes_uploaded: shown.bytes_uploaded - before.bytes_uploaded,
            pictures: shown.pictures - before.pictures,
            draw_calls: shown.draw_calls - before.draw_calls,
            ..shown
        };
        Frames { durations_ns: self.durations_ns, facts }
    }
}

/// Sixty frames a second, where they are made in time.
#[derive(Debug)]
pub(super) struct Pace {
    begun: Instant,
    frames: u32,
}

impl Pace {
    /// Begins with the first frame.
    pub(super) fn start() -> Self {
        Self { begun: Instant::now(), frames: 0 }
    }

    /// Waits until the next frame is due.
    pub(super) fn wait(&mut self) {
        self.frames += 1;
        let next = self.begun + Duration::from_nanos(FRAME_NS) * self.frames;
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
}

impl Frames {
    /// Times frames in which something happens. `after` is called behind each frame that is timed. Where events come by the
    /// clock, there are at most sixty a second, as on a screen.
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
        let mut timer = Timer::start(view);
        let mut pace = Pace::start();
        for number in warm_up..warm_up + count {
            timer.frame(view, |view| scenario.step(view, number, stage));
            after(view);
            if scenario == Scenario::Streaming {
                pace.wait();
            }
        }
        timer.stop(view)
    }

    /// Returns the distribution of all frames.
    pub(super) fn distribution(&self) -> Distribution {
        let mut distribution = Distribution::new();
        self.durations_ns.iter().for_each(|duration| distribution.record(*duration));
        distribution
    }

    /// Returns a quantile of all frames, milliseconds.
    pub(super) fn quantile_ms(&self, quantile: f64) -> f64 {
        number::float(self.distribution().quantile_ns(quantile)) / 1e6
    }

    /// Returns the bytes that went to the device each frame, in the mean.
    pub(super) fn uploaded(&self) -> f64 {
        number::float(self.facts.bytes_uploaded) / number::float_of(self.durations_ns.len())
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
    pub(super) fn report(&self, outcome: &mut SectionOutcome, name: &str) {
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
        let draw_calls = number::float(self.facts.draw_calls) / number::float_of(self.durations_ns.len());
        report.lower(&format!("{name}_uploaded_per_frame"), "bytes", self.uploaded(), Vec::new());
        report.lower(&format!("{name}_draw_calls_per_frame"), "calls", draw_calls, Vec::new());
        report.lower(&format!("{name}_pictures"), "pictures", number::float(self.facts.pictures), Vec::new());
        outcome.histogram(&format!("{name} frame"), &distribution);
    }
}
