//! The writing half: appends to the caller's buffer and allocates nothing of its own.

use super::wire::{BYTES, FALSE, FLOAT64, LINK_PREFIX, LIST, MAP, NEGATIVE, NULL, TEXT, TRUE, UNSIGNED};
use crate::cid::Cid;
use crate::value::{Properties, Value};

/// Appends canonical DAG-CBOR to a buffer.
///
/// The caller writes map keys in key order and as many entries as announced; [`Decoder`](super::Decoder) refuses anything else.
#[derive(Debug)]
pub struct Encoder<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> Encoder<'a> {
    /// Makes an encoder that appends to `out`.
    pub const fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out }
    }

    /// Returns the number of bytes in the buffer.
    pub const fn position(&self) -> usize {
        self.out.len()
    }

    /// Writes `null`.
    #[inline]
    pub fn null(&mut self) {
        self.out.push(NULL);
    }

    /// Writes a boolean.
    #[inline]
    pub fn bool(&mut self, value: bool) {
        self.out.push(if value { TRUE } else { FALSE });
    }

    /// Writes an unsigned integer.
    ///
    /// # Panics
    /// Where it needs more than 63 bits: a [`Value`] could not hold it.
    #[inline]
    pub fn uint(&mut self, value: u64) {
        assert!(value <= i64::MAX.cast_unsigned(), "{value} needs more than 63 bits");
        self.head(UNSIGNED, value);
    }

    /// Writes an integer.
    #[inline]
    pub fn int(&mut self, value: i64) {
        match u64::try_from(value) {
            Ok(value) => self.head(UNSIGNED, value),
            Err(_) => self.head(NEGATIVE, !value.cast_unsigned()),
        }
    }

    /// Writes a float of 64 bits.
    ///
    /// # Panics
    /// Where the float is NaN, infinite or −0: the caller checks with [`Value::is_encodable`].
    #[inline]
    pub fn float(&mut self, value: f64) {
        assert!(value.is_finite() && (value != 0.0 || value.is_sign_positive()), "{value} has no canonical form");
        self.out.push(FLOAT64);
        self.out.extend_from_slice(&value.to_bits().to_be_bytes());
    }

    /// Writes bytes.
    #[inline]
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.head(BYTES, bytes.len() as u64);
        self.out.extend_from_slice(bytes);
    }

    /// Writes text.
    #[inline]
    pub fn text(&mut self, text: &str) {
        self.head(TEXT, text.len() as u64);
        self.out.extend_from_slice(text.as_bytes());
    }

    /// Announces a list of `len` values.
    #[inline]
    pub fn list(&mut self, len: usize) {
        self.head(LIST, len as u64);
    }

    /// Announces a map of `len` entries; each is a [`text`](Self::text) key and a value.
    #[inline]
    pub fn map(&mut self, len: usize) {
        self.head(MAP, len as u64);
    }

    /// Writes a link.
    pub fn link(&mut self, cid: &Cid) {
        self.out.extend_from_slice(&LINK_PREFIX);
        self.out.extend_from_slice(&cid.to_bytes());
    }

    /// Writes a value.
    ///
    /// # Panics
    /// Where a float within has no canonical form.
    pub fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.null(),
            Value::Bool(value) => self.bool(*value),
            Value::Int(value) => self.int(*value),
            Value::Float(value) => self.float(*value),
            Value::Text(value) => self.text(value),
            Value::Bytes(value) => self.bytes(value),
            Value::List(values) => {
                self.list(values.len());
                for value in values {
                    self.value(value);
                }
            }
            Value::Map(map) => self.properties(map),
            Value::Link(cid) => self.link(cid),
        }
    }

    /// Writes properties as a map.
    ///
    /// # Panics
    /// Where a float within has no canonical form.
    pub fn properties(&mut self, map: &Properties) {
        self.map(map.len());
        for (name, value) in map.iter() {
            self.text(name);
            self.value(value);
        }
    }

    /// Writes a value that is canonical DAG-CBOR already.
    #[inline]
    pub(crate) fn canonical(&mut self, value: &[u8]) {
        self.out.extend_from_slice(value);
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
    fn head(&mut self, major: u8, value: u64) {
        if value < 24 {
            self.out.push(major << 5 | value as u8);
        } else {
            self.long_head(major << 5, value);
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "each arm has checked the range")]
    fn long_head(&mut self, major: u8, value: u64) {
        match value {
            0..0x100 => self.out.extend_from_slice(&[major | 24, value as u8]),
            0x100..0x1_0000 => {
                self.out.push(major | 25);
                self.out.extend_from_slice(&(value as u16).to_be_bytes());
            }
            0x1_0000..0x1_0000_0000 => {
                self.out.push(major | 26);
                self.out.extend_from_slice(&(value as u32).to_be_bytes());
            }
            _ => {
                self.out.push(major | 27);
                self.out.extend_from_slice(&value.to_be_bytes());
            }
        }
    }
}
