//! The same work on Cidgraph and on other graph engines: same data, same questions, same answers, one table.
//!
//! Each engine works in processes of its own, so that memory is what the operating system counts for it alone: one loads
//! the data and answers (`work`), another opens what the first one left on disk (`open`).

mod data;
mod figures;
mod peer;
mod rounds;
mod table;
mod work;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Runs the same work on Cidgraph and on other graph engines and prints one table.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    step: Option<Step>,
    /// How many nodes: a kind of 8, a color of 16, a score of 100.
    #[arg(long, default_value_t = 1_000_000)]
    nodes: u64,
    /// How many edges of one kind: uniform sources, quadratically skewed targets.
    #[arg(long, default_value_t = 5_000_000)]
    edges: u64,
    /// How often each engine does it; the table shows the median and the range.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Only these engines.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// A Python that has the packages of python/requirements.txt; without it the Python peers are left out.
    #[arg(long)]
    python: Option<PathBuf>,
    /// Where the data and the engines' files go; a temporary folder otherwise.
    #[arg(long)]
    folder: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// Loads the data of FOLDER into an engine that keeps its files in HOME, asks, prints figures as JSON.
    #[command(hide = true)]
    Work { peer: String, folder: PathBuf, home: PathBuf },
    /// Opens what `work` left in HOME and asks once, prints figures as JSON.
    #[command(hide = true)]
    Open { peer: String, folder: PathBuf, home: PathBuf },
    /// Opens what `work` left in HOME and asks all questions, prints figures as JSON.
    #[command(hide = true)]
    Serve { peer: String, folder: PathBuf, home: PathBuf },
}

fn main() -> Outcome<()> {
    let arguments = Arguments::parse();
    match &arguments.step {
        Some(Step::Work { peer, folder, home }) => print(&work::load_and_ask(peer, folder, home)?),
        Some(Step::Open { peer, folder, home }) => print(&work::open_and_ask(peer, folder, home)?),
        Some(Step::Serve { peer, folder, home }) => print(&work::serve(peer, folder, home)?),
        None => rounds::run(&arguments),
    }
}

fn print(figures: &impl serde::Serialize) -> Outcome<()> {
    println!("{}", serde_json::to_string(figures)?);
    Ok(())
}
