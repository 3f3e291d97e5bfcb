//! What `cidgraph drill` can be told.

use cidgraph_harness::drill::{Drill, DrillPlan};
use clap::{Args, Subcommand};

/// Kill and stop NATS servers and writers under load, and look for every acknowledged event
///
/// Each drill starts servers of its own on loopback, in a temporary folder, and ends them. It needs a nats-server:
/// scripts/setup installs one, or NATS_SERVER names it. The exit code is 2 where anything acknowledged is lost,
/// duplicated or forked, or another condition of the drill does not hold.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cidgraph drill kill-server\n  \
    cidgraph drill failover --rounds 3 --json")]
pub struct Arguments {
    /// The drill.
    #[command(subcommand)]
    pub drill: Named,
}

/// A drill by its name.
#[derive(Debug, Subcommand)]
pub enum Named {
    /// Kill the writing process 50 times: the next one goes on, nothing acknowledged is lost (1 server, 1 minute)
    KillClient(Size),
    /// Kill the only server 50 times under load: appends resume by themselves (1 server, 2 minutes)
    KillServer(Size),
    /// Kill the stream's leader 10 times under load: appends resume, reads do not stop for more than 1 s (3 servers, 3
    /// minutes)
    Failover(Size),
    /// Stop one server for 15 s, then two: callers are told by their deadline, none hangs (3 servers, 1 minute)
    Pause(Size),
    /// Damage files of one server in three ways: verify names the first bad event, repair restores it (3 servers, 1
    /// minute)
    Corrupt(Size),
    /// Stall a reader, fill a stream, delete it, refuse connections: each a typed error in time, memory within bounds (1
    /// server, 1 minute)
    Slow(Size),
    /// Write to a store until killed; what kill-client starts and kills
    #[command(hide = true)]
    WriteUntilKilled {
        /// The server
        url: String,
        /// Writers of graphs of their own
        #[arg(long, default_value_t = 8)]
        writers: u64,
    },
}

/// How large a drill is.
#[derive(Debug, Args)]
pub struct Size {
    /// How often it does what it does; without it as often as said above
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub rounds: Option<u32>,
    /// Load before each fault and time between are as short as they can be
    #[arg(long)]
    pub short: bool,
}

impl Size {
    /// Returns the plan that was asked for.
    pub(super) fn plan(&self, drill: Drill) -> DrillPlan {
        let plan = if self.short { DrillPlan::shortened(drill) } else { DrillPlan::new(drill) };
        DrillPlan { rounds: self.rounds.unwrap_or(plan.rounds), ..plan }
    }
}
