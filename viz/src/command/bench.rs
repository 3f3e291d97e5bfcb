//! `cidgraph-viz bench`.

use std::io::Write;
use std::path::{Path, PathBuf};

use cidgraph_harness::report::{Report, render_table};
use clap::Args;

use crate::bench::{BenchPlan, Rung, Scenario, run};

use super::failure::Failure;

/// Times frames and prints the bars.
#[derive(Debug, Clone, Args)]
pub struct Bench {
    /// Nodes of the graph; it has twice as many edges
    #[arg(long, default_value_t = 100_000)]
    pub nodes: u32,
    /// What draws: A nothing, B software 8×8, C software 1280×720, D a graphics device; A and C unless named
    #[arg(long = "rung", value_enum, ignore_case = true)]
    pub rungs: Vec<Rung>,
    /// What happens; all unless named
    #[arg(long = "scenario", value_enum)]
    pub scenarios: Vec<Scenario>,
    /// Prints the report as JSON
    #[arg(long)]
    pub json: bool,
    /// Writes report.json, report.html and a picture of each rung that draws
    #[arg(long, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
}

/// Columns of the table where the terminal does not say.
const WIDTH: usize = 120;

pub(super) fn bench(arguments: &Bench) -> Result<(), Failure> {
    if let Some(folder) = &arguments.output {
        std::fs::create_dir_all(folder).map_err(of(folder))?;
    }
    let or_all = |named: &[Scenario]| if named.is_empty() { Scenario::ALL.to_vec() } else { named.to_vec() };
    let plan = BenchPlan {
        nodes: arguments.nodes.max(6),
        rungs: if arguments.rungs.is_empty() { vec![Rung::A, Rung::C] } else { arguments.rungs.clone() },
        scenarios: or_all(&arguments.scenarios),
        pictures: arguments.output.clone(),
    };
    let report = run(&plan, |rung| eprintln!("{rung}"))?;
    if let Some(folder) = &arguments.output {
        report.write(folder).map_err(of(folder))?;
    }
    print(&report, arguments.json)
}

fn of(folder: &Path) -> impl Fn(std::io::Error) -> Failure {
    let file = folder.display().to_string();
    move |source| Failure::File { file: file.clone(), source }
}

fn print(report: &Report, is_json: bool) -> Result<(), Failure> {
    let text =
        if is_json { serde_json::to_string_pretty(report).map_err(std::io::Error::other)? } else { table(report) };
    writeln!(std::io::stdout().lock(), "{text}")?;
    Ok(())
}

/// Returns the bars that were measured, then every frame time's percentiles.
fn table(report: &Report) -> String {
    let measured: Vec<_> = report.targets.iter().filter(|row| row.measured.is_some()).cloned().collect();
    let mut text = render_table(&measured, WIDTH);
    for histogram in &report.histograms {
        let milliseconds = |ns: u64| std::time::Duration::from_nanos(ns).as_secs_f64() * 1e3;
        text.push_str(&format!(
            "\n{:24} {:16} p50 {:8.3}  p99 {:8.3}  p99.9 {:8.3}  max {:8.3} ms",
            histogram.section,
            histogram.name,
            milliseconds(histogram.p50_ns),
            milliseconds(histogram.p99_ns),
            milliseconds(histogram.p999_ns),
            milliseconds(histogram.max_ns),
        ));
    }
    text
}
