//! The arguments of `cidgraph-viz`.

use std::path::{Path, PathBuf};

use bevy::math::UVec2;
use cidgraph::Moment;
use cidgraph::history::Step;
use cidgraph_cli::store::StoreOptions;
use clap::{Parser, Subcommand};

use crate::headless::Adapter;
use crate::source::{Place, Stretch};

use super::bench::Bench;

/// Show graphs, live and through time
///
/// Without anything else it shows the store in .cidgraph, in a window.
#[derive(Debug, Clone, Parser)]
#[command(name = "cidgraph-viz", version, args_conflicts_with_subcommands = true, max_term_width = 100)]
#[command(
    after_help = "Examples:\n  cidgraph-viz --generate 100000\n  cidgraph-viz history.car --screenshot history.png\n  \
                  cidgraph-viz nats://127.0.0.1:4222 --graph friends\n\n\
                  Exit codes: 0 done, 1 usage or bad input, 2 corruption found, 3 conflict or unavailable."
)]
pub struct Arguments {
    /// What else is done.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// What is shown instead of the store: another store's folder, servers as nats://host:4222 with commas between, a CAR
    /// file of events, or a snapshot file
    #[arg(value_name = "SOURCE")]
    pub source: Option<String>,
    /// Where events are kept.
    #[command(flatten)]
    pub store: StoreOptions,
    /// Shows one graph alone, by its id or the name it was created under
    #[arg(long, value_name = "NAME")]
    pub graph: Option<String>,
    /// Opens the folder so that changes can be written to it: no one else may write meanwhile
    #[arg(long)]
    pub write: bool,
    /// Shows a made-up graph of so many nodes and twice as many edges, kept in memory
    #[arg(long, value_name = "NODES", conflicts_with = "source")]
    pub generate: Option<u32>,
    /// Leaves nodes without a place of their own in a spiral; a generated graph is left so in any case
    #[arg(long)]
    pub no_layout: bool,
    /// Draws one picture without a window and writes it as PNG
    #[arg(long, value_name = "FILE")]
    pub screenshot: Option<PathBuf>,
    /// Does what a file says without a window, an action a line
    #[arg(long, value_name = "FILE")]
    pub script: Option<PathBuf>,
    /// Puts figures, legend, cards and the bar of versions over the pictures, as a window does; without the times, which
    /// are others every time
    #[arg(long, conflicts_with = "window")]
    pub overlay: bool,
    /// Does what the script says in a window
    #[arg(long, requires = "script")]
    pub window: bool,
    /// The picture's or the window's pixels
    #[arg(long, value_name = "WIDTHxHEIGHT", default_value = "1280x720", value_parser = size)]
    pub size: UVec2,
    /// What draws where there is no window
    #[arg(long, value_enum, default_value_t = Adapter::Any)]
    pub adapter: Adapter,
    /// Reads the past in steps, a number of versions, or a time as 100ms, 30s, 15m, 1h, 1d or 1w: what came and went within
    /// one is not shown, and nothing that happens from now on
    #[arg(long, value_name = "STEP")]
    pub step: Option<Step>,
    /// Where the steps begin: a version, seq:9, a time, an event's CID or node:ID; without it with the empty graph
    #[arg(long, value_name = "MOMENT", requires = "step")]
    pub from: Option<Moment>,
    /// Where the steps end; now where nothing is said
    #[arg(long, value_name = "MOMENT", requires = "step")]
    pub to: Option<Moment>,
    /// Shows every graph at a version
    #[arg(long, value_name = "VERSION")]
    pub at: Option<u64>,
    /// Shows in green and red what was added and removed since a version
    #[arg(long, value_name = "VERSION")]
    pub compare: Option<u64>,
}

/// What is done instead of showing graphs.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Times frames and prints the bars
    Bench(Bench),
}

impl Arguments {
    /// Returns where graphs come from.
    pub fn place(&self) -> Place {
        match (&self.source, self.generate) {
            (_, Some(nodes)) => Place::Generated(nodes),
            (Some(source), None) if Path::new(source).is_file() => Place::File(source.into()),
            (Some(source), None) => Place::Store(self.store.at_place(source), self.write),
            (None, None) => Place::Store(self.store.clone(), self.write),
        }
    }

    /// Returns the stretch of the past that is read in steps.
    pub fn stretch(&self) -> Option<Stretch> {
        self.step.map(|step| Stretch { from: self.from, to: self.to, step })
    }

    /// Returns whether nodes without a place of their own are laid out.
    pub const fn is_laid_out(&self) -> bool {
        !self.no_layout && self.generate.is_none()
    }
}

fn size(text: &str) -> Result<UVec2, String> {
    let sides = text.split_once('x').and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
    let (width, height) = sides.ok_or("two numbers with an x between them, such as 1280x720")?;
    let is_fitting = |side: u32| (1..=8192).contains(&side);
    (is_fitting(width) && is_fitting(height))
        .then_some(UVec2::new(width, height))
        .ok_or_else(|| "a picture has 1 to 8192 pixels a side".to_owned())
}
