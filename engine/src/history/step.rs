//! How long a frame of an animation is.

use std::str::FromStr;

use thiserror::Error;

/// How long a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// So many nanoseconds.
    Time(u64),
    /// So many versions, and on to the end of the transaction that is under way then.
    Versions(u64),
}

/// A text that is no step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("expected a number of versions, or a time as 100ms, 30s, 15m, 1h, 1d or 1w")]
pub struct InvalidStep;

impl FromStr for Step {
    type Err = InvalidStep;

    /// Reads a number of versions, or a number and a unit of time.
    fn from_str(text: &str) -> Result<Self, InvalidStep> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let number = number.parse::<u64>().ok().filter(|number| *number > 0).ok_or(InvalidStep)?;
        let unit_ns: u64 = match unit {
            "" => return Ok(Self::Versions(number)),
            "ns" => 1,
            "us" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            "d" => 86_400_000_000_000,
            "w" => 604_800_000_000_000,
            _ => return Err(InvalidStep),
        };
        number.checked_mul(unit_ns).map(Self::Time).ok_or(InvalidStep)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_versions_or_times() {
        assert_eq!("10".parse(), Ok(Step::Versions(10)));
        assert_eq!("100ms".parse(), Ok(Step::Time(100_000_000)));
        assert_eq!("2d".parse(), Ok(Step::Time(172_800_000_000_000)));
        for text in ["", "0", "0s", "-1", "s", "1 s", "1y", "99999999999w"] {
            assert_eq!(text.parse::<Step>(), Err(InvalidStep), "{text:?}");
        }
    }
}
