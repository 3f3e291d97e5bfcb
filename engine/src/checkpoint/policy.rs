//! When a checkpoint is due.

use crate::state::BUCKETS;

/// When a checkpoint is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckpointPolicy {
    /// So many events after the last one.
    pub events_max: u64,
    /// Or so many bytes of blocks after the last one: a proof holds the blocks between a checkpoint and its version, and
    /// those between another one and the head.
    pub bytes_max: u64,
    /// Whether one that is due waits until it costs little beside what has changed: in a graph of many elements much
    /// longer. [`Checkpointing::Beside`](crate::engine::Checkpointing::Beside) does not ask.
    pub only_where_paid: bool,
}

impl Default for CheckpointPolicy {
    fn default() -> Self {
        Self { events_max: 1000, bytes_max: 128 * 1024, only_where_paid: true }
    }
}

impl CheckpointPolicy {
    /// Returns whether a checkpoint is due after so many events and bytes.
    pub const fn is_due(&self, events: u64, bytes: u64) -> bool {
        events > 0 && (events >= self.events_max || bytes >= self.bytes_max)
    }

    /// Returns whether hashing the changed buckets again costs little beside what brought the changes about: about one
    /// record for each change, as many more as a bucket holds. A function of the events alone, so that who waits for it still
    /// gets the same checkpoints on every machine.
    pub fn is_paid(events: u64, changes: u64, elements: u64) -> bool {
        let buckets = BUCKETS as u64;
        changes.min(buckets) * (1 + elements / buckets) <= changes / CHANGES_A_RECORD + events * RECORDS_AN_EVENT
    }
}

/// How many changes of a bulk event pay for hashing a record.
const CHANGES_A_RECORD: u64 = 4;

/// How many records an event pays for: some 16 µs of one core beside the few that an import takes for it, so that in a graph
/// of up to two million elements every version that single events made can be proven.
const RECORDS_AN_EVENT: u64 = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_is_due_by_events_or_by_bytes() {
        let policy = CheckpointPolicy::default();
        for (events, bytes, due) in
            [(0, 0, false), (999, 0, false), (1000, 0, true), (1, 131_071, false), (1, 131_072, true)]
        {
            assert_eq!(policy.is_due(events, bytes), due, "{events} events, {bytes} bytes");
        }
    }

    #[test]
    fn a_large_graph_waits_until_much_has_changed() {
        let paid = CheckpointPolicy::is_paid;
        assert!(paid(1000, 1000, 10_000), "single events in a small graph");
        assert!(paid(1000, 1000, 2_000_000), "and in one of two million elements");
        assert!(!paid(1000, 1000, 4_000_000), "single events in a large one");
        assert!(paid(200_000, 200_000, 4_000_000), "many of them");
        assert!(!paid(1, 10_000, 10_000), "one bulk event");
        assert!(paid(60, 600_000, 10_000), "many of them");
    }
}
