//! CARv1 files: blocks one after another, each under its CID, as every IPLD tool reads them.
//!
//! Follows the IPLD CARv1 specification: a header `{roots, version: 1}`, then sections, each a varint length, a CID and
//! a block. The reader streams, takes any CID, hashes nothing, and is safe on hostile input: it never reserves more
//! than its limit, and every error says at which byte.

use std::io::{self, Read, Write};

use bytes::Bytes;

use crate::cid::{CID_LEN, Cid};
use crate::dag_cbor::{Decoder, Encoder};

/// Bytes of one section or header that a reader takes, unless told otherwise.
pub const SECTION_BYTES_MAX: usize = 32 << 20;

/// Bytes of a varint, at most: 63 bits of value.
const VARINT_BYTES_MAX: usize = 9;

/// Why a file could not be read as a CAR.
#[derive(Debug, thiserror::Error)]
pub enum CarError {
    /// Reading failed.
    #[error("byte {offset}: {source}")]
    Io {
        /// Bytes from the start of the file.
        offset: u64,
        /// What happened.
        source: io::Error,
    },
    /// The file ends within a section.
    #[error("byte {offset}: the file ends within this section")]
    Truncated {
        /// Where the section starts, bytes from the start of the file.
        offset: u64,
    },
    /// A section is larger than the reader takes.
    #[error("byte {offset}: a section of {len} bytes, at most {max} are taken")]
    TooLarge {
        /// Where the section starts, bytes from the start of the file.
        offset: u64,
        /// Its length.
        len: u64,
        /// The limit.
        max: usize,
    },
    /// The bytes are not those of a CARv1.
    #[error("byte {offset}: expected {expected}")]
    Malformed {
        /// Where the section starts, bytes from the start of the file.
        offset: u64,
        /// What should stand there.
        expected: &'static str,
    },
}

/// A block in a CAR, with where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarSection {
    /// Where the section starts, bytes from the start of the file.
    pub offset: u64,
    /// The CID's binary form; [`Cid::from_bytes`] reads those that events have.
    pub cid: Bytes,
    /// The block.
    pub block: Bytes,
}

/// A section within bytes in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SectionSlice<'a> {
    /// The CID's binary form.
    pub cid: &'a [u8],
    /// The block.
    pub block: &'a [u8],
    /// The whole section's length, bytes.
    pub len: usize,
}

/// Appends a CARv1 header to `out`.
pub fn push_header(out: &mut Vec<u8>, roots: &[Cid]) {
    let mut header = Vec::with_capacity(24 + roots.len() * 41);
    let mut encoder = Encoder::new(&mut header);
    encoder.map(2);
    encoder.text("roots");
    encoder.list(roots.len());
    for root in roots {
        encoder.link(root);
    }
    encoder.text("version");
    encoder.uint(1);
    push_varint(out, header.len());
    out.extend_from_slice(&header);
}

/// Appends a section to `out`.
pub fn push_section(out: &mut Vec<u8>, cid: &Cid, block: &[u8]) {
    push_varint(out, CID_LEN + block.len());
    out.extend_from_slice(&cid.to_bytes());
    out.extend_from_slice(block);
}

/// Takes the section at the start of `input`, or `None` where the input ends before the section does.
///
/// # Errors
/// Says what should stand there where no section can.
pub fn split_section(input: &[u8]) -> Result<Option<SectionSlice<'_>>, &'static str> {
    let Some((len, start)) = split_varint(input)? else { return Ok(None) };
    let end = usize::try_from(len).ok().and_then(|len| start.checked_add(len));
    let Some(body) = end.and_then(|end| input.get(start..end)) else { return Ok(None) };
    let (cid, block) = split_cid(body).ok_or("a CID at the start of the section")?;
    Ok(Some(SectionSlice { cid, block, len: start + body.len() }))
}

/// Writes a CARv1.
#[derive(Debug)]
pub struct CarWriter<W> {
    out: W,
    buffer: Vec<u8>,
    written: u64,
}

impl<W: Write> CarWriter<W> {
    /// Writes the header.
    ///
    /// # Errors
    /// Where writing fails.
    pub fn new(out: W, roots: &[Cid]) -> io::Result<Self> {
        let mut writer = Self { out, buffer: Vec::new(), written: 0 };
        push_header(&mut writer.buffer, roots);
        writer.flush_buffer()?;
        Ok(writer)
    }

    /// Writes a block and returns where its section starts, bytes from the start of the file.
    ///
    /// # Errors
    /// Where writing fails.
    pub fn section(&mut self, cid: &Cid, block: &[u8]) -> io::Result<u64> {
        let offset = self.written;
        push_section(&mut self.buffer, cid, block);
        self.flush_buffer()?;
        Ok(offset)
    }

    /// Flushes what was written and gives the writer back.
    ///
    /// # Errors
    /// Where flushing fails.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }

