//! The metrics against the durations that were recorded.

use std::time::Duration;

use insta::assert_snapshot;

use super::{Metrics, MetricsSnapshot, Operation, Summary};
use crate::cache::CacheStatistics;
use crate::ledger::MemoryLedger;

fn snapshot(metrics: &Metrics) -> MetricsSnapshot {
    metrics.snapshot(CacheStatistics::default(), MemoryLedger::default())
}

fn assert_near(found: Duration, expected: Duration) {
    let error = found.as_secs_f64() / expected.as_secs_f64() - 1.0;
    assert!(error.abs() <= 0.001, "{found:?} is not {expected:?}");
}

#[test]
fn quantiles_are_exact_to_three_digits() {
    let metrics = Metrics::default();
    for microseconds in 1..=1_000 {
        metrics.record(Operation::Append, Duration::from_micros(microseconds));
    }
    let append = snapshot(&metrics).operation(Operation::Append);
    assert_eq!(append.count, 1_000);
    assert_near(append.p50, Duration::from_micros(500));
    assert_near(append.p99, Duration::from_micros(990));
    assert_near(append.p999, Duration::from_micros(999));
    assert_near(append.max, Duration::from_micros(1_000));
    assert_near(append.mean, Duration::from_nanos(500_500));
}

#[test]
fn what_waits_in_a_buffer_is_in_the_snapshot_once() {
    let metrics = Metrics::default();
    for count in 1..600 {
        metrics.record(Operation::Load, Duration::from_nanos(7));
        assert_eq!(snapshot(&metrics).operation(Operation::Load).count, count);
    }
}

#[test]
fn operations_are_kept_apart() {
    let metrics = Metrics::default();
    for (index, operation) in (1..).zip(Operation::ALL) {
        metrics.record(operation, Duration::from_nanos(index));
    }
    metrics.record_event_lag(Duration::from_millis(3));
    let snapshot = snapshot(&metrics);
    for (index, operation) in (1..).zip(Operation::ALL) {
        assert_eq!(snapshot.operation(operation).max, Duration::from_nanos(index), "{}", operation.name());
    }
    assert_eq!((snapshot.event_lag.count, snapshot.queries.count), (1, 6));
    assert_eq!(snapshot.queries.max, Duration::from_nanos(8));
    assert_eq!(snapshot.queries.p50, Duration::from_nanos(5));
}

#[test]
fn the_shortest_and_the_longest_durations_are_clamped() {
    let metrics = Metrics::default();
    metrics.record(Operation::Load, Duration::ZERO);
    metrics.record(Operation::Append, Duration::MAX);
    let snapshot = snapshot(&metrics);
    assert_eq!(snapshot.operation(Operation::Load).max, Duration::from_nanos(1));
    assert_near(snapshot.operation(Operation::Append).max, Duration::from_secs(600));
}

#[test]
fn every_thread_is_heard() {
    let metrics = Metrics::default();
    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| (0..1_000).for_each(|_| metrics.record(Operation::QueryPath, Duration::from_nanos(5))));
        }
    });
    assert_eq!(snapshot(&metrics).queries.count, 20_000);
}

#[test]
fn nothing_recorded_is_all_zero() {
    let snapshot = snapshot(&Metrics::default());
    assert!(snapshot.summaries().all(|(_, summary)| summary == Summary::default()));
    assert_eq!((snapshot.event_lag_ms(), snapshot.query_p99_ms(), snapshot.cache_hit_ratio()), (0.0, 0.0, None));
}

#[test]
fn figures_have_distinct_names_with_their_units() {
    let metrics = Metrics::default();
    metrics.record_event_lag(Duration::from_millis(2));
    let cache = CacheStatistics { hits: 3, misses: 1, ..CacheStatistics::default() };
    let mut memory = MemoryLedger::default();
    memory.enter("node ids", 16);
    memory.enter("pool look-up", 8);
    let figures: std::collections::BTreeMap<String, f64> =
        metrics.snapshot(cache, memory).figures().into_iter().collect();
    assert_eq!(figures.len(), 10 * 6 + 9 + 3 + 3);
    assert_eq!((figures["memory_pool_look_up_bytes"], figures["memory_bytes"]), (8.0, 24.0));
    assert_eq!((figures["cache_hit_ratio"], figures["cache_hits"], figures["event_lag_count"]), (0.75, 3.0, 1.0));
}

#[test]
fn the_table_shows_every_operation() {
    let metrics = Metrics::default();
    metrics.record(Operation::Append, Duration::from_nanos(1_500));
    metrics.record(Operation::QueryLookup, Duration::from_nanos(120));
    let cache = CacheStatistics { entries: 1, hits: 3, misses: 1, insertions: 1, ..CacheStatistics::default() };
    assert_snapshot!(metrics.snapshot(cache, MemoryLedger::default()), @"
    operation              count        mean         p50         p99        p999         max
    append                     1       1.5µs       1.5µs       1.5µs       1.5µs       1.5µs
    load                       0       0.0ns       0.0ns       0.0ns       0.0ns       0.0ns
    query_lookup               1     120.0ns     120.0ns     120.0ns     120.0ns     120.0ns
    query_select               0       0.0ns       0.0ns       0.0ns       0.0ns       0.0ns
    query_neighbors            0       0.0ns       0.0ns       0.0ns       0.0ns       0.0ns
    query_traverse             0       0.0ns       0.0ns       0.0ns       0.0ns       0.0ns
    query_path                 0       0.0ns       0.0ns       0.0ns       0.0ns       0.0ns
    query_analyze              0       0.0ns       0.0ns       0.0ns       0.0ns       0.0ns
    queries                    1     120.0ns     120.0ns     120.0ns     120.0ns     120.0ns
    event_lag                  0       0.0ns       0.0ns       0.0ns       0.0ns       0.0ns

    cache entries 1 hits 3 misses 1 insertions 1 refusals 0 evictions 0 expirations 0 invalidations 0 replacements 0 hit_ratio 0.750
    ");
}
