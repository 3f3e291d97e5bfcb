//! Finds the sections of a file and has their pages checked when they are touched.

use std::ops::Range;
use std::sync::Arc;

use bytemuck::Pod;
use bytes::Bytes;
use parking_lot::Mutex;
use rayon::prelude::*;

use crate::packed::{Order, PackedInts, demand};
use crate::pages::{Demand, Guard, PAGE_LEN, Pages, SnapshotDamage, damaged, guarded};
use crate::slab::Slab;

use super::entry::{ALIGNMENT, Section};
use super::kind::SectionKind;

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

    /// Checks the checksum of every page, but not what is in it.
    ///
    /// # Panics
    /// Where one does not hold, as [`damaged`] does.
    pub fn check_sums(&self) {
        let Some(pages) = &self.pages else { return };
        for placed in &self.table {
            let each = self.file[placed.bytes.clone()].par_chunks(PAGE_LEN).enumerate();
            let holds = |(page, bytes): (usize, &[u8])| pages.is_checksum_of(placed.first_page + page, bytes);
            if !each.all(holds) {
                damaged("a section", "a page has another checksum");
            }
        }
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
            guard.touch_all(&self.file[placed.bytes.clone()]);
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
