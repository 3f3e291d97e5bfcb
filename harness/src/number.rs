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

/// Returns the median of finite numbers, the upper one of an even count.
///
/// # Panics
/// Where there are none.
pub fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// Returns the nearest float of a count; exact up to 2^53.
pub const fn float(count: u64) -> f64 {
    count as f64
}

/// Returns the nearest float of a length; exact up to 2^53.
pub const fn float_of(length: usize) -> f64 {
    length as f64
}

/// Returns a number with three significant digits, or all whole ones, in groups of three: `0.0123`, `4.57`, `12,346`.
pub fn readable(number: f64) -> String {
    if !number.is_finite() {
        return "–".to_owned();
    }
    let magnitude = number.abs();
    if magnitude >= 100.0 || magnitude.fract() == 0.0 {
        let sign = if number < 0.0 { "-" } else { "" };
        return format!("{sign}{}", grouped(round(magnitude)));
    }
    let decimals = match magnitude {
        10.0.. => 1,
        1.0.. => 2,
        0.1.. => 3,
        0.01.. => 4,
        _ => 5,
    };
    format!("{number:.decimals$}")
}

/// Returns a count with its digits in groups of three: `1,234,567`.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Returns a count in at most three digits and a letter: `950`, `12.5K`, `1M`.
pub fn short(count: u64) -> String {
    for (unit, letter) in [(1_000_000_000, "G"), (1_000_000, "M"), (1000, "K")] {
        if count >= unit {
            let number = float(count) / float(unit);
            let text = if number >= 100.0 { format!("{number:.0}") } else { format!("{number:.1}") };
            return format!("{}{letter}", text.strip_suffix(".0").unwrap_or(&text));
        }
    }
    count.to_string()
}

/// Returns a duration in its handiest unit: `850 ns`, `12.3 µs`, `4.57 ms`, `1.2 s`.
pub fn duration(nanoseconds: f64) -> String {
    for (unit_ns, unit) in [(1e9, "s"), (1e6, "ms"), (1e3, "µs")] {
        if nanoseconds >= unit_ns {
            return format!("{} {unit}", readable(nanoseconds / unit_ns));
        }
    }
    format!("{} ns", readable(nanoseconds))
}

/// Returns bytes in their handiest decimal unit: `12 B`, `4.57 KB`, `72.1 MB`.
pub fn bytes(bytes: f64) -> String {
    for (size, unit) in [(1e9, "GB"), (1e6, "MB"), (1e3, "KB")] {
        if bytes >= size {
            return format!("{} {unit}", readable(bytes / size));
        }
    }
    format!("{} B", readable(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        let check = |number, expected: &str| assert_eq!(readable(number), expected);
        check(0.0, "0");
        check(1e6, "1,000,000");
        check(1234.6, "1,235");
        check(99.94, "99.9");
        check(4.567, "4.57");
        check(0.4, "0.400");
        check(0.01234, "0.0123");
        check(-12.0, "-12");
        check(f64::NAN, "–");
    }

    #[test]
    fn counts_durations_and_bytes_have_units() {
        assert_eq!([999, 1000, 12_500, 334_500, 1_000_000].map(short), ["999", "1K", "12.5K", "334K", "1M"]);
        assert_eq!([850.0, 12_340.0, 4.57e6, 1e9].map(duration), ["850 ns", "12.3 µs", "4.57 ms", "1 s"]);
        assert_eq!([12.0, 72_100_000.0].map(bytes), ["12 B", "72.1 MB"]);
    }

    #[test]
    fn floats_that_do_not_fit_saturate() {
        assert_eq!([-1.0, f64::NAN, 1e300, 2.5].map(floor), [0, 0, u64::MAX, 2]);
    }
}
