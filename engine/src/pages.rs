//! The pages of a mapped file: each is checked when it is first touched, so that opening a file reads none of them.
//!
//! A check is the page's checksum and what its section demands of the numbers in it. What does not hold unwinds with
//! [`SnapshotDamage`], without a message, up to [`guarded`]: readers deep in an algorithm have no other way out, and
//! need none, since nothing that was read before is lost.

use std::fmt;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use rayon::prelude::*;

/// The length of a page, bytes. Pages count from the start of their section; the last one may be shorter.
pub const PAGE_LEN: usize = 16 * 1024;

/// Where a snapshot file is not what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the snapshot is damaged: {section}: {what}")]
pub struct SnapshotDamage {
    /// The section, or the part of the file around the sections.
    pub section: &'static str,
    /// What does not hold.
    pub what: &'static str,
}

/// Runs what may read damaged pages.
///
/// # Errors
/// The damage that was met, from whatever depth. Other panics go on.
pub fn guarded<T>(read: impl FnOnce() -> T) -> Result<T, SnapshotDamage> {
    catch_unwind(AssertUnwindSafe(read)).map_err(|payload| match payload.downcast() {
        Ok(damage) => *damage,
        Err(other) => resume_unwind(other),
    })
}

/// Leaves everything up to [`guarded`].
pub fn damaged(section: &'static str, what: &'static str) -> ! {
    resume_unwind(Box::new(SnapshotDamage { section, what }))
}

/// The checksums of a file's pages, and which pages were found to hold.
pub struct Pages {
    file: Bytes,
    /// Where the checksums stand, four bytes a page.
    table: Range<usize>,
    /// The checksums of the pages of that table.
    roots: Box<[u32]>,
    table_held: Box<[AtomicU64]>,
    held: Box<[AtomicU64]>,
}

impl Pages {
    /// Makes the pages of a file whose checksums stand at `table`, which lies within the file; `roots` are those of the
    /// table itself.
    pub fn new(file: Bytes, table: Range<usize>, roots: Box<[u32]>) -> Self {
        assert!(table.end <= file.len() && table.len().div_ceil(PAGE_LEN) == roots.len(), "the tables fit");
        let bits = |pages: usize| (0..pages.div_ceil(64)).map(|_| AtomicU64::new(0)).collect();
        Self { table_held: bits(roots.len()), held: bits(table.len() / 4), file, table, roots }
    }

    #[inline]
    fn holds(&self, page: usize) -> bool {
        is_set(&self.held, page)
    }

    /// Returns whether the checksum of a page is that of `bytes`.
    pub(crate) fn is_checksum_of(&self, page: usize, bytes: &[u8]) -> bool {
        let table = &self.file[self.table.clone()];
        let at = page * 4;
        let part = at / PAGE_LEN;
        if !is_set(&self.table_held, part) {
            let end = (part + 1) * PAGE_LEN;
            if crc32fast::hash(&table[part * PAGE_LEN..end.min(table.len())]) != self.roots[part] {
                return false;
            }
            set(&self.table_held, part);
        }
        table[at..].first_chunk().is_some_and(|sum| u32::from_le_bytes(*sum) == crc32fast::hash(bytes))
    }
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").field("pages", &(self.table.len() / 4)).finish_non_exhaustive()
    }
}

#[inline]
fn is_set(bits: &[AtomicU64], at: usize) -> bool {
    bits[at / 64].load(Ordering::Relaxed) >> (at % 64) & 1 == 1
}

fn set(bits: &[AtomicU64], at: usize) {
    bits[at / 64].fetch_or(1 << (at % 64), Ordering::Relaxed);
}

/// What a section demands of the bytes of one page, given all its bytes and where the page lies.
pub type Demand = Box<dyn Fn(&[u8], Range<usize>) -> bool + Send + Sync>;

/// Checks the pages of one section when they are first touched.
pub struct Guard {
    pages: Arc<Pages>,
    section: &'static str,
    /// The number of the section's first page in the file.
    first: usize,
    demand: Demand,
    /// Whether every page of the section was found to hold.
    all_hold: AtomicBool,
}

impl Guard {
    /// Makes the guard of a section, of which there is one: a page that holds for it is not checked again.
    pub fn new(pages: Arc<Pages>, section: &'static str, first: usize, demand: Demand) -> Self {
        Self { pages, section, first, demand, all_hold: AtomicBool::new(false) }
    }

