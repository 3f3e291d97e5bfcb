//! Strict, canonical DAG-CBOR: the one wire form of an event.
//!
//! Follows the IPLD DAG-CBOR specification in its strict form: definite lengths only, shortest integers, floats always
//! of 64 bits and finite and not −0, map keys text in length-first order without duplicates, tag 42 alone. What the
//! decoder accepts, the encoder writes again byte for byte. Integers are limited to 64 bits signed and nesting to
//! [`DEPTH_MAX`]; a length that the input cannot hold is refused before anything is reserved for it.

use crate::cid::{CID_LEN, Cid};
use crate::value::{Name, Properties, Value, compare_names};

/// Lists and maps within each other, at most.
pub const DEPTH_MAX: usize = 128;

const UNSIGNED: u8 = 0;
const NEGATIVE: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const LIST: u8 = 4;
const MAP: u8 = 5;
const TAG: u8 = 6;

const FALSE: u8 = 0xf4;
const TRUE: u8 = 0xf5;
const NULL: u8 = 0xf6;
const FLOAT64: u8 = 0xfb;
const CID_TAG: u64 = 42;

/// Appends canonical DAG-CBOR to a buffer.
///
/// The caller writes map keys in key order and as many entries as announced; [`Decoder`] refuses anything else.
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
    pub fn null(&mut self) {
        self.out.push(NULL);
    }

    /// Writes a boolean.
    pub fn bool(&mut self, value: bool) {
        self.out.push(if value { TRUE } else { FALSE });
    }

    /// Writes an unsigned integer.
    pub fn uint(&mut self, value: u64) {
        self.head(UNSIGNED, value);
    }

    /// Writes an integer.
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
    pub fn float(&mut self, value: f64) {
        assert!(value.is_finite() && (value != 0.0 || value.is_sign_positive()), "{value} has no canonical form");
        self.out.push(FLOAT64);
        self.out.extend_from_slice(&value.to_bits().to_be_bytes());
    }

    /// Writes bytes.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.head(BYTES, bytes.len() as u64);
        self.out.extend_from_slice(bytes);
    }

    /// Writes text.
    pub fn text(&mut self, text: &str) {
        self.head(TEXT, text.len() as u64);
        self.out.extend_from_slice(text.as_bytes());
    }

    /// Announces a list of `len` values.
    pub fn list(&mut self, len: usize) {
        self.head(LIST, len as u64);
    }

    /// Announces a map of `len` entries; each is a [`text`](Self::text) key and a value.
    pub fn map(&mut self, len: usize) {
        self.head(MAP, len as u64);
    }

    /// Writes a link.
    pub fn link(&mut self, cid: &Cid) {
        self.out.extend_from_slice(&[0xd8, 0x2a, 0x58, 37, 0]);
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

    #[expect(clippy::cast_possible_truncation, reason = "each arm has checked the range")]
    fn head(&mut self, major: u8, value: u64) {
        let major = major << 5;
        match value {
            0..24 => self.out.push(major | value as u8),
            24..0x100 => self.out.extend_from_slice(&[major | 24, value as u8]),
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

/// Bytes that are not the strict DAG-CBOR that was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("byte {offset}: expected {expected}")]
pub struct CodecError {
    /// Where, bytes from the start of the input.
    pub offset: usize,
    /// What should stand there.
    pub expected: &'static str,
}

/// Reads strict, canonical DAG-CBOR from a slice.
#[derive(Debug, Clone)]
pub struct Decoder<'a> {
    input: &'a [u8],
    at: usize,
}

impl<'a> Decoder<'a> {
    /// Makes a decoder at the start of `input`.
    pub const fn new(input: &'a [u8]) -> Self {
        Self { input, at: 0 }
    }

    /// Returns how many bytes have been read.
    pub const fn position(&self) -> usize {
        self.at
    }

    /// Returns an error at the current position.
    pub const fn error(&self, expected: &'static str) -> CodecError {
        CodecError { offset: self.at, expected }
    }

    /// Checks that nothing is left.
    ///
    /// # Errors
    /// Where bytes are left.
    pub fn finish(&self) -> Result<(), CodecError> {
        if self.at == self.input.len() { Ok(()) } else { Err(self.error("the end of the block")) }
    }

    /// Reads `null` where it stands next, and tells whether it did.
    pub fn take_null(&mut self) -> bool {
        let null = self.input.get(self.at) == Some(&NULL);
        self.at += usize::from(null);
        null
    }

    /// Returns whether an unsigned or negative integer stands next.
    pub fn next_is_int(&self) -> bool {
        self.input.get(self.at).is_some_and(|byte| byte >> 5 <= NEGATIVE)
    }

    /// Reads an unsigned integer.
    ///
    /// # Errors
    /// Where something else stands next.
    #[inline]
    pub fn uint(&mut self) -> Result<u64, CodecError> {
        self.head(UNSIGNED, "an unsigned integer")
    }

    /// Reads an unsigned integer of at most 32 bits.
    ///
    /// # Errors
    /// Where something else stands next.
    pub fn uint32(&mut self) -> Result<u32, CodecError> {
        let start = self.at;
        let expected = "an unsigned integer below 2^32";
        u32::try_from(self.head(UNSIGNED, expected)?).map_err(|_| CodecError { offset: start, expected })
    }

    /// Reads an integer of 64 bits.
    ///
    /// # Errors
    /// Where something else stands next.
    pub fn int(&mut self) -> Result<i64, CodecError> {
        let start = self.at;
        let expected = "an integer of 64 bits";
        let negative = self.input.get(self.at).is_some_and(|byte| byte >> 5 == NEGATIVE);
        let value = self.head(if negative { NEGATIVE } else { UNSIGNED }, expected)?;
        let value = i64::try_from(value).map_err(|_| CodecError { offset: start, expected })?;
        Ok(if negative { !value } else { value })
    }

    /// Reads a float.
    ///
    /// # Errors
    /// Where something else stands next, or the float is NaN, infinite or −0.
    pub fn float(&mut self) -> Result<f64, CodecError> {
        let start = self.at;
        let expected = "a finite 64-bit float other than -0";
        if self.input.get(self.at) != Some(&FLOAT64) {
            return Err(self.error(expected));
        }
        self.at += 1;
        let bits = self.take(8, expected)?;
        let value = f64::from_bits(u64::from_be_bytes(bits.try_into().expect("eight bytes were taken")));
        if !value.is_finite() || (value == 0.0 && value.is_sign_negative()) {
            return Err(CodecError { offset: start, expected });
        }
        Ok(value)
    }

    /// Reads bytes.
    ///
    /// # Errors
    /// Where something else stands next.
    #[inline]
    pub fn bytes(&mut self) -> Result<&'a [u8], CodecError> {
        let len = self.length(BYTES, 1, "bytes")?;
        self.take(len, "bytes")
    }

    /// Reads sixteen bytes.
    ///
    /// # Errors
    /// Where something else stands next.
    #[inline]
    pub fn bytes16(&mut self) -> Result<[u8; 16], CodecError> {
        let start = self.at;
        let expected = "sixteen bytes";
        self.bytes()?.try_into().map_err(|_| CodecError { offset: start, expected })
    }

    /// Reads text.
    ///
    /// # Errors
    /// Where something else stands next or the text is not UTF-8.
    #[inline]
    pub fn text(&mut self) -> Result<&'a str, CodecError> {
        let len = self.length(TEXT, 1, "text")?;
        let start = self.at;
        let bytes = self.take(len, "text")?;
        std::str::from_utf8(bytes).map_err(|_| CodecError { offset: start, expected: "UTF-8" })
    }

    /// Reads the head of a list and returns its length.
    ///
    /// # Errors
    /// Where something else stands next or the input is too short for so many values.
    pub fn list(&mut self) -> Result<usize, CodecError> {
        self.length(LIST, 1, "a list")
    }

    /// Reads the head of a map and returns the number of its entries.
    ///
    /// # Errors
    /// Where something else stands next or the input is too short for so many entries.
    pub fn map(&mut self) -> Result<usize, CodecError> {
        self.length(MAP, 2, "a map")
    }

    /// Reads the head of a list of exactly `len` values.
    ///
    /// # Errors
    /// Where something else stands next.
    pub fn list_of(&mut self, len: usize, expected: &'static str) -> Result<(), CodecError> {
        let start = self.at;
        if self.list()? == len { Ok(()) } else { Err(CodecError { offset: start, expected }) }
    }

    /// Reads the head of a map of exactly `len` entries.
    ///
    /// # Errors
    /// Where something else stands next.
    pub fn map_of(&mut self, len: usize, expected: &'static str) -> Result<(), CodecError> {
        let start = self.at;
        if self.map()? == len { Ok(()) } else { Err(CodecError { offset: start, expected }) }
    }

    /// Reads the map key `name`.
    ///
    /// # Errors
    /// Where another key or something else stands next; `expected` of the error is `name`.
    #[inline]
    pub fn key(&mut self, name: &'static str) -> Result<(), CodecError> {
        if self.take_key(name) { Ok(()) } else { Err(self.error(name)) }
    }

    /// Reads the map key `name` where it stands next, and tells whether it did; for optional fields.
    #[inline]
    pub fn take_key(&mut self, name: &str) -> bool {
        // Names of fields are shorter than 24 bytes, so their head is one byte; comparing bytes needs no UTF-8 check.
        let rest = &self.input[self.at..];
        let head = u8::try_from(name.len()).ok().filter(|len| *len < 24).map(|len| TEXT << 5 | len);
        if let (Some(head), Some((first, rest))) = (head, rest.split_first()) {
            let found = *first == head && rest.starts_with(name.as_bytes());
            self.at += if found { 1 + name.len() } else { 0 };
            return found;
        }
        let mut ahead = self.clone();
        let found = ahead.text().is_ok_and(|key| key == name);
        if found {
            self.at = ahead.at;
        }
        found
    }

    /// Reads a link.
    ///
    /// # Errors
    /// Where something else stands next, or the CID is not one that events have.
    pub fn link(&mut self) -> Result<Cid, CodecError> {
        let start = self.at;
        let expected = "a link to a dag-cbor block";
        if self.head(TAG, expected)? != CID_TAG {
            return Err(CodecError { offset: start, expected });
        }
        match self.bytes()? {
            [0, cid @ ..] if cid.len() == CID_LEN => {
                Cid::from_bytes(cid).map_err(|_| CodecError { offset: start, expected })
            }
            _ => Err(CodecError { offset: start, expected }),
        }
    }

    /// Reads a value.
    ///
    /// # Errors
    /// Where the input is not strict DAG-CBOR or nested deeper than [`DEPTH_MAX`].
    pub fn value(&mut self) -> Result<Value, CodecError> {
        self.value_within(DEPTH_MAX)
    }

    /// Reads a map of values.
    ///
    /// # Errors
    /// As [`value`](Self::value).
    pub fn properties(&mut self) -> Result<Properties, CodecError> {
        self.properties_within(DEPTH_MAX)
    }

    /// Reads over one value, checking it, and returns its bytes.
    ///
    /// # Errors
    /// As [`value`](Self::value).
    pub fn skip(&mut self) -> Result<&'a [u8], CodecError> {
        let start = self.at;
        self.skip_within(DEPTH_MAX)?;
        Ok(&self.input[start..self.at])
    }

    fn value_within(&mut self, depth: usize) -> Result<Value, CodecError> {
        let Some(&first) = self.input.get(self.at) else {
            return Err(self.error("a value"));
        };
        match first >> 5 {
            UNSIGNED | NEGATIVE => self.int().map(Value::Int),
            BYTES => Ok(Value::Bytes(self.bytes()?.into())),
            TEXT => Ok(Value::text(self.text()?)),
            LIST => {
                let depth = self.deeper(depth)?;
                let len = self.list()?;
                let mut values = Vec::with_capacity(len.min(64));
                for _ in 0..len {
                    values.push(self.value_within(depth)?);
                }
                Ok(Value::List(values))
            }
            MAP => Ok(Value::Map(self.properties_within(depth)?)),
            TAG => self.link().map(Value::Link),
            _ => self.simple(first),
        }
    }

    fn simple(&mut self, first: u8) -> Result<Value, CodecError> {
        let value = match first {
            FALSE => Value::Bool(false),
            TRUE => Value::Bool(true),
            NULL => Value::Null,
            FLOAT64 => return self.float().map(Value::Float),
            _ => return Err(self.error("false, true, null or a 64-bit float")),
        };
        self.at += 1;
        Ok(value)
    }

    fn properties_within(&mut self, depth: usize) -> Result<Properties, CodecError> {
        let depth = self.deeper(depth)?;
        let len = self.map()?;
        let mut pairs: Vec<(Name, Value)> = Vec::with_capacity(len.min(64));
        let mut last: Option<&str> = None;
        for _ in 0..len {
            let name = self.ordered_key(last)?;
            last = Some(name);
            pairs.push((Name::new(name), self.value_within(depth)?));
        }
        Ok(Properties::from_sorted(pairs).expect("each key was checked against the one before"))
    }

    fn skip_within(&mut self, depth: usize) -> Result<(), CodecError> {
        let Some(&first) = self.input.get(self.at) else {
            return Err(self.error("a value"));
        };
        match first >> 5 {
            UNSIGNED | NEGATIVE => drop(self.int()?),
            BYTES => drop(self.bytes()?),
            TEXT => drop(self.text()?),
            LIST => {
                let depth = self.deeper(depth)?;
                for _ in 0..self.list()? {
                    self.skip_within(depth)?;
                }
            }
            MAP => {
                let depth = self.deeper(depth)?;
                let mut last = None;
                for _ in 0..self.map()? {
                    last = Some(self.ordered_key(last)?);
                    self.skip_within(depth)?;
                }
            }
            TAG => drop(self.link()?),
            _ => drop(self.simple(first)?),
        }
        Ok(())
    }

    fn ordered_key(&mut self, last: Option<&str>) -> Result<&'a str, CodecError> {
        let start = self.at;
        let name = self.text()?;
        if last.is_some_and(|last| compare_names(last, name).is_ge()) {
            return Err(CodecError { offset: start, expected: "map keys in length-first order without duplicates" });
        }
        Ok(name)
    }

    fn deeper(&self, depth: usize) -> Result<usize, CodecError> {
        depth.checked_sub(1).ok_or(self.error("less nesting"))
    }

    fn length(&mut self, major: u8, bytes_each: usize, expected: &'static str) -> Result<usize, CodecError> {
        let start = self.at;
        let len = usize::try_from(self.head(major, expected)?).unwrap_or(usize::MAX);
        let room = self.input.len() - self.at;
        if len.saturating_mul(bytes_each) > room {
            return Err(CodecError { offset: start, expected: "a length that the input can hold" });
        }
        Ok(len)
    }

    #[inline]
    fn head(&mut self, major: u8, expected: &'static str) -> Result<u64, CodecError> {
        let start = self.at;
        let Some(&first) = self.input.get(self.at) else {
            return Err(self.error(expected));
        };
        if first >> 5 != major {
            return Err(self.error(expected));
        }
        let (width, least) = match first & 0x1f {
            small @ 0..24 => {
                self.at += 1;
                return Ok(u64::from(small));
            }
            24 => (1, 24),
            25 => (2, 0x100),
            26 => (4, 0x1_0000),
            27 => (8, 0x1_0000_0000),
            _ => return Err(self.error("a definite length")),
        };
        self.at += 1;
        let bytes = self.take(width, expected)?;
        let value = bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
        if value < least {
            return Err(CodecError { offset: start, expected: "the shortest form of an integer" });
        }
        Ok(value)
    }

    #[inline]
    fn take(&mut self, len: usize, expected: &'static str) -> Result<&'a [u8], CodecError> {
        let end = self.at.checked_add(len).filter(|end| *end <= self.input.len());
        let Some(end) = end else {
            return Err(self.error(expected));
        };
        let bytes = &self.input[self.at..end];
        self.at = end;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &[u8], expected: Result<Value, &'static str>) {
        let mut decoder = Decoder::new(input);
        let got = decoder.value().and_then(|value| decoder.finish().map(|()| value));
        assert_eq!(got.clone().map_err(|error| error.expected), expected);
        if let Ok(value) = got {
            let mut again = Vec::new();
            Encoder::new(&mut again).value(&value);
            assert_eq!(again, input);
        }
    }

    #[test]
    fn strictness() {
        check(&[0x00], Ok(Value::Int(0)));
        check(&[0x18, 0x18], Ok(Value::Int(24)));
        check(&[0x18, 0x17], Err("the shortest form of an integer"));
        check(&[0x38, 0x63], Ok(Value::Int(-100)));
        check(&[0x3b, 0x7f, 255, 255, 255, 255, 255, 255, 255], Ok(Value::Int(i64::MIN)));
        check(&[0x3b, 0x80, 0, 0, 0, 0, 0, 0, 0], Err("an integer of 64 bits"));
        check(&[0x9f, 0xff], Err("a definite length"));
        check(&[0xf9, 0x3c, 0x00], Err("false, true, null or a 64-bit float"));
        check(&[0xfb, 0x80, 0, 0, 0, 0, 0, 0, 0], Err("a finite 64-bit float other than -0"));
        check(&[0xfb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0], Err("a finite 64-bit float other than -0"));
        check(&[0xa2, 0x61, b'b', 1, 0x61, b'a', 2], Err("map keys in length-first order without duplicates"));
        check(&[0xa2, 0x61, b'a', 1, 0x61, b'a', 2], Err("map keys in length-first order without duplicates"));
        check(&[0xa1, 0x01, 0x01], Err("text"));
        check(&[0x61, 0xff], Err("UTF-8"));
        check(&[0xc1, 0x00], Err("a link to a dag-cbor block"));
        check(&[0x9b, 0, 0, 0, 1, 0, 0, 0, 0], Err("a length that the input can hold"));
        check(&[0x00, 0x00], Err("the end of the block"));
        check(&[0x81; 200], Err("less nesting"));
    }
}
