//! The arguments of `cidgraph-viz`.

use std::path::PathBuf;

use bevy::math::UVec2;
use clap::{Parser, Subcommand};

use crate::headless::Adapter;
use crate::source::Place;

use super::bench::Bench;

/// Shows graphs, live and through time.
#[derive(Debug, Clone, Parser)]
#[command(name = "cidgraph-viz", version, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Arguments {
    /// What else is done.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The store: the folder of an embedded one, or the addresses of servers, as nats://host:4222, with commas between
    #[arg(value_name = "STORE", required_unless_present = "generate")]
    pub store: Option<String>,
    /// Opens the folder so that changes can be written to it: no one else may write meanwhile
    #[arg(long)]
    pub write: bool,
    /// Shows a made-up graph of so many nodes and twice as many edges, kept in memory
    #[arg(long, value_name = "NODES", conflicts_with = "store")]
    pub generate: Option<u32>,
    /// Draws one picture without a window and writes it as PNG
    #[arg(long, value_name = "FILE")]
    pub screenshot: Option<PathBuf>,
    /// Does what a file says without a window, an action a line
    #[arg(long, value_name = "FILE")]
    pub script: Option<PathBuf>,
    /// Does what the script says in a window
    #[arg(long, requires = "script")]
    pub window: bool,
    /// The picture's or the window's pixels
    #[arg(long, value_name = "WIDTHxHEIGHT", default_value = "1280x720", value_parser = size)]
    pub size: UVec2,
    /// What draws where there is no window
    #[arg(long, value_enum, default_value_t = Adapter::Any)]
    pub adapter: Adapter,
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
    /// Returns where the store is.
    pub fn place(&self) -> Place {
        match (&self.store, self.generate) {
            (Some(store), _) if store.contains("://") => Place::Servers(store.split(',').map(str::to_owned).collect()),
            (Some(store), _) => Place::Folder(store.into(), self.write),
            (None, nodes) => Place::Generated(nodes.unwrap_or(0)),
        }
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
