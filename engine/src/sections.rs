//! The sections of a snapshot file: written one after another, found and checked again by their kind.
//!
//! What is in a section only its owner knows: the state, the pool, the indices write and read their own. A reader tells
//! what it demands of a section's numbers, and a page that does not hold is never read. See `docs/SNAPSHOT.md`.

use std::fmt;
use std::io::{self, Write};
use std::ops::Range;
use std::sync::Arc;

use bytemuck::Pod;
use bytes::Bytes;
use crc32fast::Hasher;
use parking_lot::Mutex;
use rayon::prelude::*;

use crate::packed::{Order, PackedInts, demand};
use crate::pages::{Demand, Guard, PAGE_LEN, Pages, SnapshotDamage, damaged, guarded};
use crate::slab::Slab;

/// Sections start at multiples of this, bytes.
pub const ALIGNMENT: u64 = 64;

/// The length of an entry of the section table, bytes.
pub const ENTRY_LEN: usize = 32;

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $number:literal, $name:literal;)*) => {
        /// What a section holds; the numbers never change.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u32)]
        pub enum SectionKind {
            $($(#[$doc])* $kind = $number,)*
        }

        impl SectionKind {
            /// Every kind, in the order in which sections stand in a file.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// Returns its name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }
        }
    };
}

kinds! {
    /// The names in use.
    Names = 1, "names";
    /// What is known of the graph as a whole.
    Info = 2, "info";
    /// Component types and their categories.
    Categories = 3, "categories";
    /// The ids of nodes.
    NodeIds = 16, "node ids";
    /// The table from ids to nodes.
    NodeTable = 17, "node table";
    /// The kinds of nodes.
    NodeKinds = 18, "node kinds";
    /// Where the key of each node ends.
    KeyOffsets = 19, "key offsets";
    /// The keys of nodes.
    KeyBytes = 20, "key bytes";
    /// The component sets of nodes.
    NodeSets = 21, "node sets";
    /// The versions at which nodes last changed.
    NodeVersions = 22, "node versions";
    /// Where the outgoing edges of each node end.
    OutOffsets = 32, "out offsets";
    /// The targets of edges.
    OutTargets = 33, "out targets";
    /// Where the incoming edges of each node end.
    InOffsets = 34, "in offsets";
    /// The sources of incoming edges.
    InSources = 35, "in sources";
    /// The ordinals of incoming edges.
    InPositions = 36, "in positions";
    /// The names of the kinds that edges have.
    EdgeKindNames = 47, "edge kind names";
    /// The kinds of edges: places among their names.
    EdgeKinds = 48, "edge kinds";
    /// The properties of edges.
    EdgeProperties = 49, "edge properties";
    /// The versions at which edges were connected.
    EdgeVersions = 50, "edge versions";
    /// The places of edges among those of their version.
    EdgeIndices = 51, "edge indices";
    /// Edges in the order of their creation.
    EdgesByCreation = 52, "edges by creation";
    /// Edges that have a caller's id.
    CallerPositions = 53, "caller positions";
    /// Callers' ids of edges.
    CallerIds = 54, "caller ids";
    /// Callers' ids in order.
    CallersById = 55, "callers by id";
    /// The pool's values.
    ValueBytes = 64, "value bytes";
    /// Where each value ends.
    ValueOffsets = 65, "value offsets";
    /// The pool's components.
    ComponentWords = 66, "component words";
    /// Where each component ends.
    ComponentOffsets = 67, "component offsets";
    /// The pool's component sets.
    SetWords = 68, "set words";
    /// Where each set ends.
    SetOffsets = 69, "set offsets";
    /// The table that finds values.
    ValueTable = 70, "value table";
    /// The table that finds components.
    ComponentTable = 71, "component table";
    /// The table that finds sets.
    SetTable = 72, "set table";
    /// How many nodes use each set.
    SetUses = 73, "set uses";
    /// How many edges use each component.
    ComponentUses = 74, "component uses";
    /// The indices.
    Index = 96, "index";
}

/// An entry of the section table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Section {
    /// The number of its kind.
    pub kind: u32,
    /// The bits that each element takes.
    pub width: u32,
    /// How many elements there are.
    pub count: u64,
    /// Where it starts in the file.
    pub offset: u64,
    /// Its length, bytes.
    pub length: u64,
}

impl Section {
    /// Returns the entry as it stands in a file.
    pub fn to_bytes(&self) -> [u8; ENTRY_LEN] {
        let mut bytes = [0; ENTRY_LEN];
        bytes[0..4].copy_from_slice(&self.kind.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.width.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.count.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.offset.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.length.to_le_bytes());
        bytes
    }

