//! The arguments of `cidgraph verify`.

use std::path::PathBuf;

use clap::Args;

/// Compute every CID again and check every link, in parallel; exit code 2 where something is broken
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cidgraph verify\n  cidgraph verify --graph g --json\n  cidgraph verify --car g.car\n  \
    cidgraph verify --store jetstream --nats-url nats://127.0.0.1:4222 --each-replica"
)]
pub struct Arguments {
    /// Only this graph
    #[arg(long, short, value_name = "GRAPH", conflicts_with = "car")]
    pub graph: Option<String>,
    /// Also replay the graph and compare the roots of its checkpoints with its events and states; --graph may be left out
    /// where there is one graph
    #[arg(long, conflicts_with_all = ["car", "each_replica"])]
    pub checkpoints: bool,
    /// A CAR file of events instead of the store
    #[arg(long, value_name = "FILE")]
    pub car: Option<PathBuf>,
    /// Read every server's own copy of the stream to its end, and compare them; exit code 3 where one is not reached and
    /// the others are whole; needs --store jetstream
    #[arg(long, conflicts_with_all = ["graph", "car"])]
    pub each_replica: bool,
}
