//! The table: an engine a row, the median and the range of the rounds in each place.

use cidgraph_harness::number;

use crate::Arguments;
use crate::figures::{Opened, Worked};
use crate::work::median;

/// What the table shows of an engine.
const COLUMNS: [&str; 8] =
    ["load", "resident", "open", "resident, opened", "point read", "AND count", "2 hops", "path"];

/// An engine's figures over all rounds.
pub(crate) struct Row {
    name: String,
    figures: [Vec<f64>; COLUMNS.len()],
    digests: Vec<String>,
    /// What was read of each opening.
    points: Vec<u64>,
    failures: Vec<String>,
}

impl Row {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            figures: Default::default(),
            digests: Vec::new(),
            points: Vec::new(),
            failures: Vec::new(),
        }
    }

    pub(crate) fn worked(&mut self, worked: Worked) {
        let Worked { load_s, resident, point_ns, count_ns, two_hop_ns, path_ns, digest } = worked;
        self.figures[0].extend(load_s.map(|load_s| load_s * 1e9));
        let figures = [(1, resident as f64), (4, point_ns), (5, count_ns), (6, two_hop_ns), (7, path_ns)];
        for (column, figure) in figures {
            self.figures[column].push(figure);
        }
        self.digests.push(digest);
    }

    pub(crate) fn opened(&mut self, opened: &Opened) {
        self.figures[2].push(opened.open_s * 1e9);
        self.figures[3].push(opened.resident as f64);
        self.points.push(opened.point);
    }

    pub(crate) fn failed(&mut self, error: String) {
        self.failures.push(error);
    }

    pub(crate) fn digests(&self) -> impl Iterator<Item = &str> {
        self.digests.iter().map(String::as_str)
    }

    pub(crate) fn points(&self) -> impl Iterator<Item = u64> {
        self.points.iter().copied()
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) const fn has_failed(&self) -> bool {
        !self.failures.is_empty()
    }

    fn cells(&self) -> Vec<String> {
        let cell = |(column, figures): (usize, &Vec<f64>)| {
            if figures.is_empty() {
                return "–".to_owned();
            }
            let shown = |figure: f64| {
                if COLUMNS[column].starts_with("resident") { number::bytes(figure) } else { number::duration(figure) }
            };
            let (low, high) =
                figures.iter().fold((f64::MAX, 0.0_f64), |(low, high), figure| (low.min(*figure), high.max(*figure)));
            format!("{} ({} to {})", shown(median(figures.clone())), shown(low), shown(high))
        };
        self.figures.iter().enumerate().map(cell).collect()
    }
}

/// Prints the table in Markdown.
pub(crate) fn print(rows: &[Row], arguments: &Arguments) {
    println!(
        "{} nodes, {} edges, {} rounds: median (lowest to highest)\n",
        number::grouped(arguments.nodes),
        number::grouped(arguments.edges),
        arguments.rounds
    );
    println!("| engine | {} |", COLUMNS.join(" | "));
    println!("|---|{}", "---:|".repeat(COLUMNS.len()));
    for row in rows {
        println!("| {} | {} |", row.name, row.cells().join(" | "));
    }
    for row in rows {
        for failure in &row.failures {
            println!("\n{}: {failure}", row.name);
        }
    }
}