    /// Reads an entry.
    pub fn from_bytes(bytes: &[u8; ENTRY_LEN]) -> Self {
        let half = |at: usize| u32::from_le_bytes(*bytes[at..].first_chunk().expect("the field lies within"));
        let whole = |at: usize| u64::from_le_bytes(*bytes[at..].first_chunk().expect("the field lies within"));
        Self { kind: half(0), width: half(4), count: whole(8), offset: whole(16), length: whole(24) }
    }

    fn pages(&self) -> u64 {
        self.length.div_ceil(PAGE_LEN as u64)
    }
}

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
        self.out.write_all(&[0; ALIGNMENT as usize][..gap])?;
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

/// Returns how many zero bytes stand between `at` and the next place where a section may start.
pub fn padding(at: u64) -> usize {
    usize::try_from(at.next_multiple_of(ALIGNMENT) - at).expect("the gap is short")
}

/// The sections of a file.
#[derive(Debug)]
pub struct Sections {
    file: Bytes,
    /// Where the first section may start.
    start: usize,
    /// Where the last one ends, but for padding.
    end: usize,
    table: Vec<Placed>,
    /// The pages that are still to be checked; none where all were.
    pages: Option<Arc<Pages>>,
    /// The guards of the sections that were read.
    guards: Mutex<Vec<(SectionKind, Arc<Guard>)>>,
}

#[derive(Debug)]
struct Placed {
    section: Section,
    bytes: Range<usize>,
    first_page: usize,
}

impl Sections {
    /// Places the sections of a file, which lie within `bounds`, in order, and have `page_count` pages.
    ///
    /// # Errors
    /// Where they do not.
    pub fn new(
        file: Bytes,
        table: impl Iterator<Item = Section>,
        bounds: Range<u64>,
        page_count: usize,
    ) -> Result<Self, SnapshotDamage> {
        let wrong = |what| SnapshotDamage { section: "section table", what };
        assert!(bounds.end <= file.len() as u64, "the bounds lie within the file");
        let (mut placed, mut at, mut kind, mut pages) = (Vec::new(), bounds.start, 0, 0);
        for section in table {
            if section.kind <= kind {
                return Err(wrong("a section is not in the order of kinds"));
            }
            if section.offset % ALIGNMENT != 0 || section.offset < at || section.offset - at >= ALIGNMENT {
                return Err(wrong("a section does not start where the one before ends"));
            }
            let end = section.offset.checked_add(section.length).filter(|end| *end <= bounds.end);
            let end = end.ok_or(wrong("a section goes beyond the file"))?;
            let bytes = place(section.offset)..place(end);
            placed.push(Placed { section, bytes, first_page: place(pages) });
            (at, kind) = (end, section.kind);
            pages += section.pages();
        }
        if bounds.end - at >= ALIGNMENT {
            return Err(wrong("the sections end before their tables start"));
        }
        if pages != page_count as u64 {
            return Err(wrong("the sections have more or fewer pages than the file"));
        }
        Ok(Self {
            file,
            start: place(bounds.start),
            end: place(bounds.end),
            table: placed,
            pages: None,
            guards: Mutex::default(),
        })
    }

    /// Has each page checked when it is first touched.
    pub fn guard(&mut self, pages: Pages) {
        self.pages = Some(Arc::new(pages));
    }

    /// Returns the table.
    pub fn table(&self) -> impl ExactSizeIterator<Item = &Section> {
        self.table.iter().map(|placed| &placed.section)
    }

    /// Checks every page that was not checked before, those of sections that nobody read too, and what stands between
    /// sections.
    ///
    /// # Panics
    /// Where something does not hold, as [`damaged`] does.
    pub fn check_pages(&self) {
        let Some(pages) = &self.pages else { return };
        let guards = self.guards.lock().clone();
        let starts = self.table.iter().map(|placed| placed.bytes.start).chain([self.end]);
        let ends = [self.start].into_iter().chain(self.table.iter().map(|placed| placed.bytes.end));
        if ends.zip(starts).any(|(end, start)| self.file[end..start].iter().any(|byte| *byte != 0)) {
            damaged("section table", "something stands between two sections");
        }
        for placed in &self.table {
            let known = guards.iter().find(|(kind, _)| *kind as u32 == placed.section.kind);
            let bare =
                || Arc::new(Guard::new(Arc::clone(pages), "a section", placed.first_page, Box::new(|_, _| true)));
            let guard = known.map_or_else(bare, |(_, guard)| Arc::clone(guard));
            let bytes = &self.file[placed.bytes.clone()];
            let starts = (0..bytes.len().div_ceil(PAGE_LEN)).into_par_iter();
            starts.for_each(|page| guard.touch(bytes, page * PAGE_LEN..bytes.len().min((page + 1) * PAGE_LEN)));
        }
    }

