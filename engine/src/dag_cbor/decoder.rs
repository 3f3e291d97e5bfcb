//! The reading half: borrows from the input, and refuses whatever the writing half would not have written.

use super::wire::{
    BYTES, DEPTH_MAX, FALSE, FLOAT64, LINK_PREFIX, LIST, MAP, NEGATIVE, NULL, TAG, TEXT, TRUE, UNSIGNED,
};
use crate::cid::{CID_LEN, Cid};
use crate::value::{Name, Properties, Value, compare_names};

/// The head of sixteen bytes.
const BYTES16: u8 = BYTES << 5 | 16;
const UNORDERED: &str = "names in length-first order without duplicates";

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
    #[inline]
    pub fn take_null(&mut self) -> bool {
        let null = self.input.get(self.at) == Some(&NULL);
        self.at += usize::from(null);
        null
    }

    /// Returns whether an unsigned or negative integer stands next.
    pub fn next_is_int(&self) -> bool {
        self.input.get(self.at).is_some_and(|byte| byte >> 5 <= NEGATIVE)
    }

    /// Reads an unsigned integer of at most 63 bits.
    ///
    /// # Errors
    /// Where something else stands next.
    #[inline(always)]
    pub fn uint(&mut self) -> Result<u64, CodecError> {
        let start = self.at;
        let expected = "an unsigned integer below 2^63";
        let value = self.head(UNSIGNED, expected)?;
        if value <= i64::MAX.cast_unsigned() { Ok(value) } else { Err(CodecError { offset: start, expected }) }
    }

    /// Reads an unsigned integer of at most 32 bits.
    ///
    /// # Errors
    /// Where something else stands next.
    #[inline(always)]
    pub fn uint32(&mut self) -> Result<u32, CodecError> {
        let start = self.at;
        let expected = "an unsigned integer below 2^32";
        u32::try_from(self.head(UNSIGNED, expected)?).map_err(|_| CodecError { offset: start, expected })
    }

    /// Reads an integer of 64 bits.
    ///
    /// # Errors
    /// Where something else stands next.
    #[inline]
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
    #[inline(always)]
    pub fn bytes16(&mut self) -> Result<[u8; 16], CodecError> {
        match self.input[self.at..].split_first_chunk::<17>() {
            Some(([BYTES16, bytes @ ..], _)) => {
                self.at += 17;
                Ok(*bytes)
            }
            _ => Err(self.error("sixteen bytes")),
        }
    }

    /// Reads text.
    ///
    /// # Errors
    /// Where something else stands next or the text is not UTF-8.
    #[inline(always)]
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
    #[inline]
    pub fn list(&mut self) -> Result<usize, CodecError> {
        self.length(LIST, 1, "a list")
    }

    /// Reads the head of a list whose values take at least `bytes_each` bytes and returns its length, which is safe to
    /// reserve for.
    ///
    /// # Errors
    /// Where something else stands next or the input is too short for so many values.
    #[inline]
    pub fn list_of_at_least(&mut self, bytes_each: usize) -> Result<usize, CodecError> {
        self.length(LIST, bytes_each, "a list")
    }

    /// Reads the head of a map and returns the number of its entries.
    ///
    /// # Errors
    /// Where something else stands next or the input is too short for so many entries.
    #[inline]
    pub fn map(&mut self) -> Result<usize, CodecError> {
        self.length(MAP, 2, "a map")
    }

    /// Reads the head of a list of exactly `len` values.
    ///
    /// # Errors
    /// Where something else stands next.
    #[inline]
    pub fn list_of(&mut self, len: usize, expected: &'static str) -> Result<(), CodecError> {
        let start = self.at;
        if self.list()? == len { Ok(()) } else { Err(CodecError { offset: start, expected }) }
    }

    /// Reads the head of a map of exactly `len` entries.
    ///
    /// # Errors
    /// Where something else stands next.
    #[inline]
    pub fn map_of(&mut self, len: usize, expected: &'static str) -> Result<(), CodecError> {
        let start = self.at;
        if self.map()? == len { Ok(()) } else { Err(CodecError { offset: start, expected }) }
    }

    /// Reads the map key `name`, of fewer than 24 bytes.
    ///
    /// # Errors
    /// Where another key or something else stands next; `expected` of the error is `name`.
    #[inline(always)]
    pub fn key(&mut self, name: &'static str) -> Result<(), CodecError> {
        if self.take_key(name) { Ok(()) } else { Err(self.error(name)) }
    }

    /// Reads the map key `name`, of fewer than 24 bytes, where it stands next, and tells whether it did; for optional
    /// fields.
    #[inline(always)]
    pub fn take_key(&mut self, name: &'static str) -> bool {
        debug_assert!(name.len() < 24, "a field's name has a head of one byte");
        let found = match self.input[self.at..].split_first() {
            Some((head, rest)) => usize::from(*head ^ TEXT << 5) == name.len() && rest.starts_with(name.as_bytes()),
            None => false,
        };
        self.at += if found { 1 + name.len() } else { 0 };
        found
    }

    /// Reads a name that must come after `last` in DAG-CBOR's key order.
    ///
    /// # Errors
    /// Where something else than text stands next, or the name does not come after `last`.
    #[inline]
    pub fn name_after(&mut self, last: Option<&str>) -> Result<&'a str, CodecError> {
        let start = self.at;
        let name = self.text()?;
        if last.is_some_and(|last| compare_names(last, name).is_ge()) {
            return Err(CodecError { offset: start, expected: UNORDERED });
        }
        Ok(name)
    }

    /// Reads a link.
    ///
    /// # Errors
    /// Where something else stands next, or the CID is not one that events have.
    #[inline(always)]
    pub fn link(&mut self) -> Result<Cid, CodecError> {
        let cid = self.input[self.at..].strip_prefix(&LINK_PREFIX).and_then(|rest| rest.get(..CID_LEN));
        let Some(Ok(cid)) = cid.map(Cid::from_bytes) else {
            return Err(self.error("a link to a dag-cbor block"));
        };
        self.at += LINK_PREFIX.len() + CID_LEN;
        Ok(cid)
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
        let start = self.at;
        let depth = self.deeper(depth)?;
        let len = self.map()?;
        let mut pairs: Vec<(Name, Value)> = Vec::with_capacity(len.min(64));
        for _ in 0..len {
            pairs.push((Name::new(self.text()?), self.value_within(depth)?));
        }
        Properties::from_sorted(pairs).ok_or(CodecError { offset: start, expected: UNORDERED })
    }

    fn skip_within(&mut self, depth: usize) -> Result<(), CodecError> {
        let Some(&first) = self.input.get(self.at) else {
            return Err(self.error("a value"));
        };
        match first >> 5 {
            UNSIGNED | NEGATIVE => drop(self.int()?),
            BYTES => drop(self.bytes()?),
            TEXT => drop(self.skip_text()?),
            LIST => {
                let depth = self.deeper(depth)?;
                for _ in 0..self.list()? {
                    self.skip_within(depth)?;
                }
            }
            MAP => self.skip_map(self.deeper(depth)?)?,
            TAG => drop(self.link()?),
            _ => drop(self.simple(first)?),
        }
        Ok(())
    }

    fn skip_map(&mut self, depth: usize) -> Result<(), CodecError> {
        let mut last: Option<&[u8]> = None;
        for _ in 0..self.map()? {
            let start = self.at;
            let name = self.skip_text()?;
            if last.is_some_and(|last| last.len() > name.len() || (last.len() == name.len() && last >= name)) {
                return Err(CodecError { offset: start, expected: UNORDERED });
            }
            last = Some(name);
            self.skip_within(depth)?;
        }
        Ok(())
    }

    /// Reads text as bytes; most text is ASCII, which is checked faster than UTF-8.
    #[inline(always)]
    fn skip_text(&mut self) -> Result<&'a [u8], CodecError> {
        let len = self.length(TEXT, 1, "text")?;
        let start = self.at;
        let bytes = self.take(len, "text")?;
        if bytes.is_ascii() || std::str::from_utf8(bytes).is_ok() {
            Ok(bytes)
        } else {
            Err(CodecError { offset: start, expected: "UTF-8" })
        }
    }

    fn deeper(&self, depth: usize) -> Result<usize, CodecError> {
        depth.checked_sub(1).ok_or(self.error("less nesting"))
    }

    #[inline(always)]
    fn length(&mut self, major: u8, bytes_each: usize, expected: &'static str) -> Result<usize, CodecError> {
        let start = self.at;
        let len = usize::try_from(self.head(major, expected)?).unwrap_or(usize::MAX);
        let room = self.input.len() - self.at;
        if len.saturating_mul(bytes_each) > room {
            return Err(CodecError { offset: start, expected: "a length that the input can hold" });
        }
        Ok(len)
    }

    #[inline(always)]
    fn head(&mut self, major: u8, expected: &'static str) -> Result<u64, CodecError> {
        match self.input.get(self.at) {
            Some(first) if first ^ major << 5 < 24 => {
                self.at += 1;
                Ok(u64::from(first ^ major << 5))
            }
            _ => self.long_head(major, expected),
        }
    }

    fn long_head(&mut self, major: u8, expected: &'static str) -> Result<u64, CodecError> {
        let start = self.at;
        let Some((first, rest)) = self.input[start..].split_first().filter(|(first, _)| **first >> 5 == major) else {
            return Err(self.error(expected));
        };
        let (width, least, value) = match first & 0x1f {
            24 => (1, 24, rest.first_chunk().map(|bytes| u64::from(u8::from_be_bytes(*bytes)))),
            25 => (2, 0x100, rest.first_chunk().map(|bytes| u64::from(u16::from_be_bytes(*bytes)))),
            26 => (4, 0x1_0000, rest.first_chunk().map(|bytes| u64::from(u32::from_be_bytes(*bytes)))),
            27 => (8, 0x1_0000_0000, rest.first_chunk().map(|bytes| u64::from_be_bytes(*bytes))),
            _ => return Err(self.error("a definite length")),
        };
        let Some(value) = value else {
            return Err(CodecError { offset: self.at + 1, expected });
        };
        if value < least {
            return Err(CodecError { offset: start, expected: "the shortest form of an integer" });
        }
        self.at += 1 + width;
        Ok(value)
    }

    #[inline(always)]
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