    /// Checks the pages in which bytes of the section lie; without return where one does not hold.
    #[inline]
    pub fn touch(&self, section: &[u8], bytes: Range<usize>) {
        if self.all_hold.load(Ordering::Relaxed) {
            return;
        }
        self.touch_pages(section, bytes);
    }

    /// Checks every page of the section, on all cores; what is touched afterwards costs next to nothing.
    pub fn touch_all(&self, section: &[u8]) {
        let pages = (0..section.len().div_ceil(PAGE_LEN)).into_par_iter();
        pages.for_each(|page| self.touch_pages(section, page * PAGE_LEN..section.len().min((page + 1) * PAGE_LEN)));
        self.all_hold.store(true, Ordering::Relaxed);
    }

    fn touch_pages(&self, section: &[u8], bytes: Range<usize>) {
        let end = bytes.end.div_ceil(PAGE_LEN);
        for page in bytes.start / PAGE_LEN..end {
            if !self.pages.holds(self.first + page) {
                self.check(section, page);
            }
        }
    }

    /// Says that the section is damaged.
    #[cold]
    pub fn broken(&self, what: &'static str) -> ! {
        damaged(self.section, what)
    }

    #[cold]
    fn check(&self, section: &[u8], page: usize) {
        let bytes = page * PAGE_LEN..section.len().min((page + 1) * PAGE_LEN);
        if !self.pages.is_checksum_of(self.first + page, &section[bytes.clone()]) {
            self.broken("a page has another checksum");
        }
        if !(self.demand)(section, bytes) {
            self.broken("a page holds numbers that cannot be");
        }
        set(&self.pages.held, self.first + page);
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("section", &self.section).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_is_caught_and_a_panic_is_not() {
        assert_eq!(guarded(|| 3), Ok(3));
        let damage = SnapshotDamage { section: "ids", what: "wrong" };
        assert_eq!(guarded(|| damaged("ids", "wrong")), Err::<(), _>(damage));
        let other = catch_unwind(|| guarded(|| resume_unwind(Box::new(7))));
        assert_eq!(other.expect_err("it goes on").downcast_ref(), Some(&7));
    }

    #[test]
    fn each_page_is_checked_once_and_against_both_tables() {
        let byte = |at: usize| u8::try_from(at % 251).expect("it is below 251");
        let section: Vec<u8> = (0..PAGE_LEN + 10).map(byte).collect();
        let sums = [crc32fast::hash(&section[..PAGE_LEN]), crc32fast::hash(&section[PAGE_LEN..])];
        let table: Vec<u8> = sums.iter().flat_map(|sum| sum.to_le_bytes()).collect();
        let guard = |table: &[u8], root: u32, demand: Demand| {
            let pages = Pages::new(Bytes::copy_from_slice(table), 0..8, Box::from([root]));
            Guard::new(Arc::new(pages), "numbers", 0, demand)
        };
        let good = guard(&table, crc32fast::hash(&table), Box::new(|_, page| page.len() == 10));
        assert_eq!(guarded(|| good.touch(&section, PAGE_LEN..PAGE_LEN + 1)), Ok(()));
        assert!(good.pages.holds(1) && !good.pages.holds(0));
        assert!(guarded(|| good.touch(&section, PAGE_LEN - 1..PAGE_LEN)).is_err(), "the demand is for the last page");
        let mut other = section.clone();
        other[PAGE_LEN + 9] ^= 1;
        assert_eq!(guarded(|| good.touch(&other, PAGE_LEN..other.len())), Ok(()), "what was checked is not again");
        let fresh = guard(&table, crc32fast::hash(&table), Box::new(|_, _| true));
        assert!(guarded(|| fresh.touch(&other, PAGE_LEN..other.len())).is_err());
        assert!(guarded(|| fresh.touch_all(&other)).is_err());
        assert!(
            guarded(|| fresh.touch(&other, PAGE_LEN..other.len())).is_err(),
            "a section that does not hold stays so"
        );
        fresh.touch_all(&section);
        assert_eq!(guarded(|| fresh.touch(&other, PAGE_LEN..other.len())), Ok(()), "a whole section is checked once");
        let forged = guard(&table, 1, Box::new(|_, _| true));
        assert!(guarded(|| forged.touch(&section, 0..1)).is_err());
    }
}