    /// Returns the entry of a section, where there is one.
    pub fn get(&self, kind: SectionKind) -> Option<&Section> {
        self.placed(kind).map(|placed| &placed.section)
    }

    /// Returns how many elements a section has.
    ///
    /// # Errors
    /// Where there is no such section, or more elements than memory could hold.
    pub fn count(&self, kind: SectionKind) -> Result<usize, SnapshotDamage> {
        usize::try_from(self.need(kind)?.section.count).map_err(|_| wrong(kind, "it has too many elements"))
    }

    /// Returns packed numbers: `len` of them, each below `below`, and in order.
    ///
    /// # Errors
    /// Where they are more or fewer; the numbers are checked when they are touched.
    pub fn numbers(
        &self,
        kind: SectionKind,
        len: usize,
        below: u64,
        order: Order,
    ) -> Result<PackedInts, SnapshotDamage> {
        let placed = self.need(kind)?;
        let width = placed.section.width;
        if placed.section.count != len as u64 || width > u64::BITS {
            return Err(wrong(kind, "it has more or fewer numbers than the others say"));
        }
        if len > 0 && below == 0 {
            return Err(wrong(kind, "its numbers name things of which there are none"));
        }
        let words = self.part(kind, placed, demand(len, width, below, order))?;
        PackedInts::of_file(words, len, width).ok_or(wrong(kind, "its length is not that of its numbers"))
    }

    /// Returns plain numbers; `demand` is asked about each page when it is first touched.
    ///
    /// # Errors
    /// Where the section is not one of such numbers.
    pub fn slab<T: Pod + Send>(&self, kind: SectionKind, demand: Demand) -> Result<Slab<T>, SnapshotDamage> {
        let placed = self.need(kind)?;
        let is_whole = placed.section.count.checked_mul(size_of::<T>() as u64) == Some(placed.section.length);
        if !is_whole || u64::from(placed.section.width) != size_of::<T>() as u64 * 8 {
            return Err(wrong(kind, "its length is not that of its numbers"));
        }
        self.part(kind, placed, demand)
    }

    /// Returns the bytes of a section, all of them checked.
    ///
    /// # Errors
    /// Where there is no such section or a page does not hold.
    pub fn bytes(&self, kind: SectionKind) -> Result<Bytes, SnapshotDamage> {
        let slab = self.slab::<u8>(kind, Box::new(|_, _| true))?;
        guarded(|| slab.all().len())?;
        Ok(slab.as_bytes().clone())
    }

    fn part<T: Pod + Send>(
        &self,
        kind: SectionKind,
        placed: &Placed,
        demand: Demand,
    ) -> Result<Slab<T>, SnapshotDamage> {
        let guard = self.pages.as_ref().map(|pages| {
            let guard = Arc::new(Guard::new(Arc::clone(pages), kind.name(), placed.first_page, demand));
            self.guards.lock().push((kind, Arc::clone(&guard)));
            guard
        });
        let slab = Slab::of_file(self.file.slice(placed.bytes.clone()), guard);
        slab.ok_or(wrong(kind, "its place or length is not that of whole numbers"))
    }

    fn placed(&self, kind: SectionKind) -> Option<&Placed> {
        let at = self.table.binary_search_by_key(&(kind as u32), |placed| placed.section.kind).ok()?;
        Some(&self.table[at])
    }

    fn need(&self, kind: SectionKind) -> Result<&Placed, SnapshotDamage> {
        self.placed(kind).ok_or(wrong(kind, "it is missing"))
    }
}

/// Makes the damage of a section.
pub const fn wrong(kind: SectionKind, what: &'static str) -> SnapshotDamage {
    SnapshotDamage { section: kind.name(), what }
}

fn place(at: u64) -> usize {
    usize::try_from(at).expect("a place within a mapped file fits memory")
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

    #[test]
    fn an_entry_is_read_as_it_was_written() {
        let section = Section { kind: 1, width: 2, count: 3, offset: 4, length: u64::MAX };
        assert_eq!(Section::from_bytes(&section.to_bytes()), section);
    }
}
