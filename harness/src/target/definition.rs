//! The targets that the engine was asked for, and the bars that each part of it must clear.

use serde::{Deserialize, Serialize};

/// Which list a row belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// A target of the whole engine; always printed.
    Target,
    /// A bar for one part of it; printed when it was measured.
    Bar,
}

/// What a measured value must be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// Less than this.
    Below(f64),
    /// At most this.
    AtMost(f64),
    /// At least this.
    AtLeast(f64),
    /// Exactly this.
    Exactly(f64),
}

impl Bound {
    /// Returns whether `value` is within the bound.
    pub fn holds(self, value: f64) -> bool {
        match self {
            Self::Below(limit) => value < limit,
            Self::AtMost(limit) => value <= limit,
            Self::AtLeast(limit) => value >= limit,
            Self::Exactly(limit) => (value - limit).abs() < f64::EPSILON,
        }
    }

    /// Returns the sign that stands before the limit, and the limit.
    pub const fn parts(self) -> (&'static str, f64) {
        match self {
            Self::Below(limit) => ("<", limit),
            Self::AtMost(limit) => ("≤", limit),
            Self::AtLeast(limit) => ("≥", limit),
            Self::Exactly(limit) => ("=", limit),
        }
    }
}

/// The size below which a value says nothing of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Any size.
    Any,
    /// A graph of at least so many nodes and edges.
    Graph {
        /// Nodes.
        nodes: u64,
        /// Edges.
        edges: u64,
    },
    /// At least so many events in the store.
    Events(u64),
    /// A load of at least so many events a second for at least so many seconds.
    Load {
        /// Events a second.
        rate: u64,
        /// Seconds.
        seconds: u64,
    },
    /// Not measured by this program as it is; the text says what measures it.
    Elsewhere(&'static str),
}

/// One row's definition.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Target {
    /// Its name in measurements.
    pub id: &'static str,
    /// What it says.
    pub name: &'static str,
    /// Which list it belongs to.
    pub group: Group,
    /// What the value must be.
    pub bound: Bound,
    /// The value's unit; empty for a ratio.
    pub unit: &'static str,
    /// The scale at which it counts.
    pub scale: Scale,
}

const MILLION: Scale = Scale::Graph { nodes: 1_000_000, edges: 0 };
const MILLION_FIVE: Scale = Scale::Graph { nodes: 1_000_000, edges: 5_000_000 };
const TEN_MILLION: Scale = Scale::Graph { nodes: 10_000_000, edges: 0 };
const MILLION_EVENTS: Scale = Scale::Events(1_000_000);
const HUNDRED_THOUSAND: Scale = Scale::Graph { nodes: 100_000, edges: 200_000 };
const MINUTE: Scale = Scale::Load { rate: 10_000, seconds: 60 };

const fn target(id: &'static str, name: &'static str, bound: Bound, unit: &'static str, scale: Scale) -> Target {
    Target { id, name, group: Group::Target, bound, unit, scale }
}

const fn bar(id: &'static str, name: &'static str, bound: Bound, unit: &'static str, scale: Scale) -> Target {
    Target { id, name, group: Group::Bar, bound, unit, scale }
}