    fn flush_buffer(&mut self) -> io::Result<()> {
        self.out.write_all(&self.buffer)?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}

/// Reads a CARv1 section by section; an error ends it. Lengths are read byte by byte: give it a buffered reader.
#[derive(Debug)]
pub struct CarReader<R> {
    input: R,
    offset: u64,
    section_bytes_max: usize,
    roots: Vec<Bytes>,
    failed: bool,
}

impl<R: Read> CarReader<R> {
    /// Reads the header; sections of at most [`SECTION_BYTES_MAX`] are taken.
    ///
    /// # Errors
    /// Where the input is no CARv1.
    pub fn new(input: R) -> Result<Self, CarError> {
        Self::with_limit(input, SECTION_BYTES_MAX)
    }

    /// Reads the header; sections and headers of at most `section_bytes_max` are taken.
    ///
    /// # Errors
    /// Where the input is no CARv1.
    pub fn with_limit(input: R, section_bytes_max: usize) -> Result<Self, CarError> {
        let mut reader = Self { input, offset: 0, section_bytes_max, roots: Vec::new(), failed: false };
        let Some((_, header)) = reader.body()? else { return Err(CarError::Truncated { offset: 0 }) };
        reader.roots = decode_header(&header).map_err(|expected| CarError::Malformed { offset: 0, expected })?;
        Ok(reader)
    }

    /// Returns the binary forms of the CIDs that the header names.
    pub fn roots(&self) -> &[Bytes] {
        &self.roots
    }

    fn section(&mut self) -> Result<Option<CarSection>, CarError> {
        let Some((offset, body)) = self.body()? else { return Ok(None) };
        let Some(cid_len) = split_cid(&body).map(|(cid, _)| cid.len()) else {
            return Err(CarError::Malformed { offset, expected: "a CID at the start of the section" });
        };
        let body = Bytes::from(body);
        Ok(Some(CarSection { offset, cid: body.slice(..cid_len), block: body.slice(cid_len..) }))
    }

    /// Reads a length and so many bytes; `None` at the end of the file.
    fn body(&mut self) -> Result<Option<(u64, Vec<u8>)>, CarError> {
        let offset = self.offset;
        let Some(len) = self.varint()? else { return Ok(None) };
        let max = self.section_bytes_max;
        if len > max as u64 {
            return Err(CarError::TooLarge { offset, len, max });
        }
        let mut body = Vec::new();
        let read = self.input.by_ref().take(len).read_to_end(&mut body);
        read.map_err(|source| CarError::Io { offset: self.offset, source })?;
        self.offset += body.len() as u64;
        if (body.len() as u64) < len { Err(CarError::Truncated { offset }) } else { Ok(Some((offset, body))) }
    }

    fn varint(&mut self) -> Result<Option<u64>, CarError> {
        let offset = self.offset;
        let mut bytes = [0; VARINT_BYTES_MAX];
        for len in 1..=VARINT_BYTES_MAX {
            let Some(byte) = self.byte()? else {
                return if len == 1 { Ok(None) } else { Err(CarError::Truncated { offset }) };
            };
            bytes[len - 1] = byte;
            match split_varint(&bytes[..len]) {
                Ok(Some((value, _))) => return Ok(Some(value)),
                Ok(None) => {}
                Err(expected) => return Err(CarError::Malformed { offset, expected }),
            }
        }
        unreachable!("a varint of the greatest length is whole or refused")
    }

    fn byte(&mut self) -> Result<Option<u8>, CarError> {
        let mut byte = [0];
        loop {
            match self.input.read(&mut byte) {
                Ok(0) => return Ok(None),
                Ok(_) => {
                    self.offset += 1;
                    return Ok(Some(byte[0]));
                }
                Err(source) if source.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(CarError::Io { offset: self.offset, source }),
            }
        }
    }
}

impl<R: Read> Iterator for CarReader<R> {
    type Item = Result<CarSection, CarError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let section = self.section();
        self.failed = section.is_err();
        section.transpose()
    }
}

fn push_varint(out: &mut Vec<u8>, value: usize) {
    let mut rest = value;
    while rest >= 0x80 {
        out.push(rest.to_le_bytes()[0] | 0x80);
        rest >>= 7;
    }
    out.push(rest.to_le_bytes()[0]);
}

/// Takes a varint in its shortest form, with its length; `None` where the input ends within.
fn split_varint(input: &[u8]) -> Result<Option<(u64, usize)>, &'static str> {
    let mut value = 0;
    for (index, byte) in input.iter().take(VARINT_BYTES_MAX).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            let shortest = *byte != 0 || index == 0;
            return if shortest { Ok(Some((value, index + 1))) } else { Err("a varint in its shortest form") };
        }
    }
    if input.len() < VARINT_BYTES_MAX { Ok(None) } else { Err("a varint of at most 63 bits") }
}

/// Takes a CID of either version from the start of a section's body.
fn split_cid(body: &[u8]) -> Option<(&[u8], &[u8])> {
    if body.starts_with(&[1, 0x71, 0x12, 32]) {
        return body.split_at_checked(CID_LEN);
    }
    if body.starts_with(&[0x12, 0x20]) {
        return body.split_at_checked(34);
    }
    let mut at = 0;
    let mut number = || {
        let (value, len) = split_varint(&body[at..]).ok().flatten()?;
        at += len;
        Some(value)
    };
    let version = number()?;
    let (_codec, _hash, digest) = (number()?, number()?, number()?);
    let len = at.checked_add(usize::try_from(digest).ok()?)?;
    if version == 1 { body.split_at_checked(len) } else { None }
}

