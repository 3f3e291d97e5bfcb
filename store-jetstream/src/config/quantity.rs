//! Sizes and durations as people write them.

use std::time::Duration;

/// Reads a size: `10GiB`, `500 MB`, `1048576`.
pub(super) fn bytes(text: &str) -> Option<u64> {
    let (count, unit) = parts(text)?;
    let unit = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" => 1000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        "tib" => 1 << 40,
        _ => return None,
    };
    count.checked_mul(unit)
}

/// Reads a duration that is not zero: `500ms`, `20s`, `2m`, `1h`, `1d`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let (count, unit) = parts(text)?;
    let unit_ms = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    count.checked_mul(unit_ms).filter(|ms| *ms > 0).map(Duration::from_millis)
}

/// Splits a whole number from its unit.
fn parts(text: &str) -> Option<(u64, &str)> {
    let text = text.trim();
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (count, unit) = text.split_at(end);
    Some((count.parse().ok()?, unit.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units_of_1000_and_of_1024() {
        for (text, expected) in [
            ("0", Some(0)),
            ("1048576", Some(1 << 20)),
            ("10GiB", Some(10 << 30)),
            ("10 gib", Some(10 << 30)),
            ("500MB", Some(500_000_000)),
            ("1kB", Some(1000)),
            ("16777215TiB", Some(16_777_215 << 40)),
            ("16777216TiB", None),
            ("18446744073709551616", None),
            ("1.5GiB", None),
            ("-1", None),
            ("GiB", None),
            ("10 GiB of", None),
            ("", None),
        ] {
            assert_eq!(bytes(text), expected, "{text:?}");
        }
    }

    #[test]
    fn durations_have_a_unit_and_are_not_zero() {
        for (text, expected_ms) in [
            ("500ms", Some(500)),
            ("20s", Some(20_000)),
            ("2 m", Some(120_000)),
            ("1h", Some(3_600_000)),
            ("1d", Some(86_400_000)),
            ("20", None),
            ("0s", None),
            ("1S", None),
            ("18446744073709551615d", None),
            ("", None),
        ] {
            assert_eq!(duration(text), expected_ms.map(Duration::from_millis), "{text:?}");
        }
    }
}