/// All rows, in the order in which they are printed.
pub const TARGETS: &[Target] = &[
    target("nodes", "nodes in one graph", Bound::AtLeast(1e6), "nodes", MILLION),
    target("query_p99", "query p99", Bound::Below(10.0), "ms", MILLION),
    target("throughput", "sustained throughput", Bound::AtLeast(10_000.0), "events/s", MINUTE),
    target("append_p99", "append p99", Bound::Below(1.0), "ms", Scale::Any),
    target("memory", "memory for 1M nodes", Bound::Below(100.0), "MB", MILLION),
    target("snapshot_load", "snapshot load", Bound::Below(100.0), "ms", MILLION),
    target("cached_query", "cached query", Bound::Below(1.0), "µs", MILLION),
    target("cache_hits", "cache hits", Bound::AtLeast(90.0), "%", MILLION),
    target("recovery", "recovery", Bound::Below(1.0), "s", MILLION),
    target("lost_events", "acknowledged events lost", Bound::Exactly(0.0), "events", MINUTE),
    target("failover", "automatic failover", Bound::Exactly(0.0), "lost", Scale::Elsewhere("see drill failover")),
    target("frame_rate", "100K nodes drawn", Bound::AtLeast(60.0), "FPS", Scale::Elsewhere("see cidgraph-viz bench")),
    target("coverage", "test coverage", Bound::AtLeast(80.0), "%", Scale::Elsewhere("needs a coverage build")),
    bar("ingest_rate", "ingest, transactions of 1000", Bound::AtLeast(300_000.0), "events/s", Scale::Any),
    bar("ingest_hash_ratio", "ingest ÷ SHA-256 alone", Bound::AtLeast(0.4), "", Scale::Any),
    bar("fsync_ratio", "fsynced appends, 64 callers ÷ possible", Bound::AtLeast(0.7), "", Scale::Any),
    bar("fsync_open_loop_p99", "fsynced append p99, half that rate", Bound::AtMost(10.0), "ms", Scale::Any),
    bar("append_memory_p99", "append in memory p99", Bound::Below(100.0), "µs", Scale::Any),
    bar("verify_ratio", "full verify ÷ SHA-256, all cores", Bound::AtLeast(0.7), "", MILLION_EVENTS),
    bar("start_command", "start to first answer", Bound::AtMost(50.0), "ms", MILLION_EVENTS),
    bar("start_replay", "start to full replay", Bound::AtMost(3.0), "s", MILLION_EVENTS),
    bar("memory_five_edges", "memory for 1M nodes, 5M edges", Bound::AtMost(150.0), "MB", MILLION_FIVE),
    bar("memory_distinct", "the same, 1M keys and scores", Bound::AtMost(150.0), "MB", MILLION),
    bar("memory_peak", "memory peak ÷ steady", Bound::AtMost(2.0), "", MILLION),
    bar("component_sharing", "component storage saved", Bound::AtLeast(80.0), "%", MILLION),
    bar("point_lookup", "point lookup", Bound::AtMost(200.0), "ns", MILLION_FIVE),
    bar("and_count", "two-index AND count", Bound::AtMost(50.0), "µs", MILLION_FIVE),
    bar("cached_query_bar", "cached query", Bound::AtMost(100.0), "ns", MILLION_FIVE),
    bar("cache_stale", "cached answers that recomputation differs from", Bound::Exactly(0.0), "", Scale::Any),
    bar("two_hop_out_p99", "2-hop out p99", Bound::AtMost(15.0), "µs", MILLION_FIVE),
    bar("two_hop_both_p99", "2-hop both p99", Bound::AtMost(120.0), "µs", MILLION_FIVE),
    bar("path_p99", "shortest path p99", Bound::AtMost(1.5), "ms", MILLION_FIVE),
    bar("loaded_query_ratio", "query p99 at 10K events/s ÷ idle", Bound::AtMost(2.0), "", MILLION),
    bar("bulk_ingest", "ingest of the graph in bulk", Bound::AtMost(10.0), "s", MILLION_FIVE),
    bar("snapshot_write", "snapshot of the whole graph", Bound::AtMost(3.0), "s", MILLION_FIVE),
    bar("snapshot_delta", "snapshot after 1000 more events", Bound::AtMost(100.0), "ms", MILLION_FIVE),
    bar("snapshot_delta_share", "its share of the whole one's bytes", Bound::AtMost(2.0), "%", MILLION_FIVE),
    bar("open_p99", "open and first point query p99", Bound::AtMost(1.0), "ms", TEN_MILLION),
    bar("open_flat", "the same, slowest size ÷ fastest", Bound::AtMost(2.0), "", TEN_MILLION),
    bar("mapped_memory", "private memory, serving a snapshot", Bound::AtMost(20.0), "MB", MILLION_FIVE),
    bar("state_at_p99", "state at any version p99", Bound::AtMost(10.0), "ms", MILLION_EVENTS),
    bar("proof_made", "proof made p99", Bound::AtMost(10.0), "ms", Scale::Any),
    bar("proof_checked", "proof checked p99", Bound::AtMost(5.0), "ms", Scale::Any),
    bar("proof_bytes", "largest proof", Bound::AtMost(512.0), "KiB", Scale::Any),
    bar("crash_lost_events", "acknowledged events lost to kill -9", Bound::Exactly(0.0), "events", Scale::Any),
    bar("real_input_replay", "replays of real input that differ", Bound::Exactly(0.0), "", Scale::Any),
    bar("git_files", "git import: files that differ from HEAD", Bound::Exactly(0.0), "files", Scale::Any),
    bar("served_batch_ratio_r1", "R1: appends of 1000 ÷ raw batches", Bound::AtLeast(0.8), "", Scale::Any),
    bar("served_batch_rate_r1", "R1: appends of 1000", Bound::AtLeast(40_000.0), "events/s", Scale::Any),
    bar("served_batch_ratio_r3", "R3: appends of 1000 ÷ raw batches", Bound::AtLeast(0.8), "", Scale::Any),
    bar("served_batch_rate_r3", "R3: appends of 1000", Bound::AtLeast(30_000.0), "events/s", Scale::Any),
    bar("served_pipelined_ratio", "1000 graphs, one event each ÷ raw", Bound::AtLeast(0.7), "", Scale::Any),
    bar("served_single_ratio", "one append at a time p50 ÷ raw", Bound::AtMost(1.3), "", Scale::Any),
    bar("served_single_p99", "append p99 at 2K/s", Bound::Below(1.0), "ms", Scale::Any),
    bar("served_append_p99", "append p99 at 10K/s, projected live", Bound::AtMost(20.0), "ms", MINUTE),
    bar("served_lag_p99", "event lag p99, projected live", Bound::AtMost(50.0), "ms", MINUTE),
    bar("served_missed", "events that the projection missed", Bound::Exactly(0.0), "events", MINUTE),
    bar("served_replay_ratio", "replay, verified and decoded ÷ raw pull", Bound::AtLeast(0.65), "", MILLION_EVENTS),
    bar("served_start", "start 10K events behind", Bound::Below(1.0), "s", Scale::Events(10_000)),
    bar("frame_still_p50", "frame, nothing moves, no device", Bound::AtMost(0.3), "ms", HUNDRED_THOUSAND),
    bar("frame_flight_p50", "the same, the camera moves", Bound::AtMost(0.3), "ms", HUNDRED_THOUSAND),
    bar("frame_scrub_p50", "the same, another of 1M versions", Bound::AtMost(0.3), "ms", HUNDRED_THOUSAND),
    bar("frame_scrub_ratio", "its p99 ÷ where nothing moves", Bound::AtMost(1.25), "", HUNDRED_THOUSAND),
    bar("frame_scrub_uploaded", "uploaded for another version", Bound::AtMost(80.0), "bytes", HUNDRED_THOUSAND),
    bar("frame_changing_p99", "the same, 1 % changes, p99", Bound::AtMost(2.0), "ms", HUNDRED_THOUSAND),
    bar("frame_event_lag_p99", "event to frame p99", Bound::AtMost(50.0), "ms", HUNDRED_THOUSAND),
    bar("frame_software_rate", "camera flight in software p50", Bound::AtLeast(15.0), "FPS", HUNDRED_THOUSAND),
    bar("frame_still_pictures", "pictures drawn while nothing moves", Bound::Exactly(0.0), "", HUNDRED_THOUSAND),
    bar("frame_still_uploaded", "uploaded a frame while nothing moves", Bound::Exactly(0.0), "bytes", HUNDRED_THOUSAND),
    bar("frame_device_p99", "slowest scenario on a device p99", Bound::AtMost(16.7), "ms", HUNDRED_THOUSAND),
    bar("layout_usable", "layout on 2 cores, usable", Bound::AtMost(5.0), "s", HUNDRED_THOUSAND),
    bar("layout_refined", "the same, refined", Bound::AtMost(60.0), "s", HUNDRED_THOUSAND),
    bar("layout_frame_p99", "frame meanwhile p99", Bound::AtMost(16.7), "ms", HUNDRED_THOUSAND),
    bar("bench_time", "this run (quick)", Bound::AtMost(60.0), "s", Scale::Any),
];

/// The bars that are about the embedded store: a store on servers is measured for them, but not judged.
pub const EMBEDDED_BARS: &[&str] = &[
    "ingest_rate",
    "ingest_hash_ratio",
    "fsync_ratio",
    "fsync_open_loop_p99",
    "verify_ratio",
    "start_command",
    "start_replay",
    "bulk_ingest",
    "bench_time",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_its_own_id() {
        let ids: std::collections::HashSet<_> = TARGETS.iter().map(|target| target.id).collect();
        assert_eq!(ids.len(), TARGETS.len());
    }

    #[test]
    fn bounds_hold_at_their_limit_or_not() {
        let check = |bound: Bound, value, expected| assert_eq!(bound.holds(value), expected, "{bound:?} {value}");
        check(Bound::Below(1.0), 1.0, false);
        check(Bound::AtMost(1.0), 1.0, true);
        check(Bound::AtLeast(1.0), 1.0, true);
        check(Bound::AtLeast(1.0), 0.999, false);
        check(Bound::Exactly(0.0), 0.0, true);
        check(Bound::Exactly(0.0), 1.0, false);
        check(Bound::Below(1.0), f64::NAN, false);
        check(Bound::AtLeast(1.0), f64::NAN, false);
    }
}
