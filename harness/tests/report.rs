//! The report's table and page, as a reader sees them, and as data.

use cidgraph_harness::load::Interval;
use cidgraph_harness::measure::{Distribution, Machine};
use cidgraph_harness::random::Random;
use cidgraph_harness::report::{Breakdown, Histogram, Part, Report, SectionReport, Series, render_html, render_table};
use cidgraph_harness::target::{Measurement, Reached, judge_all};

fn measurement(target: &'static str, value: f64, reached: Reached, conditions: &str) -> Measurement {
    Measurement { target, value, reached, conditions: conditions.to_owned() }
}

fn measurements() -> Vec<Measurement> {
    let graph = Reached { nodes: 1_000_000, edges: 5_000_000, ..Reached::default() };
    let small = Reached { nodes: 100_000, edges: 500_000, ..Reached::default() };
    let load = Reached { rate: 10_000.0, seconds: 10.0, ..Reached::default() };
    let events = Reached { events: 1_000_000, ..Reached::default() };
    vec![
        measurement("nodes", 1e6, graph, ""),
        measurement("query_p99", 0.842, graph, "mixed classes, Zipf 0.99"),
        measurement("throughput", 9_998.7, load, "durability memory, 64 graphs, Poisson arrivals, projected live"),
        measurement("append_p99", 0.0431, load, "durability memory"),
        measurement("memory", 131.4, small, "resident, ledger within 3 %"),
        measurement("cached_query", 0.121, graph, "mean of 64 calls"),
        measurement("cache_hits", 93.2, graph, "10K keys, 5 % writes"),
        measurement("lost_events", 0.0, load, "no fault injected"),
        measurement("ingest_rate", 341_220.0, Reached::default(), "fsync never, 1 node to 5 edges"),
        measurement("fsync_ratio", 0.66, Reached::default(), "fdatasync p50 58 µs"),
        measurement("verify_ratio", 0.83, events, ""),
    ]
}

fn latencies(seed: u64, shortest_ns: u64) -> Distribution {
    let mut random = Random::new(seed);
    let mut distribution = Distribution::new();
    for _ in 0..100_000 {
        let tail = if random.below(500) == 0 { 40.0 } else { 1.0 };
        let spread = 0.2 * random.exponential() * tail * 1000.0;
        distribution.record(shortest_ns + shortest_ns * cidgraph_harness::number::round(spread) / 1000);
    }
    distribution
}

fn intervals(seed: u64) -> Vec<Interval> {
    let mut random = Random::new(seed);
    let mut interval = |number: u64| {
        let stalled = (41..44).contains(&number);
        let slow = if (44..47).contains(&number) { 40 } else { 1 };
        let p50_ns = 31_000 + random.below(9_000);
        Interval {
            start_ns: number * 100_000_000,
            count: if stalled { 0 } else { 980 + random.below(40) + 900 * (slow / 40) },
            errors: 0,
            p50_ns: p50_ns * slow,
            p99_ns: p50_ns * slow * 2 + random.below(30_000),
            max_ns: p50_ns * slow * 5 + random.below(900_000),
        }
    };
    (0..100).map(&mut interval).collect()
}

fn sample() -> Report {
    let machine = Machine {
        cpu: "Example CPU @ 2.50GHz".to_owned(),
        cores: 2,
        memory_bytes: 8_000_000_000,
        os: "Example Linux".to_owned(),
        kernel: "6.1".to_owned(),
    };
    let mut append = SectionReport::new("append");
    append
        .notes
        .push("Latency is taken from the intended send time; \"service\" is the closed-loop figure.".to_owned());
    append.higher("ingest_rate", "events/s", 341_220.0, vec![340_000.0, 342_440.0]);
    append.lower("append_latency_p99", "µs", 43.1, vec![42.0, 43.1, 44.2]);
    append.series.push(Series::of("10K events/s", 100_000_000, &intervals(3)));
    let mut memory = SectionReport::new("memory");
    let part = |(name, bytes): (&str, u64)| Part { name: name.to_owned(), bytes };
    let parts =
        [("edges, both ways", 17_000_000), ("ids", 16_000_000), ("id table", 10_500_000), ("indices", 6_200_000)];
    let parts = parts.into_iter().chain([("binary & stacks", 5_900_000), ("component sets", 4_000_000)]);
    let parts = parts.map(part).collect();
    memory.breakdowns.push(Breakdown { name: "Memory by structure, 100K nodes".to_owned(), parts });
    Report {
        elapsed_seconds: 48.3,
        targets: judge_all(&measurements()),
        machine,
        sections: vec![append, memory],
        histograms: vec![
            Histogram::of("append", "from the intended send time", &latencies(1, 30_000)),
            Histogram::of("append", "service", &latencies(2, 22_000)),
        ],
        ..Report::new("quick", 42, 1_700_000_000_000)
    }
}

#[test]
fn the_table_fits_a_terminal() {
    let table = render_table(&judge_all(&measurements()), 110);
    assert!(table.lines().all(|line| unicode_width::UnicodeWidthStr::width(line) <= 110), "{table}");
    insta::assert_snapshot!(table);
}

#[test]
fn the_page_is_the_same_for_the_same_data() {
    insta::assert_snapshot!(render_html(&sample()));
}

#[test]
fn the_page_loads_nothing_and_runs_nothing() {
    let page = render_html(&sample());
    for word in ["<script", "http:", "https:", "url(", "@import", "<link", "<img"] {
        assert!(!page.contains(word), "the page contains {word}");
    }
}

#[test]
fn what_is_written_is_read_back() {
    let directory = tempfile::tempdir().expect("a folder for the test");
    let report = sample();
    let folder = directory.path().join("out");
    report.write(&folder).expect("the disk works");
    assert_eq!(Report::read(&folder.join("report.json")).expect("it was just written"), report);
    assert!(Report::read(&folder.join("report.html")).is_err());
    let json: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.join("report.json")).expect("written")).expect("JSON");
    let row = &json["targets"][3];
    assert_eq!((row["name"].as_str(), row["met"].as_bool()), (Some("append p99"), Some(true)));
    assert!(json["targets"][5]["met"].is_null() && json["targets"][5]["measured"].is_null());
}

#[test]
fn this_machine_has_cores_and_memory() {
    let machine = Machine::this();
    assert!(machine.cores > 0 && !machine.cpu.is_empty());
}
