//! The drills, and how often and how long each of them does what.

use std::time::Duration;

/// A drill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Drill {
    /// The writing process is killed.
    KillClient,
    /// The only server is killed.
    KillServer,
    /// The leader of three servers is killed.
    Failover,
    /// One server of three is stopped for a while, then two.
    Pause,
}

impl Drill {
    /// All drills.
    pub const ALL: [Self; 4] = [Self::KillClient, Self::KillServer, Self::Failover, Self::Pause];

    /// Returns its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::KillClient => "kill-client",
            Self::KillServer => "kill-server",
            Self::Failover => "failover",
            Self::Pause => "pause",
        }
    }
}

/// A drill with its sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DrillPlan {
    /// Which drill.
    pub drill: Drill,
    /// How often it does what it does.
    pub rounds: u32,
    /// Writers, each of graphs of its own; one appends after the other is acknowledged.
    pub writers: u64,
    /// Readers of acknowledged events, each with a connection of its own.
    pub readers: u64,
    /// Load before each fault, at least and at most.
    pub alive: (Duration, Duration),
    /// How long servers are stopped, where the drill stops them.
    pub paused: Duration,
    /// How long one call of the store may take.
    pub deadline: Duration,
    /// What all draws come from.
    pub seed: u64,
}

impl DrillPlan {
    /// Returns a drill at its full size.
    pub const fn new(drill: Drill) -> Self {
        let (rounds, alive, deadline) = match drill {
            Drill::KillClient => (50, (50, 300), 20),
            Drill::KillServer => (50, (100, 500), 20),
            Drill::Failover => (10, (1000, 2000), 30),
            Drill::Pause => (1, (1000, 2000), 5),
        };
        Self {
            drill,
            rounds,
            writers: 8,
            readers: 2,
            alive: (Duration::from_millis(alive.0), Duration::from_millis(alive.1)),
            paused: Duration::from_secs(15),
            deadline: Duration::from_secs(deadline),
            seed: 42,
        }
    }

    /// Returns a drill as short as it can be and still do everything once.
    pub const fn shortened(drill: Drill) -> Self {
        let full = Self::new(drill);
        let (rounds, paused, deadline) = match drill {
            Drill::KillClient | Drill::KillServer => (4, full.paused, full.deadline),
            Drill::Failover => (1, full.paused, full.deadline),
            Drill::Pause => (1, Duration::from_secs(5), Duration::from_secs(2)),
        };
        let alive = (Duration::from_millis(50), Duration::from_millis(200));
        Self { rounds, alive, paused, deadline, ..full }
    }
}
