//! How large a run is.

use std::time::Duration;

use super::part::{Part, Section};

/// How thorough a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// At most a minute on two cores.
    Quick,
    /// The targets' own scales, at most a quarter of an hour.
    Full,
}

/// What a run does.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How thorough it is.
    pub profile: Profile,
    /// The sections that run; none for all.
    pub only: Vec<Section>,
    /// Nodes of the graph that is asked.
    pub nodes: u64,
    /// Edges of the graph that is asked.
    pub edges: u64,
    /// Events of the journal that is written, verified and replayed, one node to five edges.
    pub events: u64,
    /// Events of the history that is looked back at, one element each.
    pub history: u64,
    /// What all workloads are drawn from.
    pub seed: u64,
    /// Events offered a second.
    pub rate: f64,
    /// How long they are offered.
    pub duration: Duration,
    /// How long each shorter load lasts.
    pub short: Duration,
}

impl Profile {
    /// Returns the profile's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Quick => "quick",
            Self::Full => "full",
        }
    }
}

impl Plan {
    /// Makes the plan of a profile, with all sections.
    pub const fn new(profile: Profile) -> Self {
        let (nodes, events, history, seconds, short_ms) = match profile {
            Profile::Quick => (100_000, 300_000, 50_000, 10, 2_000),
            Profile::Full => (1_000_000, 1_000_000, 1_000_000, 60, 10_000),
        };
        Self {
            profile,
            only: Vec::new(),
            nodes,
            edges: 5 * nodes,
            events,
            history,
            seed: 42,
            rate: 10_000.0,
            duration: Duration::from_secs(seconds),
            short: Duration::from_millis(short_ms),
        }
    }

    /// Returns the plan for stores that servers keep: they are slower than this process.
    #[must_use]
    pub fn on_servers(self) -> Self {
        match self.profile {
            Profile::Quick => Self { events: 100_000, history: 10_000, duration: Duration::from_secs(5), ..self },
            Profile::Full => self,
        }
    }

    /// Returns whether a part runs.
    pub fn has(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.iter().any(|section| section.parts().contains(&part))
    }

    /// Returns whether it is the run whose time counts: the whole quick profile at its own sizes.
    pub fn is_whole_quick(&self) -> bool {
        let quick = Self::new(Profile::Quick);
        self.profile == Profile::Quick
            && self.only.is_empty()
            && (self.nodes, self.edges) == (quick.nodes, quick.edges)
            && (self.events, self.history) == (quick.events, quick.history)
            && (self.duration, self.short) == (quick.duration, quick.short)
    }
}
