//! What was recorded, as figures and as a table.

use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;

use super::operation::Operation;
use crate::cache::CacheStatistics;
use crate::ledger::MemoryLedger;

/// A distribution of durations in a few figures; all 0 where nothing was recorded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// How many were recorded.
    pub count: u64,
    /// The mean, rounded down.
    pub mean: Duration,
    /// What half of them do not exceed.
    pub p50: Duration,
    /// What 99 of 100 do not exceed.
    pub p99: Duration,
    /// What 999 of 1000 do not exceed.
    pub p999: Duration,
    /// The longest.
    pub max: Duration,
}

impl Summary {
    pub(super) fn of(histogram: &Histogram<u64>) -> Self {
        let quantile = |share| Duration::from_nanos(histogram.value_at_quantile(share));
        Self {
            count: histogram.len(),
            mean: Duration::from_secs_f64(histogram.mean() / 1e9),
            p50: quantile(0.5),
            p99: quantile(0.99),
            p999: quantile(0.999),
            max: Duration::from_nanos(histogram.max()),
        }
    }
}

/// An engine's metrics at one moment, since they were made. Its `Display` is a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricsSnapshot {
    /// The operations, in the order of [`Operation::ALL`].
    pub operations: [Summary; Operation::ALL.len()],
    /// All operations that compute the answer of a query.
    pub queries: Summary,
    /// How long after an event's timestamp readers could see it.
    pub event_lag: Summary,
    /// What the cache counted.
    pub cache: CacheStatistics,
    /// What the engine's structures take.
    pub memory: MemoryLedger,
}

impl MetricsSnapshot {
    /// Returns one operation's durations.
    pub const fn operation(&self, operation: Operation) -> Summary {
        self.operations[operation.index()]
    }

    /// Returns the lag that 99 of 100 events do not exceed, milliseconds; 0 where none was recorded.
    pub const fn event_lag_ms(&self) -> f64 {
        milliseconds(self.event_lag.p99)
    }

    /// Returns the duration that 99 of 100 computed queries do not exceed, milliseconds; 0 where none was recorded.
    /// Queries that the cache answered are left out.
    pub const fn query_p99_ms(&self) -> f64 {
        milliseconds(self.queries.p99)
    }

    /// Returns the share of lookups that the cache answered, 0 to 1; none before the first lookup.
    pub fn cache_hit_ratio(&self) -> Option<f64> {
        self.cache.hit_ratio()
    }

    /// Returns every distribution with its name.
    pub fn summaries(&self) -> impl Iterator<Item = (&'static str, Summary)> {
        let operations = Operation::ALL.into_iter().map(|operation| (operation.name(), self.operation(operation)));
        operations.chain([("queries", self.queries), ("event_lag", self.event_lag)])
    }

    /// Returns every figure with its name, the unit last: `append_count`, `append_p99_ns`, `cache_hits`,
    /// `memory_node_ids_bytes`.
    pub fn figures(&self) -> Vec<(String, f64)> {
        let mut figures = Vec::new();
        for (name, summary) in self.summaries() {
            figures.push((format!("{name}_count"), summary.count as f64));
            let durations = [
                ("mean", summary.mean),
                ("p50", summary.p50),
                ("p99", summary.p99),
                ("p999", summary.p999),
                ("max", summary.max),
            ];
            figures.extend(durations.map(|(what, time)| (format!("{name}_{what}_ns"), time.as_nanos() as f64)));
        }
        figures.extend(self.cache_counts().map(|(name, count)| (format!("cache_{name}"), count as f64)));
        let memory = self.memory.lines().iter();
        figures.extend(
            memory.map(|line| (format!("memory_{}_bytes", line.name.replace([' ', '-'], "_")), line.bytes as f64)),
        );
        figures.push(("memory_bytes".to_owned(), self.memory.total() as f64));
        figures.push(("event_lag_ms".to_owned(), self.event_lag_ms()));
        figures.push(("query_p99_ms".to_owned(), self.query_p99_ms()));
        figures.extend(self.cache_hit_ratio().map(|ratio| ("cache_hit_ratio".to_owned(), ratio)));
        figures
    }

    const fn cache_counts(&self) -> [(&'static str, u64); 9] {
        let cache = &self.cache;
        [
            ("entries", cache.entries),
            ("hits", cache.hits),
            ("misses", cache.misses),
            ("insertions", cache.insertions),
            ("refusals", cache.refusals),
            ("evictions", cache.evictions),
            ("expirations", cache.expirations),
            ("invalidations", cache.invalidations),
            ("replacements", cache.replacements),
        ]
    }
}

impl fmt::Display for MetricsSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heads = ["count", "mean", "p50", "p99", "p999", "max"];
        write!(f, "{:<16}", "operation")?;
        heads.iter().try_for_each(|head| write!(f, "{head:>12}"))?;
        for (name, Summary { count, mean, p50, p99, p999, max }) in self.summaries() {
            write!(f, "\n{name:<16}{count:>12}")?;
            [mean, p50, p99, p999, max].iter().try_for_each(|time| write!(f, "{:>12}", format!("{time:.1?}")))?;
        }
        f.write_str("\n\ncache")?;
        self.cache_counts().iter().try_for_each(|(name, count)| write!(f, " {name} {count}"))?;
        self.cache_hit_ratio().map_or(Ok(()), |ratio| write!(f, " hit_ratio {ratio:.3}"))?;
        if self.memory.total() == 0 { Ok(()) } else { write!(f, "\n\nmemory, bytes\n{}", self.memory) }
    }
}

const fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
