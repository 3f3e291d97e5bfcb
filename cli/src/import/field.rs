//! Text fields as values: the form of a column, found out or declared, and the value of a field.

use std::fmt;

use cidgraph::{Key, Limits, Value};

use crate::json::{ValueForm, find_wide_integer};

/// What the fields of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldForm {
    /// Integers of 64 bits.
    Int,
    /// Floats of 64 bits.
    Float,
    /// `true` and `false`.
    Bool,
    /// Text as it stands.
    Text,
    /// JSON texts.
    Json,
    /// Lists of texts, separated by a character.
    List(char),
}

impl fmt::Display for FieldForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Int => "an integer of 64 bits",
            Self::Float => "a finite number",
            Self::Bool => "true or false",
            Self::Text => "text",
            Self::Json => "a JSON value",
            Self::List(_) => "a list",
        })
    }
}

impl FieldForm {
    /// Returns the narrowest of integer, float and text that holds the fields so far and `text` too.
    pub fn widened(before: Option<Self>, text: &str) -> Self {
        match before.unwrap_or(Self::Int) {
            Self::Int if is_plain_integer(text) => Self::Int,
            Self::Int | Self::Float if is_decimal(text) => Self::Float,
            Self::Int | Self::Float => Self::Text,
            wide @ (Self::Bool | Self::Text | Self::Json | Self::List(_)) => wide,
        }
    }

    /// Returns the field's value; `None` where it is not of this form.
    pub fn read(self, text: &str) -> Option<Value> {
        match self {
            Self::Int => text.parse().ok().map(Value::Int),
            Self::Float if is_decimal(text) => text.parse().ok().and_then(Value::float),
            Self::Float => None,
            Self::Bool => text.parse().ok().map(Value::Bool),
            Self::Text => Some(Value::text(text)),
            Self::Json if find_wide_integer(text).is_some() => None,
            Self::Json => serde_json::from_str::<ValueForm>(text).ok().map(|form| form.0),
            Self::List(separator) => Some(Value::List(text.split(separator).map(Value::text).collect())),
        }
    }
}

/// Returns the key that a field says: a number where it is a plain integer, text otherwise; `None` where it is empty
/// or too long.
pub fn read_key(text: &str) -> Option<Key> {
    if text.is_empty() || text.len() > Limits::default().key_bytes_max {
        return None;
    }
    match text.parse() {
        Ok(number) if is_plain_integer(text) => Some(Key::Number(number)),
        _ => Some(Key::from(text)),
    }
}

/// Returns whether the text is how a number of 64 bits is written, so that nothing is lost: no sign `+`, no zeros
/// before it.
pub fn is_plain_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    plain && text != "-0" && text.parse::<i64>().is_ok()
}

fn is_decimal(text: &str) -> bool {
    let number = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E');
    text.bytes().all(number) && text.parse::<f64>().is_ok_and(f64::is_finite)
}

/// The latest time that an event can have, nanoseconds since 1970: 2^63-1.
pub const TIME_NS_MAX: u64 = i64::MAX as u64;

/// Returns the nanoseconds of a decimal time with `unit_ns` nanoseconds a unit; `None` where it is negative, no
/// decimal number, or past [`TIME_NS_MAX`]. Digits below a nanosecond are dropped.
pub fn read_time_ns(text: &str, unit_ns: u64) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    let mut total = whole.parse::<u64>().ok()?.checked_mul(unit_ns)?;
    let mut place = unit_ns;
    for digit in fraction.bytes() {
        place /= 10;
        total = total.checked_add(u64::from(digit - b'0') * place)?;
    }
    (total <= TIME_NS_MAX).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn form(fields: &[&str], expected: FieldForm) {
        let found = fields.iter().fold(None, |form, text| Some(FieldForm::widened(form, text)));
        assert_eq!(found, Some(expected), "{fields:?}");
    }

    #[test]
    fn the_form_of_a_column_holds_all_its_fields() {
        form(&["1", "-2", "0"], FieldForm::Int);
        form(&["1", "2.5"], FieldForm::Float);
        form(&["1", "99999999999999999999"], FieldForm::Float);
        form(&["1", "2.5", "x"], FieldForm::Text);
        form(&["007"], FieldForm::Float);
        form(&["1.4.40.92"], FieldForm::Text);
        form(&["nan"], FieldForm::Text);
        form(&["1e999"], FieldForm::Text);
        form(&[""], FieldForm::Text);
    }

    #[test]
    fn keys_are_numbers_only_where_nothing_is_lost() {
        assert_eq!(read_key("12"), Some(Key::Number(12)));
        assert_eq!(read_key("-12"), Some(Key::Number(-12)));
        for text in ["012", "-0", "+1", "1.0", "9223372036854775808", "a"] {
            assert_eq!(read_key(text), Some(Key::from(text)));
        }
        assert_eq!(read_key(""), None);
        assert_eq!(read_key(&"x".repeat(1025)), None);
    }

    #[test]
    fn times_are_exact() {
        assert_eq!(read_time_ns("1307526243.273450", 1_000_000_000), Some(1_307_526_243_273_450_000));
        assert_eq!(read_time_ns("0", 1_000_000_000), Some(0));
        assert_eq!(read_time_ns("12", 1_000_000), Some(12_000_000));
        assert_eq!(read_time_ns("1.23456789012", 1_000_000_000), Some(1_234_567_890));
        for bad in ["-1", "", ".5", "x", "1e9", "18446744074", "9223372037"] {
            assert_eq!(read_time_ns(bad, 1_000_000_000), None, "{bad}");
        }
    }
}
