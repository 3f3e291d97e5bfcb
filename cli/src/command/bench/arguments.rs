//! What `cidgraph bench` can be told.

use std::path::PathBuf;
use std::time::Duration;

use cidgraph_harness::bench;
use clap::{Args, Subcommand, ValueEnum};

/// Measure the engine on this machine and print every target beside its measured figure
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = "Examples:\n  \
    cidgraph bench\n  \
    cidgraph bench --profile full --out report\n  \
    cidgraph bench --only query --nodes 1000000 --edges 5000000\n  \
    cidgraph bench --store jetstream\n  \
    cidgraph bench --store jetstream --nats-url nats://127.0.0.1:4222\n  \
    cidgraph bench compare before/report.json after/report.json")]
pub struct Arguments {
    /// What to do instead of measuring
    #[command(subcommand)]
    pub instead: Option<Instead>,
    /// How thorough: quick takes at most a minute, full at most a quarter of an hour
    #[arg(long, value_enum, value_name = "PROFILE", default_value = "quick")]
    pub profile: Profile,
    /// Only this section; may be given several times
    #[arg(long, value_enum, value_name = "SECTION")]
    pub only: Vec<Section>,
    /// Nodes of the graph that is asked
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1000..=100_000_000))]
    pub nodes: Option<u64>,
    /// Edges of the graph that is asked; without it five times the nodes
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=1_000_000_000))]
    pub edges: Option<u64>,
    /// Events of the journal that is written, verified and replayed
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(6000..=100_000_000))]
    pub events: Option<u64>,
    /// What all workloads are drawn from
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub seed: u64,
    /// Events offered a second in the sustained load
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub rate: Option<u32>,
    /// How long they are offered, seconds
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub duration: Option<u64>,
    /// Write report.html and report.json into this folder
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// An edge list as real input; without it the git repository around the working folder
    #[arg(long, value_name = "FILE")]
    pub input: Option<PathBuf>,
}

/// What `cidgraph bench` does beside measuring.
#[derive(Debug, Subcommand)]
pub enum Instead {
    /// Compare two reports: faster, slower or inconclusive, with a confidence interval
    Compare {
        /// The report of before: report.json, or the folder it is in
        before: PathBuf,
        /// The report of after
        after: PathBuf,
    },
    /// Write to a store until killed; what the recovery section starts and kills
    #[command(hide = true)]
    WriteUntilKilled {
        /// The store
        folder: PathBuf,
        /// What the names of the streams begin with, where servers keep the stores
        #[arg(long)]
        run: Option<String>,
    },
    /// Answer queries on a snapshot file and say what that takes; what the snapshot section starts
    #[command(hide = true)]
    ServeSnapshot {
        /// The file
        file: PathBuf,
    },
}

/// How thorough a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Profile {
    /// At most a minute.
    Quick,
    /// The targets' own scales.
    Full,
}

/// A part of the bench.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Section {
    /// An import of real input.
    RealInput,
    /// Appends.
    Append,
    /// Full verification.
    Verify,
    /// Queries by class.
    Query,
    /// Cached queries.
    Cache,
    /// Memory by structure.
    Memory,
    /// Starts, and a killed process.
    Recovery,
    /// Snapshot files, and recovery from one.
    Snapshot,
    /// The past of a long history, and proofs of it.
    History,
    /// What the bars of the parts need.
    Bars,
}

impl Section {
    const fn section(self) -> bench::Section {
        match self {
            Self::RealInput => bench::Section::RealInput,
            Self::Append => bench::Section::Append,
            Self::Verify => bench::Section::Verify,
            Self::Query => bench::Section::Query,
            Self::Cache => bench::Section::Cache,
            Self::Memory => bench::Section::Memory,
            Self::Recovery => bench::Section::Recovery,
            Self::Snapshot => bench::Section::Snapshot,
            Self::History => bench::Section::History,
            Self::Bars => bench::Section::Bars,
        }
    }
}

impl Arguments {
    /// Returns the plan that was asked for, for stores that servers keep or this process.
    pub fn plan(&self, on_servers: bool) -> bench::Plan {
        let mut plan = bench::Plan::new(match self.profile {
            Profile::Quick => bench::Profile::Quick,
            Profile::Full => bench::Profile::Full,
        });
        if on_servers {
            plan = plan.on_servers();
        }
        plan.only = self.only.iter().map(|section| section.section()).collect();
        plan.nodes = self.nodes.unwrap_or(plan.nodes);
        plan.edges = self.edges.unwrap_or(5 * plan.nodes);
        plan.events = self.events.unwrap_or(plan.events);
        plan.seed = self.seed;
        plan.rate = self.rate.map_or(plan.rate, f64::from);
        plan.duration = self.duration.map_or(plan.duration, Duration::from_secs);
        plan
    }
}
