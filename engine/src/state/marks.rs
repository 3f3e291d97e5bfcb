//! Which of many elements are marked, and what is kept of those alone: a bit each, with counts that lead from an element
//! to its place among the marked ones. Where nothing is marked there is no heap.

use std::io;

use crate::packed::{Order, PackedInts};
use crate::pages::SnapshotDamage;
use crate::sections::{SectionKind, SectionWriter, Sections, wrong};
use crate::slab::Slab;

/// The marked ones among elements that are numbered from 0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    /// A bit for each element, low first.
    pub(crate) words: Slab<u64>,
    /// How many are marked before each block of words.
    pub(crate) counts: Slab<u32>,
}

/// Words that share one count: a cache line.
const BLOCK_WORDS: usize = 8;

impl Marks {
    /// Marks elements below `len`, given in any order.
    pub(crate) fn new(len: usize, marked: impl Iterator<Item = u32>) -> Self {
        let mut words = Vec::new();
        for element in marked {
            words.resize(len.div_ceil(64), 0);
            words[element as usize / 64] |= 1_u64 << (element % 64);
        }
        let mut count = 0;
        let counts = words.chunks(BLOCK_WORDS).map(|block| {
            let before = count;
            count += ones(block);
            before
        });
        Self { counts: counts.collect(), words: Slab::new(words) }
    }

    /// Returns the place of an element among the marked ones, where it is one.
    #[inline]
    pub(crate) fn place(&self, element: usize) -> Option<usize> {
        let (at, bit) = (element / 64, 1_u64 << (element % 64));
        if at >= self.words.len() {
            return None;
        }
        let word = self.words.get(at);
        if word & bit == 0 {
            return None;
        }
        let block = at / BLOCK_WORDS;
        let before = self.counts.get(block) as usize;
        Some(before + (ones(self.words.run(block * BLOCK_WORDS..at)) + (word & (bit - 1)).count_ones()) as usize)
    }

    /// Returns the marked elements, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        let bits = |word: u64| {
            std::iter::successors((word != 0).then_some(word), |left| {
                let left = left & (left - 1);
                (left != 0).then_some(left)
            })
        };
        (0_u32..)
            .zip(self.words.all())
            .flat_map(move |(at, word)| bits(*word).map(move |left| at * 64 + left.trailing_zeros()))
    }

    /// Returns whether nothing is marked.
    #[inline]
    pub(crate) const fn is_empty(&self) -> bool {
        self.words.as_bytes().is_empty()
    }

    /// Checks that the counts are those of the marks, and that what is kept of the marked ones is of `numbers` of them.
    ///
    /// # Panics
    /// Where they are not, as [`Slab::broken`] does.
    pub(super) fn check(&self, numbers: usize) {
        let mut before = 0_usize;
        for (block, words) in self.words.all().chunks(BLOCK_WORDS).enumerate() {
            if self.counts.get(block) as usize != before {
                self.counts.broken("marks were not counted so");
            }
            before += ones(words) as usize;
        }
        if before != numbers {
            self.words.broken("more or fewer are marked than there are numbers");
        }
    }

    /// Writes marks and counts.
    pub(super) fn write(&self, [words, counts]: [SectionKind; 2], out: &mut SectionWriter<'_>) -> io::Result<()> {
        out.slab(words, &self.words)?;
        out.slab(counts, &self.counts)
    }

    /// Reads the marks of `len` elements.
    pub(super) fn read(
        sections: &Sections,
        [words, counts]: [SectionKind; 2],
        len: usize,
    ) -> Result<Self, SnapshotDamage> {
        let beyond = if len.is_multiple_of(64) { 0 } else { u64::MAX << (len % 64) };
        let is_within = move |section: &[u8], page: std::ops::Range<usize>| {
            let last = section.last_chunk().map_or(0, |word| u64::from_le_bytes(*word));
            page.end < section.len() || last & beyond == 0
        };
        let (kind, words) = (words, sections.slab::<u64>(words, Box::new(is_within))?);
        if !words.is_empty() && words.len() != len.div_ceil(64) {
            return Err(wrong(kind, "there are marks of more or fewer than there are"));
        }
        let (kind, counts) = (counts, sections.slab::<u32>(counts, Box::new(|_, _| true))?);
        if counts.len() != words.len().div_ceil(BLOCK_WORDS) {
            return Err(wrong(kind, "there are more or fewer than blocks of marks"));
        }
        Ok(Self { words, counts })
    }

    /// Returns the bytes on the heap.
    pub(crate) const fn heap_bytes(&self) -> usize {
        self.words.heap_bytes() + self.counts.heap_bytes()
    }
}

