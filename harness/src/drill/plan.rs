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
    /// Files of one server of three are damaged.
    Corrupt,
    /// Readers stall, streams are full or gone, and connections are refused.
    Slow,
}

impl Drill {
    /// All drills.
    pub const ALL: [Self; 6] =
        [Self::KillClient, Self::KillServer, Self::Failover, Self::Pause, Self::Corrupt, Self::Slow];

    /// Returns its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::KillClient => "kill-client",
            Self::KillServer => "kill-server",
            Self::Failover => "failover",
            Self::Pause => "pause",
            Self::Corrupt => "corrupt",
            Self::Slow => "slow",
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
    /// A writer's pause after each acknowledgement: the machine is to be busy, not choked.
    pub rest: Duration,
    /// Readers of acknowledged events, each with a connection of its own.
    pub readers: u64,
    /// Load before each fault, at least and at most.
    pub alive: (Duration, Duration),
    /// Events that are appended before the fault, where the drill does not append meanwhile.
    pub events: u64,
    /// Bytes that the stream may hold, where the drill bounds it: a server keeps less than 128 KB in files of 32 KB.
    pub max_bytes: Option<u64>,
    /// How long servers are stopped, where the drill stops them.
    pub paused: Duration,
    /// How long one call of the store may take.
    pub deadline: Duration,
    /// How long reads may stop, where the drill says that they go on.
    pub reads_stop_max: Duration,
    /// What a call may take beyond its deadline before it counts as hanging: on a busy machine a task waits.
    pub late_max: Duration,
    /// What all draws come from.
    pub seed: u64,
}

impl DrillPlan {
    /// Returns a drill at its full size.
    pub const fn new(drill: Drill) -> Self {
        let (rounds, alive, deadline) = match drill {
            Drill::KillClient => (50, (50, 300), 20),
            Drill::KillServer => (50, (100, 500), 20),
            Drill::Failover => (10, (2000, 3000), 30),
            Drill::Pause => (1, (1000, 2000), 5),
            Drill::Corrupt => (3, (0, 0), 60),
            Drill::Slow => (1, (0, 0), 5),
        };
        Self {
            drill,
            rounds,
            writers: 8,
            rest: Duration::from_millis(4),
            readers: 2,
            alive: (Duration::from_millis(alive.0), Duration::from_millis(alive.1)),
            events: 100_000,
            max_bytes: None,
            paused: Duration::from_secs(15),
            deadline: Duration::from_secs(deadline),
            reads_stop_max: Duration::from_secs(1),
            late_max: Duration::from_secs(1),
            seed: 42,
        }
    }

    /// Returns a drill as short as it can be and still do everything once; it shares the machine with other tests, so
    /// what it demands of time is only what tells going on from waiting for an election.
    pub const fn shortened(drill: Drill) -> Self {
        let full = Self::new(drill);
        let (rounds, paused, deadline, alive) = match drill {
            Drill::KillClient | Drill::KillServer => (4, full.paused, full.deadline, (50, 200)),
            Drill::Failover => (1, full.paused, full.deadline, (2000, 2500)),
            Drill::Pause => (1, Duration::from_secs(5), Duration::from_secs(2), (50, 200)),
            Drill::Corrupt => (3, full.paused, full.deadline, (50, 200)),
            Drill::Slow => (1, full.paused, Duration::from_secs(3), (50, 200)),
        };
        let (events, max_bytes) = match drill {
            Drill::KillClient | Drill::KillServer | Drill::Failover | Drill::Pause => (full.events, None),
            Drill::Corrupt => (80, Some(120_000)),
            Drill::Slow => (5000, None),
        };
        let alive = (Duration::from_millis(alive.0), Duration::from_millis(alive.1));
        let (reads_stop_max, late_max) = (Duration::from_secs(10), Duration::from_secs(10));
        Self { rounds, alive, events, max_bytes, paused, deadline, reads_stop_max, late_max, ..full }
    }
}
