//! Integers and floats compared as the numbers they are, without rounding.

use std::cmp::Ordering;

use crate::value::Value;

/// A number to compare values with: 3 and 3.0 are the same number.
#[derive(Debug, Clone, Copy)]
pub enum Number {
    /// An integer.
    Int(i64),
    /// A float; NaN stands above every number.
    Float(f64),
}

/// 2^63: the first float above every integer of 64 bits.
const INT_END: f64 = 9_223_372_036_854_775_808.0;

impl Number {
    /// Returns the number that `value` is; `None` where it is none.
    pub const fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Int(number) => Some(Self::Int(*number)),
            Value::Float(number) => Some(Self::Float(*number)),
            Value::Null
            | Value::Bool(_)
            | Value::Text(_)
            | Value::Bytes(_)
            | Value::List(_)
            | Value::Map(_)
            | Value::Link(_) => None,
        }
    }

    /// Compares two numbers exactly, also integers that no float can hold.
    pub fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => a.cmp(&b),
            (Self::Int(a), Self::Float(b)) => compare_int_float(a, b),
            (Self::Float(a), Self::Int(b)) => compare_int_float(b, a).reverse(),
            (Self::Float(a), Self::Float(b)) => a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan())),
        }
    }

    /// Returns the same number as a value of the other type; `None` where that type cannot hold it.
    pub fn twin(self) -> Option<Value> {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "a float that is not the same number is dropped")]
            Self::Int(number) => {
                Some(number as f64).filter(|float| compare_int_float(number, *float).is_eq()).map(Value::Float)
            }
            Self::Float(number) if number.fract() != 0.0 || !(-INT_END..INT_END).contains(&number) => None,
            #[expect(clippy::cast_possible_truncation, reason = "a whole number within the integers' range")]
            Self::Float(number) => Some(Value::Int(number as i64)),
        }
    }
}

fn compare_int_float(int: i64, float: f64) -> Ordering {
    if float.is_nan() || float >= INT_END {
        return Ordering::Less;
    }
    if float < -INT_END {
        return Ordering::Greater;
    }
    #[expect(clippy::cast_possible_truncation, reason = "a whole number within the integers' range")]
    let whole = float.trunc() as i64;
    int.cmp(&whole).then_with(|| 0.0f64.total_cmp(&(float.fract() + 0.0)))
}

impl From<i64> for Number {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<f64> for Number {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(int: i64, float: f64, expected: Ordering) {
        assert_eq!(Number::Int(int).compare(Number::Float(float)), expected, "{int} {float}");
        assert_eq!(Number::Float(float).compare(Number::Int(int)), expected.reverse(), "{float} {int}");
    }

    #[test]
    fn integers_and_floats_compare_exactly() {
        check(3, 3.0, Ordering::Equal);
        check(3, 3.5, Ordering::Less);
        check(-3, -3.5, Ordering::Greater);
        check(0, -0.0, Ordering::Equal);
        check(0, -0.5, Ordering::Greater);
        check((1 << 53) + 1, 9_007_199_254_740_992.0, Ordering::Greater);
        check(i64::MAX, INT_END, Ordering::Less);
        check(i64::MIN, -INT_END, Ordering::Equal);
        check(i64::MIN, -INT_END * 2.0, Ordering::Greater);
        check(i64::MAX, f64::INFINITY, Ordering::Less);
        check(i64::MIN, f64::NEG_INFINITY, Ordering::Greater);
        check(i64::MAX, f64::NAN, Ordering::Less);
    }

    #[test]
    fn a_twin_is_the_same_number() {
        assert_eq!(Number::Int(3).twin(), Some(Value::Float(3.0)));
        assert_eq!(Number::Float(3.0).twin(), Some(Value::Int(3)));
        assert_eq!(Number::Float(3.5).twin(), None);
        assert_eq!(Number::Int((1 << 53) + 1).twin(), None);
        assert_eq!(Number::Int(i64::MAX).twin(), None);
        assert_eq!(Number::Float(INT_END).twin(), None);
        assert_eq!(Number::Float(-INT_END).twin(), Some(Value::Int(i64::MIN)));
        assert_eq!(Number::Float(f64::NAN).twin(), None);
    }
}
