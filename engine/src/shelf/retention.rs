//! Which snapshots are kept: rules in words, such as `hourly for a day, daily for ever`.
//!
//! Each rule says how many of the snapshots are kept and how long: the last one of each period, as far back as the span
//! reaches. Times are those of the snapshots' last events and ages count from the newest snapshot, so what is kept is a
//! function of the events, not of when someone looked.

use std::fmt;
use std::str::FromStr;

const SECOND: u64 = 1_000_000_000;

/// Names of spans and the seconds of each.
const UNITS: [(&str, u64); 7] = [
    ("second", 1),
    ("minute", 60),
    ("hour", 60 * 60),
    ("day", 24 * 60 * 60),
    ("week", 7 * 24 * 60 * 60),
    ("month", 30 * 24 * 60 * 60),
    ("year", 365 * 24 * 60 * 60),
];

/// One word for each period.
const EVERY: [(&str, &str); 6] = [
    ("hourly", "hour"),
    ("daily", "day"),
    ("weekly", "week"),
    ("monthly", "month"),
    ("yearly", "year"),
    ("minutely", "minute"),
];

/// Which snapshots are kept; a snapshot that one of the rules keeps is kept.
///
/// ```
/// use cidgraph::shelf::Retention;
///
/// let rule: Retention = "all for 2 hours, hourly for a day, daily for ever".parse().unwrap();
/// let hour = 3_600_000_000_000;
/// assert_eq!(rule.kept(&[hour, hour + 1, 4 * hour, 5 * hour]), [false, true, true, true]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention(Vec<Rule>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rule {
    /// Of each period one is kept, the last; 0 for all.
    period_ns: u64,
    /// As far back as this; [`u64::MAX`] for ever.
    span_ns: u64,
}

/// Why a text is no rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no rule of retention: say it as `hourly for a day, daily for ever` or `all for 12 hours`")]
pub struct RetentionError {
    /// The part that cannot be read.
    pub text: String,
}

impl Retention {
    /// Tells of each snapshot whether a rule keeps it, given the times of their last events, ascending. The newest is kept
    /// always.
    pub fn kept(&self, times_ns: &[u64]) -> Vec<bool> {
        let Some(newest) = times_ns.last() else { return Vec::new() };
        let is_last_of = |index: usize, period_ns: u64| {
            let period = |time_ns: &u64| time_ns.checked_div(period_ns);
            period_ns == 0 || times_ns.get(index + 1).is_none_or(|next| period(next) != period(&times_ns[index]))
        };
        let keeps = |rule: &Rule, index: usize| {
            newest.saturating_sub(times_ns[index]) <= rule.span_ns && is_last_of(index, rule.period_ns)
        };
        (0..times_ns.len())
            .map(|index| index + 1 == times_ns.len() || self.0.iter().any(|rule| keeps(rule, index)))
            .collect()
    }
}

impl Default for Retention {
    fn default() -> Self {
        "hourly for a day, daily for ever".parse().expect("it is written as a rule is")
    }
}

impl FromStr for Retention {
    type Err = RetentionError;

    fn from_str(text: &str) -> Result<Self, RetentionError> {
        let rule = |part: &str| {
            let words: Vec<&str> = part.split_whitespace().collect();
            let at = words.iter().position(|word| *word == "for");
            let rule =
                at.and_then(|at| Some(Rule { period_ns: period(&words[..at])?, span_ns: span(&words[at + 1..])? }));
            rule.ok_or_else(|| RetentionError { text: part.trim().to_owned() })
        };
        text.split(',').map(rule).collect::<Result<_, _>>().map(Self)
    }
}

/// Reads `all`, `hourly` or `every 6 hours`.
fn period(words: &[&str]) -> Option<u64> {
    match words {
        ["all"] => Some(0),
        ["every", rest @ ..] => duration(rest).filter(|period| *period > 0),
        [word] => EVERY.iter().find(|(name, _)| name == word).and_then(|(_, unit)| duration(&[unit])),
        _ => None,
    }
}

/// Reads `ever`, `a day` or `7 days`.
fn span(words: &[&str]) -> Option<u64> {
    if words == ["ever"] { Some(u64::MAX) } else { duration(words) }
}

fn duration(words: &[&str]) -> Option<u64> {
    let (count, unit) = match words {
        [unit] => (1, unit),
        ["a" | "an", unit] => (1, unit),
        [count, unit] => (count.parse::<u64>().ok()?, unit),
        _ => return None,
    };
    let unit = unit.strip_suffix('s').unwrap_or(unit);
    let (_, seconds) = UNITS.iter().find(|(name, _)| *name == unit)?;
    seconds.checked_mul(count)?.checked_mul(SECOND)
}

/// Shows the rules with their spans in the largest unit that measures them.
impl fmt::Display for Retention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, Rule { period_ns, span_ns }) in self.0.iter().enumerate() {
            f.write_str(if number == 0 { "" } else { ", " })?;
            if *period_ns == 0 {
                f.write_str("all")?
            } else {
                write!(f, "every {}", Shown(*period_ns))?
            }
            if *span_ns == u64::MAX { f.write_str(" for ever")? } else { write!(f, " for {}", Shown(*span_ns))? }
        }
        Ok(())
    }
}

struct Shown(u64);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0 / SECOND;
        let measures = UNITS.iter().rev().find(|(_, unit)| seconds.is_multiple_of(*unit));
        let (name, unit) = measures.expect("seconds measure every span");
        let count = seconds / unit;
        write!(f, "{count} {name}{}", if count == 1 { "" } else { "s" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3600 * SECOND;
    const DAY: u64 = 24 * HOUR;

    #[test]
    fn rules_are_read_and_shown() {
        let check = |text: &str, shown: &str| assert_eq!(text.parse::<Retention>().unwrap().to_string(), shown);
        check("hourly for a day, daily for ever", "every 1 hour for 1 day, every 1 day for ever");
        check("all for 90 minutes", "all for 90 minutes");
        check("every 6 hours for 2 weeks,weekly for a year", "every 6 hours for 2 weeks, every 1 week for 1 year");
        check("every 1 hour for 1 day, every 1 day for ever", "every 1 hour for 1 day, every 1 day for ever");
    }

    #[test]
    fn other_texts_are_refused() {
        for text in
            ["", "hourly", "for ever", "hourly for", "never for ever", "every 0 hours for ever", "all for -1 days"]
        {
            let refused = text.parse::<Retention>();
            assert_eq!(refused, Err(RetentionError { text: text.to_owned() }));
        }
        let far = format!("all for {} years", u64::MAX);
        assert!(far.parse::<Retention>().is_err());
    }

    #[test]
    fn the_last_of_each_period_stays() {
        let rule = Retention::default();
        let start = 100 * DAY;
        let times: Vec<u64> = (0..40).map(|number| start + number * HOUR / 2 + 1).chain([start + 10 * DAY]).collect();
        let kept: Vec<u64> =
            times.iter().zip(rule.kept(&times)).filter(|(_, kept)| *kept).map(|(time, _)| *time).collect();
        assert_eq!(kept, [start + 39 * HOUR / 2 + 1, start + 10 * DAY], "of an old day the last");
        let times = &times[..40];
        assert_eq!(rule.kept(times).iter().filter(|kept| **kept).count(), 20, "of each of 20 hours one");
        assert_eq!(rule.kept(&[]), [] as [bool; 0]);
        assert_eq!("all for 1 second".parse::<Retention>().unwrap().kept(&[0, 5 * HOUR]), [false, true]);
    }
}
