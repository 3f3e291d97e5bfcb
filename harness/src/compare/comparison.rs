//! The comparison of two reports, figure by figure.

use serde::{Deserialize, Serialize};
use unicode_width::UnicodeWidthStr;

use super::bootstrap::ratio_interval;
use crate::number;
use crate::report::{Direction, Figure, Report};

/// A change below this share is not worth a verdict, however sure.
const CHANGE_MIN: f64 = 0.02;

/// What a comparison says of one figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The second report is better, by 2 % at least, and the confidence interval says so.
    Faster,
    /// It is worse, likewise.
    Slower,
    /// The samples do not tell.
    Inconclusive,
}

/// One figure of two reports.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Section and name.
    pub figure: String,
    /// The unit.
    pub unit: String,
    /// The first report's value.
    pub before: f64,
    /// The second report's value.
    pub after: f64,
    /// The second report's mean ÷ the first's, with its 95 % interval; `null` where samples are missing.
    pub ratio: Option<[f64; 3]>,
    /// What that says.
    pub outcome: Outcome,
}

/// Compares the figures that both reports have, in the order of the first.
pub fn compare(before: &Report, after: &Report) -> Vec<Comparison> {
    let figures = |report: &Report| -> Vec<(String, Figure)> {
        let of_section = |section: &crate::report::SectionReport| {
            let named = |figure: &Figure| (format!("{} · {}", section.name, figure.name), figure.clone());
            section.figures.iter().map(named).collect::<Vec<_>>()
        };
        report.sections.iter().flat_map(of_section).collect()
    };
    let after = figures(after);
    let pair = |(name, old): (String, Figure)| {
        let new = after.iter().find(|(other, new)| *other == name && new.unit == old.unit);
        new.map(|(_, new)| compare_figures(name, &old, new))
    };
    figures(before).into_iter().filter_map(pair).collect()
}

fn compare_figures(figure: String, old: &Figure, new: &Figure) -> Comparison {
    let interval = ratio_interval(&old.samples, &new.samples);
    let outcome = interval.map_or(Outcome::Inconclusive, |interval| {
        let risen = interval.low > 1.0 && interval.ratio >= 1.0 + CHANGE_MIN;
        let fallen = interval.high < 1.0 && interval.ratio <= 1.0 - CHANGE_MIN;
        match (new.better, risen, fallen) {
            (Direction::Higher, true, _) | (Direction::Lower, _, true) => Outcome::Faster,
            (Direction::Higher, _, true) | (Direction::Lower, true, _) => Outcome::Slower,
            (Direction::Higher | Direction::Lower, false, false) => Outcome::Inconclusive,
        }
    });
    Comparison {
        figure,
        unit: new.unit.clone(),
        before: old.value,
        after: new.value,
        ratio: interval.map(|interval| [interval.ratio, interval.low, interval.high]),
        outcome,
    }
}

/// Renders a comparison for a terminal, with a line for each way in which the two runs differ.
pub fn render_comparison(before: &Report, after: &Report) -> String {
    let mut text = differences(before, after);
    let comparisons = compare(before, after);
    let mut rows = vec![["figure", "before", "after", "change (95 %)", "verdict"].map(str::to_owned)];
    rows.extend(comparisons.iter().map(row));
    let width = |column: usize| rows.iter().map(|row| row[column].width()).max().unwrap_or(0);
    let widths: [usize; 5] = std::array::from_fn(width);
    for row in &rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let padding = " ".repeat(widths[column] - cell.width());
            let is_number = (1..=3).contains(&column);
            line.push_str(&if is_number { format!("{padding}{cell}  ") } else { format!("{cell}{padding}  ") });
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn row(comparison: &Comparison) -> [String; 5] {
    let Comparison { figure, unit, before, after, ratio, outcome } = comparison;
    let with_unit = |value: &f64| format!("{} {unit}", number::readable(*value)).trim_end().to_owned();
    let percent = |ratio: f64| format!("{:+.1}", (ratio - 1.0) * 100.0);
    let change = ratio.map_or_else(
        || "too few samples".to_owned(),
        |[ratio, low, high]| format!("{} % [{}, {}]", percent(ratio), percent(low), percent(high)),
    );
    let verdict = match outcome {
        Outcome::Faster => "faster",
        Outcome::Slower => "slower",
        Outcome::Inconclusive => "inconclusive",
    };
    [figure.clone(), with_unit(before), with_unit(after), change, verdict.to_owned()]
}

fn differences(before: &Report, after: &Report) -> String {
    let facts = |report: &Report| {
        let machine = &report.machine;
        [
            ("profile", report.profile.clone()),
            ("seed", report.seed.to_string()),
            ("durability", report.durability.clone()),
            ("processor", format!("{} × {}", machine.cores, machine.cpu)),
            ("system", format!("{}, kernel {}", machine.os, machine.kernel)),
        ]
    };
    let pairs = facts(before).into_iter().zip(facts(after));
    let differing = pairs.filter(|(old, new)| old != new);
    differing.map(|((name, old), (_, new))| format!("the runs differ in {name}: {old} / {new}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Machine;
    use crate::report::SectionReport;

    fn report(rate: f64, latency: f64, seed: u64) -> Report {
        let spread = |centre: f64| (0..20).map(|step| centre * (0.95 + 0.005 * f64::from(step))).collect::<Vec<_>>();
        let mut section = SectionReport::new("append");
        section.higher("rate", "events/s", rate, spread(rate));
        section.lower("latency_p99", "µs", latency, spread(latency));
        section.lower("single", "ms", 1.0, vec![1.0]);
        let machine =
            Machine { cpu: "X".to_owned(), cores: 2, memory_bytes: 1, os: "Y".to_owned(), kernel: "Z".to_owned() };
        Report { machine, sections: vec![section], ..Report::new("quick", seed, 0) }
    }

    #[test]
    fn verdicts_follow_direction_and_interval() {
        let outcomes = |before, after| {
            compare(&before, &after).into_iter().map(|comparison| comparison.outcome).collect::<Vec<_>>()
        };
        use Outcome::{Faster, Inconclusive, Slower};
        assert_eq!(outcomes(report(100.0, 50.0, 1), report(120.0, 60.0, 1)), [Faster, Slower, Inconclusive]);
        assert_eq!(outcomes(report(100.0, 50.0, 1), report(80.0, 40.0, 1)), [Slower, Faster, Inconclusive]);
        assert_eq!(outcomes(report(100.0, 50.0, 1), report(101.0, 50.0, 1)), [Inconclusive; 3]);
    }

    #[test]
    fn a_comparison_is_readable() {
        insta::assert_snapshot!(render_comparison(&report(100_000.0, 50.0, 1), &report(120_000.0, 50.1, 2)));
    }
}