/// Reads `{roots: [links], version: 1}`.
fn decode_header(header: &[u8]) -> Result<Vec<Bytes>, &'static str> {
    const EXPECTED: &str = "the header of a CARv1: {roots, version: 1}";
    if header == b"\xa1\x67version\x02" {
        return Err("a CARv1; this is a CARv2");
    }
    let mut input = Decoder::new(header);
    input.map_of(2, EXPECTED).and_then(|()| input.key("roots")).map_err(|_| EXPECTED)?;
    let len = input.list().map_err(|_| EXPECTED)?;
    let mut rest = &header[input.position()..];
    let mut roots = Vec::new();
    for _ in 0..len {
        let link = rest.strip_prefix(&[0xd8, 0x2a]).ok_or("a link")?;
        let mut input = Decoder::new(link);
        let cid = input.bytes().ok().and_then(|bytes| bytes.strip_prefix(&[0])).ok_or("a link")?;
        if !split_cid(cid).is_some_and(|(_, after)| after.is_empty()) {
            return Err("a link");
        }
        roots.push(Bytes::copy_from_slice(cid));
        rest = &link[input.position()..];
    }
    if rest == b"\x67version\x01" { Ok(roots) } else { Err(EXPECTED) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cid::HashKind;

    fn car(blocks: &[&[u8]]) -> Vec<u8> {
        let root = Cid::of_block(HashKind::Sha2_256, b"root");
        let mut writer = CarWriter::new(Vec::new(), &[root]).unwrap();
        for block in blocks {
            writer.section(&Cid::of_block(HashKind::Blake3, block), block).unwrap();
        }
        writer.finish().unwrap()
    }

    #[test]
    fn what_was_written_is_read_back() {
        let long = vec![7; 300];
        let bytes = car(&[b"one", b"", &long]);
        let reader = CarReader::new(bytes.as_slice()).unwrap();
        assert_eq!(reader.roots(), [Bytes::copy_from_slice(&Cid::of_block(HashKind::Sha2_256, b"root").to_bytes())]);
        let sections: Vec<_> = reader.map(Result::unwrap).collect();
        let blocks: Vec<_> = sections.iter().map(|section| section.block.as_ref()).collect();
        assert_eq!(blocks, [b"one".as_slice(), b"", &long]);
        for section in sections {
            let at = usize::try_from(section.offset).unwrap();
            let slice = split_section(&bytes[at..]).unwrap().unwrap();
            assert_eq!((slice.cid, slice.block), (section.cid.as_ref(), section.block.as_ref()));
            assert_eq!(section.cid, Cid::of_block(HashKind::Blake3, &section.block).to_bytes().as_slice());
        }
    }

    #[test]
    fn the_header_is_that_of_the_specification() {
        let mut header = Vec::new();
        push_header(&mut header, &[]);
        assert_eq!(header, b"\x11\xa2\x65roots\x80\x67version\x01");
    }

    #[test]
    fn a_cut_file_is_truncated_wherever_it_is_cut() {
        let bytes = car(&[b"one", &[7; 300]]);
        let whole: Vec<_> = CarReader::new(bytes.as_slice()).unwrap().map(|section| section.unwrap().offset).collect();
        for len in 0..bytes.len() {
            let last = CarReader::new(&bytes[..len]).and_then(|reader| reader.collect::<Result<Vec<_>, _>>());
            match last {
                Ok(sections) => assert!(whole.contains(&(len as u64)) && sections.len() < 2),
                Err(error) => assert!(matches!(error, CarError::Truncated { .. }), "{error}"),
            }
        }
    }

    #[test]
    fn hostile_files_are_refused() {
        let refused = |bytes: &[u8]| {
            let read = CarReader::with_limit(bytes, 64).and_then(|reader| reader.collect::<Result<Vec<_>, _>>());
            read.expect_err("the bytes are no CAR").to_string()
        };
        let header = b"\x11\xa2\x65roots\x80\x67version\x01";
        let with = |section: &[u8]| [header.as_slice(), section].concat();
        assert_eq!(refused(b""), "byte 0: the file ends within this section");
        assert_eq!(refused(b"\x0a\xa1\x67version\x02"), "byte 0: expected a CARv1; this is a CARv2");
        assert_eq!(refused(b"\x41"), "byte 0: a section of 65 bytes, at most 64 are taken");
        assert_eq!(refused(&with(b"\x82\x00aa")), "byte 18: expected a varint in its shortest form");
        assert_eq!(refused(&with(&[0xff; 9])), "byte 18: expected a varint of at most 63 bits");
        assert_eq!(refused(&with(b"\x00")), "byte 18: expected a CID at the start of the section");
        assert_eq!(refused(&with(b"\x04\x01\x71\x12\x20")), "byte 18: expected a CID at the start of the section");
    }
}
