//! Time and fresh ids, as the caller provides them.
//!
//! The engine reads no clock and draws no random number of its own: the same commands, ids and clock give the same
//! CIDs on every machine.

use std::sync::atomic::{AtomicU64, Ordering};
#[cfg(target_os = "linux")]
use std::time::Duration;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::id::{CommandId, GraphId, NodeId};

/// Tells the time, nanoseconds since the Unix epoch.
pub trait Clock: Send + Sync {
    /// Returns the current time, nanoseconds since the Unix epoch.
    fn now_ns(&self) -> u64;

    /// Returns a time that was the current one at most some milliseconds ago, for where reading the clock must cost next to
    /// nothing. Never to be compared with what [`now_ns`](Self::now_ns) returned.
    fn recent_ns(&self) -> u64 {
        self.now_ns()
    }
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one clock that the engine offers its callers")]
    fn now_ns(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970");
        u64::try_from(since.as_nanos()).expect("the clock is before the year 2554")
    }

    /// The time of the kernel's last tick.
    #[cfg(target_os = "linux")]
    fn recent_ns(&self) -> u64 {
        use rustix::time::{ClockId, clock_gettime};

        let since = Duration::try_from(clock_gettime(ClockId::RealtimeCoarse)).expect("the clock is past 1970");
        u64::try_from(since.as_nanos()).expect("the clock is before the year 2554")
    }
}

/// A clock that stands still until it is set; for tests and imports.
#[derive(Debug, Default)]
pub struct ManualClock(AtomicU64);

impl ManualClock {
    /// Makes a clock that shows `now_ns`.
    pub const fn at(now_ns: u64) -> Self {
        Self(AtomicU64::new(now_ns))
    }

    /// Sets the clock.
    pub fn set(&self, now_ns: u64) {
        self.0.store(now_ns, Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn now_ns(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Gives fresh ids.
pub trait Ids: Send + Sync {
    /// Returns sixteen bytes that were never returned before.
    fn fresh(&self) -> [u8; 16];

    /// Returns a fresh command id.
    fn command(&self) -> CommandId {
        CommandId::from_bytes(self.fresh())
    }

    /// Returns a fresh graph id.
    fn graph(&self) -> GraphId {
        GraphId::from_bytes(self.fresh())
    }

    /// Returns a fresh node id.
    fn node(&self) -> NodeId {
        NodeId::from_bytes(self.fresh())
    }
}

/// Random ids: UUIDv4 (RFC 9562).
#[derive(Debug, Clone, Copy, Default)]
pub struct RandomIds;

impl Ids for RandomIds {
    #[expect(clippy::disallowed_methods, reason = "the one random source that the engine offers its callers")]
    fn fresh(&self) -> [u8; 16] {
        *uuid::Uuid::new_v4().as_bytes()
    }
}

/// Ids that count up below a namespace (UUIDv5): the same namespace gives the same ids.
#[derive(Debug, Default)]
pub struct SequentialIds {
    namespace: [u8; 16],
    next: AtomicU64,
}

impl SequentialIds {
    /// Makes ids below `namespace`.
    pub const fn new(namespace: [u8; 16]) -> Self {
        Self { namespace, next: AtomicU64::new(0) }
    }
}

impl Ids for SequentialIds {
    fn fresh(&self) -> [u8; 16] {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        *CommandId::derive(&self.namespace, &number.to_be_bytes()).as_bytes()
    }
}
