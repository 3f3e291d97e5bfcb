//! A point in a graph's history, as people and programs name it.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::fmt::temporal::Pieces;
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
pub enum InvalidMoment {
    /// It is of no form that a moment has.
    #[error(
        "{text:?} is no moment: expected a version as 120, seq:9, a time as 2025-03-01T00:00:00Z, an event's CID, or \
         node:ID"
    )]
    Unknown {
        /// The text that was given, at most its first 80 characters.
        text: String,
    },
    /// It is a time before all that events can have.
    #[error("{text} lies before all times of events, which begin at 1970-01-01T00:00:00Z")]
    TooEarly {
        /// The text that was given.
        text: String,
    },
}

impl Moment {
    /// Returns whether this lies behind another moment of the same form.
    pub(super) fn is_behind(self, other: Self) -> bool {
        match (self, other) {
            (Self::Version(one), Self::Version(other))
            | (Self::Sequence(one), Self::Sequence(other))
            | (Self::Time(one), Self::Time(other)) => one > other,
            (Self::Version(_) | Self::Sequence(_) | Self::Time(_) | Self::Cid(_) | Self::Node(_), _) => false,
        }
    }
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
            match text.parse() {
                Ok(cid) => Some(Self::Cid(cid)),
                Err(_) => read_time(text)?.map(Self::Time),
            }
        };
        moment.ok_or_else(|| InvalidMoment::Unknown { text: text.chars().take(80).collect() })
    }
}

/// The last year that begins within what nanoseconds in 64 bits reach.
const LAST_YEAR: i16 = 2554;

/// Reads a time of RFC 3339, or a date as its midnight in UTC. A time without a zone is neither: as a date it would lose
/// its hours. One that is too late for 64 bits is the last that they reach: nothing has happened after it.
fn read_time(text: &str) -> Result<Option<u64>, InvalidMoment> {
    let is_date = text.len() == "2025-03-01".len();
    let Ok(pieces) = Pieces::parse(text) else { return Ok(None) };
    if !is_date && pieces.offset().is_none() {
        return Ok(None);
    }
    if pieces.date().year() > LAST_YEAR {
        return Ok(Some(u64::MAX));
    }
    let midnight = || Some(text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp());
    let time = if is_date { midnight() } else { text.parse::<Timestamp>().ok() };
    let Some(time_ns) = time.map(Timestamp::as_nanosecond) else { return Ok(None) };
    if time_ns < 0 {
        return Err(InvalidMoment::TooEarly { text: text.chars().take(80).collect() });
    }
    Ok(Some(u64::try_from(time_ns).unwrap_or(u64::MAX)))
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
            "9999-12-31T23:59:59",
        ] {
            let error = text.parse::<Moment>().expect_err(text);
            assert!(error.to_string().contains("expected a version"), "{error}");
        }
        assert!("99999999999999999999999".parse::<Moment>().is_err());
    }

    #[test]
    fn times_beyond_what_events_can_have_are_the_last_or_refused_by_name() {
        for text in ["9999-12-31T23:59:59Z", "9999-12-31", "2555-01-01", "2554-12-31T00:00:00+01:00"] {
            assert_eq!(text.parse(), Ok(Moment::Time(u64::MAX)), "{text}");
        }
        for text in ["1900-01-01", "1969-12-31", "1969-12-31T23:59:59.9Z", "1970-01-01T00:00:00+01:00"] {
            let error = text.parse::<Moment>().expect_err(text);
            assert!(error.to_string().contains("begin at 1970-01-01"), "{error}");
        }
        assert_eq!("1970-01-01".parse(), Ok(Moment::Time(0)));
    }
}
