//! A point in a graph's history, as people and programs name it.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::cid::Cid;
use crate::id::NodeId;

/// A point in a graph's history.
///
/// It stands for the end of a transaction, since a state inside of one is never shown: a version, sequence, time or CID
/// for the last whole transaction at or before it, a node for the end of the one that added it.
///
/// ```
/// use cidgraph::Moment;
///
/// assert_eq!("120".parse(), Ok(Moment::Version(120)));
/// assert_eq!("seq:9".parse(), Ok(Moment::Sequence(9)));
/// assert_eq!("1970-01-01T00:00:01.5Z".parse(), Ok(Moment::Time(1_500_000_000)));
/// let noon: Moment = "2025-03-01T13:00:00+01:00".parse()?;
/// assert_eq!(noon.to_string(), "2025-03-01T12:00:00Z");
/// # Ok::<(), cidgraph::history::InvalidMoment>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Moment {
    /// After the graph's event of this version: `120`.
    Version(u64),
    /// After the last of the graph's events up to this place in the store's stream: `seq:9`.
    Sequence(u64),
    /// After the last event whose timestamp is not later, nanoseconds since the Unix epoch: `2025-03-01T00:00:00Z`, or
    /// `2025-03-01` for its midnight in UTC.
    Time(u64),
    /// After the event of this CID: `bafy…`.
    Cid(Cid),
    /// After the transaction that added this node, the last one where several did: `node:ID`.
    Node(NodeId),
}

/// Text that names no moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is no moment: expected a version as 120, seq:9, a time as 2025-03-01T00:00:00Z, an event's CID, or node:ID"
)]
pub struct InvalidMoment {
    /// The text that was given, at most its first 80 characters.
    pub text: String,
}

impl FromStr for Moment {
    type Err = InvalidMoment;

    fn from_str(text: &str) -> Result<Self, InvalidMoment> {
        let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
        let moment = if let Some(sequence) = text.strip_prefix("seq:") {
            number(sequence).map(Self::Sequence)
        } else if let Some(node) = text.strip_prefix("node:") {
            node.parse().ok().map(Self::Node)
        } else if let Some(version) = number(text) {
            Some(Self::Version(version))
        } else {
            text.parse().ok().map(Self::Cid).or_else(|| read_time(text).map(Self::Time))
        };
        moment.ok_or_else(|| InvalidMoment { text: text.chars().take(80).collect() })
    }
}

/// Reads a time of RFC 3339, or a date as its midnight in UTC. A time without a zone is neither: as a date it would lose
/// its hours.
fn read_time(text: &str) -> Option<u64> {
    let is_date = text.len() == "2025-03-01".len();
    let midnight = || Some(text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp());
    let time = if is_date { midnight() } else { text.parse::<Timestamp>().ok() };
    u64::try_from(time?.as_nanosecond()).ok()
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => write!(f, "{version}"),
            Self::Sequence(sequence) => write!(f, "seq:{sequence}"),
            Self::Time(time_ns) => match Timestamp::from_nanosecond(i128::from(*time_ns)) {
                Ok(time) => write!(f, "{time}"),
                Err(_) => write!(f, "{time_ns} ns"),
            },
            Self::Cid(cid) => write!(f, "{cid}"),
            Self::Node(node) => write!(f, "node:{node}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cid::HashKind;

    #[track_caller]
    fn is_read_as_it_is_written(moment: Moment) {
        assert_eq!(moment.to_string().parse(), Ok(moment));
    }

    #[test]
    fn every_moment_is_read_as_it_is_written() {
        is_read_as_it_is_written(Moment::Version(u64::MAX));
        is_read_as_it_is_written(Moment::Sequence(0));
        is_read_as_it_is_written(Moment::Time(1_700_000_000_123_456_789));
        is_read_as_it_is_written(Moment::Time(u64::MAX));
        is_read_as_it_is_written(Moment::Cid(Cid::of_block(HashKind::Blake3, b"block")));
        is_read_as_it_is_written(Moment::Node(NodeId::from_u64(7)));
        assert_eq!("1970-01-02".parse(), Ok(Moment::Time(86_400_000_000_000)));
    }

    #[test]
    fn what_names_no_moment_is_refused() {
        for text in [
            "2025-03-01T15:00:00",
            "2025-03-01 15:00",
            "",
            "-1",
            "+1",
            "1.5",
            "seq:",
            "seq:-1",
            "seq:x",
            "node:",
            "node:alice",
            "yesterday",
            "1969-12-31",
        ] {
            let error = text.parse::<Moment>().expect_err(text);
            assert!(error.to_string().contains("expected a version"), "{error}");
        }
        assert!("99999999999999999999999".parse::<Moment>().is_err());
    }
}
