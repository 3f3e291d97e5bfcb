//! Conversions between floats and whole numbers, each with what it does at the borders; no other module casts.

use std::time::Duration;

/// Returns the whole part of `number`; 0 for negative numbers and NaN, the largest `u64` for what exceeds it.
#[expect(clippy::cast_possible_truncation, reason = "a float that does not fit saturates, as documented")]
pub fn floor(number: f64) -> u64 {
    number as u64
}

/// Returns the whole number nearest to `number`, with the borders of [`floor`].
pub fn round(number: f64) -> u64 {
    floor(number.round())
}

/// Returns the nanoseconds of a duration; the largest `u64` (584 years) for longer ones.
pub fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Returns a length or index as `u64`.
///
/// # Panics
/// Never on a machine of at most 64 bits.
pub fn count(length: usize) -> u64 {
    u64::try_from(length).expect("a length fits in 64 bits")
}

/// Returns a number as a length or index.
///
/// # Panics
/// Where it does not fit in the machine's address space.
pub fn index(number: u64) -> usize {
    usize::try_from(number).expect("an index fits in the address space")
}

/// Returns the nearest float of a count; exact up to 2^53.
pub const fn float(count: u64) -> f64 {
    count as f64
}

/// Returns the nearest float of a length; exact up to 2^53.
pub const fn float_of(length: usize) -> f64 {
    length as f64
}
