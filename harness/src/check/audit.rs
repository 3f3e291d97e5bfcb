//! What an audit found.

use std::fmt;

use cidgraph::AggregateId;

/// How an acknowledged event or a stored one can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultKind {
    /// Acknowledged, but not in the store.
    Lost,
    /// In the store more than once, at one version or at several.
    Duplicated,
    /// A version came after a later one.
    Reordered,
    /// Two events claim one version.
    Forked,
    /// The bytes are not those that the CID names, or do not link to the event before.
    Broken,
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lost => "lost",
            Self::Duplicated => "duplicated",
            Self::Reordered => "reordered",
            Self::Forked => "forked",
            Self::Broken => "broken",
        })
    }
}

/// One event that is not as it was acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub kind: FaultKind,
    /// The aggregate.
    pub aggregate: AggregateId,
    /// The version.
    pub version: u64,
    /// What was expected and what was found.
    pub detail: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} version {}: {}", self.kind, self.aggregate, self.version, self.detail)
    }
}

/// How many faults an audit keeps with their detail; further ones are counted.
const FAULTS_MAX: usize = 100;

/// What an audit found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audit {
    /// Events that were acknowledged.
    pub acknowledged: u64,
    /// Events that the store gave back.
    pub stored: u64,
    /// Acknowledged events that the store does not have.
    pub lost: u64,
    /// Events that it has more than once.
    pub duplicated: u64,
    /// Events that came out of order.
    pub reordered: u64,
    /// Versions that two events claim.
    pub forked: u64,
    /// Events whose bytes or links do not hold.
    pub broken: u64,
    /// The first hundred faults.
    pub faults: Vec<Fault>,
}

impl Audit {
    /// Returns whether every acknowledged event is there once, in order, and every chain is whole.
    pub const fn is_clean(&self) -> bool {
        self.lost + self.duplicated + self.reordered + self.forked + self.broken == 0
    }

    pub(super) fn note(&mut self, kind: FaultKind, aggregate: AggregateId, version: u64, detail: String) {
        *match kind {
            FaultKind::Lost => &mut self.lost,
            FaultKind::Duplicated => &mut self.duplicated,
            FaultKind::Reordered => &mut self.reordered,
            FaultKind::Forked => &mut self.forked,
            FaultKind::Broken => &mut self.broken,
        } += 1;
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(Fault { kind, aggregate, version, detail });
        }
    }
}

impl fmt::Display for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { acknowledged, stored, lost, duplicated, reordered, forked, broken, .. } = self;
        write!(f, "acknowledged {acknowledged}, stored {stored}, lost {lost}, duplicated {duplicated}, ")?;
        write!(f, "reordered {reordered}, forked {forked}, broken {broken}")
    }
}