fn ones(words: &[u64]) -> u32 {
    words.iter().map(|word| word.count_ones()).sum()
}

/// A number for some of many elements.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sparse {
    pub(crate) marks: Marks,
    /// The numbers of the marked elements, in their order.
    pub(crate) numbers: PackedInts,
}

impl Sparse {
    /// Keeps numbers of elements below `len`, given in the order of the elements.
    pub(crate) fn new(len: usize, numbers: &[(u32, u32)]) -> Self {
        assert!(numbers.is_sorted_by(|a, b| a.0 < b.0), "numbers come in the order of their elements");
        Self {
            marks: Marks::new(len, numbers.iter().map(|(element, _)| *element)),
            numbers: PackedInts::of(numbers, |(_, number)| u64::from(*number)),
        }
    }

    /// Returns the number of an element.
    #[inline]
    pub(crate) fn get(&self, element: usize) -> Option<u32> {
        self.marks.place(element).map(|place| self.numbers.get_u32(place))
    }

    /// Returns the elements with their numbers, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.marks.iter().enumerate().map(|(place, element)| (element, self.numbers.get_u32(place)))
    }

    /// Returns whether there is no number.
    #[inline]
    pub(crate) const fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    /// Checks that there is a number for each mark, as [`Marks::check`] does.
    pub(super) fn check(&self) {
        self.marks.check(self.numbers.len());
    }

    /// Writes marks, counts and numbers.
    pub(super) fn write(&self, kinds: [SectionKind; 3], out: &mut SectionWriter<'_>) -> io::Result<()> {
        let [words, counts, numbers] = kinds;
        self.marks.write([words, counts], out)?;
        out.numbers(numbers, &self.numbers)
    }

    /// Reads numbers below `below` of elements below `len`.
    pub(super) fn read(
        sections: &Sections,
        [words, counts, numbers]: [SectionKind; 3],
        len: usize,
        below: u64,
    ) -> Result<Self, SnapshotDamage> {
        let marks = Marks::read(sections, [words, counts], len)?;
        let numbers = sections.numbers(numbers, sections.count(numbers)?, below, Order::Any)?;
        Ok(Self { marks, numbers })
    }

    /// Returns the bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.marks.heap_bytes() + self.numbers.heap_bytes()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn behaves_as_a_map(numbers in prop::collection::btree_map(0_u32..3000, any::<u32>(), 0..300)) {
            let given: Vec<(u32, u32)> = numbers.iter().map(|(element, number)| (*element, *number)).collect();
            let sparse = Sparse::new(3000, &given);
            prop_assert_eq!(sparse.is_empty(), numbers.is_empty());
            prop_assert_eq!(sparse.iter().collect::<BTreeMap<_, _>>(), numbers.clone());
            for element in 0..3100 {
                let expected = u32::try_from(element).ok().and_then(|element| numbers.get(&element).copied());
                prop_assert_eq!(sparse.get(element), expected);
            }
        }
    }

    #[test]
    fn without_marks_there_is_no_heap() {
        let sparse = Sparse::new(1 << 20, &[]);
        assert_eq!((sparse.heap_bytes(), sparse.get(5), sparse.is_empty()), (0, None, true));
    }
}
