//! The highest rate at which a quantile of the latency stays within its target.

/// What a search looks for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateSearch {
    /// A rate that is tried first and should hold, operations a second.
    pub low: f64,
    /// A rate that is never exceeded.
    pub high: f64,
    /// The share of operations that may exceed the target: 0.01 for a 99th percentile.
    pub share_above_max: f64,
    /// The search ends when the highest rate that holds and the lowest that does not differ by this share.
    pub precision: f64,
    /// Trials at one rate, at most.
    pub trials_max: u32,
}

/// What one run at one rate showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trial {
    /// Operations that were due.
    pub operations: u64,
    /// Of them, those whose latency exceeds the target, the unanswered included.
    pub above: u64,
    /// Whether every operation was answered without failure.
    pub complete: bool,
}

/// What the trials at one rate amount to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The share above the target is at most the allowed one, with 95 % confidence.
    Holds,
    /// It exceeds the allowed one, with 95 % confidence, or an operation failed.
    Fails,
    /// The trials do not tell.
    Undecided,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq)]
pub struct RateSearchResult {
    /// The highest rate that holds; `None` where the lowest does not.
    pub rate: Option<f64>,
    /// Every rate tried, in order, with its verdict and number of trials. An undecided rate counts as one that fails.
    pub tried: Vec<(f64, Verdict, u32)>,
}

/// Looks for the highest rate that holds, by bisection on a logarithmic scale.
///
/// A rate holds when the upper end of the 95 % Wilson interval (Wilson 1927) of the share above the target, over all trials
/// at it, does not exceed the allowed share; it fails when the lower end does. Otherwise it is tried again. At least two
/// trials stand behind a rate that holds. Latencies come in runs, which the interval does not know of: the trials should be
/// long against a stall.
///
/// # Panics
/// Where the rates are not positive and in order, or no trial is allowed.
pub async fn highest_rate(search: &RateSearch, mut run: impl AsyncFnMut(f64) -> Trial) -> RateSearchResult {
    assert!(search.low > 0.0 && search.low <= search.high, "{search:?}");
    assert!(search.trials_max > 0 && search.precision > 0.0, "{search:?}");
    let mut result = RateSearchResult { rate: None, tried: Vec::new() };
    let (mut holds, mut fails) = (search.low, search.high);
    if !hold(search, search.low, &mut run, &mut result).await {
        return result;
    }
    if hold(search, search.high, &mut run, &mut result).await {
        return result;
    }
    while fails / holds > 1.0 + search.precision {
        let middle = (holds * fails).sqrt();
        if hold(search, middle, &mut run, &mut result).await {
            holds = middle;
        } else {
            fails = middle;
        }
    }
    result
}

async fn hold(
    search: &RateSearch,
    rate: f64,
    run: &mut impl AsyncFnMut(f64) -> Trial,
    result: &mut RateSearchResult,
) -> bool {
    let mut pooled = Trial { operations: 0, above: 0, complete: true };
    let mut verdict = Verdict::Undecided;
    let mut trials = 0;
    while trials < search.trials_max && (verdict == Verdict::Undecided || (verdict == Verdict::Holds && trials < 2)) {
        let trial = run(rate).await;
        pooled.operations += trial.operations;
        pooled.above += trial.above;
        pooled.complete &= trial.complete;
        trials += 1;
        verdict = judge(&pooled, search.share_above_max);
    }
    result.tried.push((rate, verdict, trials));
    if verdict == Verdict::Holds {
        result.rate = Some(rate);
    }
    verdict == Verdict::Holds
}

/// The 97.5th percentile of the normal distribution.
const Z: f64 = 1.959_964;

fn judge(trial: &Trial, share_above_max: f64) -> Verdict {
    if !trial.complete {
        return Verdict::Fails;
    }
    if trial.operations == 0 {
        return Verdict::Undecided;
    }
    let n = crate::number::float(trial.operations);
    let share = crate::number::float(trial.above) / n;
    let centre = (share + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    let half = Z / (1.0 + Z * Z / n) * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    if centre + half <= share_above_max {
        Verdict::Holds
    } else if centre - half > share_above_max {
        Verdict::Fails
    } else {
        Verdict::Undecided
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEARCH: RateSearch =
        RateSearch { low: 100.0, high: 100_000.0, share_above_max: 0.01, precision: 0.02, trials_max: 3 };

    async fn find(limit: f64) -> RateSearchResult {
        let run =
            async |rate: f64| Trial { operations: 10_000, above: if rate > limit { 500 } else { 10 }, complete: true };
        highest_rate(&SEARCH, run).await
    }

    #[tokio::test]
    async fn the_highest_rate_is_found_to_the_asked_precision() {
        let rate = find(12_345.0).await.rate.expect("a rate holds");
        assert!((12_345.0 / 1.02..=12_345.0).contains(&rate), "{rate}");
        assert_eq!(find(50.0).await.rate, None);
        assert_eq!(find(1e9).await.rate, Some(100_000.0));
    }

    #[tokio::test]
    async fn a_rate_that_the_trials_do_not_settle_does_not_hold() {
        let run = async |_| Trial { operations: 1000, above: 10, complete: true };
        let result = highest_rate(&SEARCH, run).await;
        assert_eq!((result.rate, result.tried), (None, vec![(100.0, Verdict::Undecided, 3)]));
    }

    #[test]
    fn verdicts_follow_the_interval() {
        let check = |operations, above, complete, expected| {
            assert_eq!(judge(&Trial { operations, above, complete }, 0.01), expected);
        };
        check(100, 0, true, Verdict::Undecided);
        check(1000, 0, true, Verdict::Holds);
        check(1000, 10, true, Verdict::Undecided);
        check(1000, 30, true, Verdict::Fails);
        check(1000, 0, false, Verdict::Fails);
        check(0, 0, true, Verdict::Undecided);
    }
}
