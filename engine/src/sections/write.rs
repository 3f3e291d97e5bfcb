//! Writes sections one after another and sums their pages up.

use std::fmt;
use std::io::{self, Write};

use bytemuck::Pod;
use crc32fast::Hasher;

use crate::packed::PackedInts;
use crate::pages::PAGE_LEN;
use crate::slab::Slab;

use super::entry::{Section, padding};
use super::kind::SectionKind;

/// Writes sections one after another, in the order of their kinds, and sums their pages up.
pub struct SectionWriter<'a> {
    out: &'a mut dyn Write,
    at: u64,
    table: Vec<Section>,
    checksums: Vec<u32>,
}

impl<'a> SectionWriter<'a> {
    /// Writes to `out`, where `at` bytes of the file stand before.
    pub const fn new(out: &'a mut dyn Write, at: u64) -> Self {
        Self { out, at, table: Vec::new(), checksums: Vec::new() }
    }

    /// Writes a section of elements of `width` bits.
    ///
    /// # Errors
    /// What the writer says.
    ///
    /// # Panics
    /// Where a section of a later kind was written before.
    pub fn elements(&mut self, kind: SectionKind, width: u32, count: usize, bytes: &[u8]) -> io::Result<()> {
        let kind = kind as u32;
        assert!(self.table.last().is_none_or(|last| last.kind < kind), "sections are written in order");
        self.align()?;
        self.out.write_all(bytes)?;
        self.checksums.extend(bytes.chunks(PAGE_LEN).map(crc32fast::hash));
        self.table.push(Section { kind, width, count: count as u64, offset: self.at, length: bytes.len() as u64 });
        self.at += bytes.len() as u64;
        Ok(())
    }

    /// Writes a section of bytes as they come.
    ///
    /// # Errors
    /// What the writer says.
    pub fn stream(
        &mut self,
        kind: SectionKind,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        self.elements(kind, 8, 0, &[])?;
        let mut stream = Stream { out: &mut *self.out, length: 0, page: Hasher::new(), checksums: &mut self.checksums };
        write(&mut stream)?;
        let length = stream.finish();
        let section = self.table.last_mut().expect("it was begun above");
        (section.count, section.length) = (length, length);
        self.at += length;
        Ok(())
    }

    /// Writes packed numbers.
    ///
    /// # Errors
    /// What the writer says.
    pub fn numbers(&mut self, kind: SectionKind, numbers: &PackedInts) -> io::Result<()> {
        numbers.words().all();
        self.elements(kind, numbers.width(), numbers.len(), numbers.words().as_bytes())
    }

    /// Writes plain numbers.
    ///
    /// # Errors
    /// What the writer says.
    pub fn slab<T: Pod + Send>(&mut self, kind: SectionKind, slab: &Slab<T>) -> io::Result<()> {
        slab.all();
        let width = u32::try_from(size_of::<T>() * 8).expect("elements are small");
        self.elements(kind, width, slab.len(), slab.as_bytes())
    }

    /// Returns the section table and the checksums of the pages, and where the sections end.
    pub fn finish(self) -> (Vec<Section>, Vec<u32>, u64) {
        (self.table, self.checksums, self.at)
    }

    fn align(&mut self) -> io::Result<()> {
        let gap = padding(self.at);
        self.out.write_all(&[0; 64][..gap])?;
        self.at += gap as u64;
        Ok(())
    }
}

impl fmt::Debug for SectionWriter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SectionWriter")
            .field("at", &self.at)
            .field("sections", &self.table.len())
            .finish_non_exhaustive()
    }
}

/// The bytes of a section on their way.
struct Stream<'a> {
    out: &'a mut dyn Write,
    length: u64,
    /// The checksum of the page so far.
    page: Hasher,
    checksums: &'a mut Vec<u32>,
}

impl Stream<'_> {
    /// Returns how many bytes of the page are still to come.
    fn room(&self) -> usize {
        PAGE_LEN - usize::try_from(self.length % PAGE_LEN as u64).expect("a page is short")
    }

    fn end_page(&mut self) {
        self.checksums.push(std::mem::take(&mut self.page).finalize());
    }

    fn finish(mut self) -> u64 {
        if self.room() < PAGE_LEN {
            self.end_page();
        }
        self.length
    }
}

impl Write for Stream<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(&bytes[..bytes.len().min(self.room())])?;
        self.page.update(&bytes[..written]);
        self.length += written as u64;
        if written > 0 && self.room() == PAGE_LEN {
            self.end_page();
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes bytes as a whole and in pieces of `piece`, and returns what stands in the file and its checksums.
    fn written(bytes: &[u8], piece: usize) -> [(Vec<u8>, Vec<u32>, Section); 2] {
        let whole = |out: &mut SectionWriter<'_>| out.elements(SectionKind::Index, 8, bytes.len(), bytes);
        let streamed = |out: &mut SectionWriter<'_>| {
            out.stream(SectionKind::Index, |out| bytes.chunks(piece).try_for_each(|piece| out.write_all(piece)))
        };
        let write = |how: &dyn Fn(&mut SectionWriter<'_>) -> io::Result<()>| {
            let mut file = Vec::new();
            let mut sections = SectionWriter::new(&mut file, 70);
            how(&mut sections).expect("memory takes it");
            let (table, checksums, end) = sections.finish();
            assert_eq!(end, 70 + file.len() as u64);
            (file, checksums, table[0])
        };
        [write(&whole), write(&streamed)]
    }

    fn byte(at: usize) -> u8 {
        u8::try_from(at % 251).expect("it is below 251")
    }

    #[test]
    fn a_section_that_comes_in_pieces_is_the_same() {
        for len in [0, 1, PAGE_LEN - 1, PAGE_LEN, PAGE_LEN + 1, 3 * PAGE_LEN] {
            let bytes: Vec<u8> = (0..len).map(byte).collect();
            for piece in [1000, PAGE_LEN, 5 * PAGE_LEN] {
                let [whole, streamed] = written(&bytes, piece);
                assert_eq!(whole, streamed, "{len} bytes in pieces of {piece}");
                assert_eq!(whole.1.len(), len.div_ceil(PAGE_LEN));
            }
        }
    }
}
