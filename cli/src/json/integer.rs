//! Integers that a JSON text holds and no value can: they are refused instead of becoming floats.

/// Returns where in a JSON text an integer outside of 64 bits with a sign stands, and the integer.
pub fn find_wide_integer(text: &str) -> Option<(usize, &str)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => at = string_end(bytes, at),
            b'-' | b'0'..=b'9' => {
                let part = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E');
                let length = bytes[at..].iter().take_while(|byte| part(byte)).count();
                let number = &text[at..at + length];
                if !number.contains(['.', 'e', 'E']) && number.parse::<i64>().is_err() {
                    return Some((at, number));
                }
                at += length;
            }
            _ => at += 1,
        }
    }
    None
}

/// Returns the offset behind the string that begins at `start`.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_integers_past_64_bits_are_found() {
        for fine in ["9223372036854775807", "-9223372036854775808", "1e30", "1.5", r#"{"a":"99999999999999999999"}"#] {
            assert_eq!(find_wide_integer(fine), None, "{fine}");
        }
        assert_eq!(find_wide_integer(r#"{"a\"":99999999999999999999}"#), Some((7, "99999999999999999999")));
        assert_eq!(find_wide_integer("-9223372036854775809"), Some((0, "-9223372036854775809")));
    }
}
