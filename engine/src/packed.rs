//! Numbers packed into as few bits as the largest of them needs.
//!
//! A frozen sequence of unsigned numbers, all of one width, laid end to end in 64-bit words. Reading one touches two
//! adjacent words and takes no branch but the bounds checks. Where every number is 0 the sequence owns no heap.

use std::ops::Range;

use crate::slab::Slab;

/// A frozen sequence of numbers of equal bit width. Clones share it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackedInts {
    /// The numbers' bits, low first, and one word more so that two words can always be read.
    words: Slab<u64>,
    len: usize,
    width: u32,
    mask: u64,
}

impl PackedInts {
    /// Packs `number(0)` to `number(len - 1)`; `max` is a bound that none of them exceeds.
    ///
    /// # Panics
    /// Where a number exceeds `max`.
    pub fn from_fn(len: usize, max: u64, mut number: impl FnMut(usize) -> u64) -> Self {
        let mut builder = PackedIntsBuilder::new(len, max);
        (0..len).for_each(|index| builder.push(number(index)));
        builder.finish()
    }

    /// Returns the number at `index`.
    ///
    /// # Panics
    /// Where `index` is not below [`len`](Self::len).
    #[inline]
    pub fn get(&self, index: usize) -> u64 {
        assert!(index < self.len, "index {index} of {}", self.len);
        let bit = index * self.width as usize;
        let Some(&[low, high]) = self.words.get(bit / 64..).and_then(|words| words.first_chunk()) else {
            // Only a sequence of zeros has no words.
            return 0;
        };
        let shift = bit % 64;
        // Shifted in two steps: a shift by 64 would be none.
        (low >> shift | (high << 1) << (63 - shift)) & self.mask
    }

    /// Returns the number at `index`, of a sequence whose numbers all have at most 32 bits.
    ///
    /// # Panics
    /// Where `index` is not below [`len`](Self::len).
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the caller packed numbers of 32 bits")]
    pub fn get_u32(&self, index: usize) -> u32 {
        debug_assert!(self.width <= 32, "the numbers have {} bits", self.width);
        self.get(index) as u32
    }

    /// Returns the span from the number at `index` to the next one, of a sequence of offsets.
    ///
    /// # Panics
    /// Where `index + 1` is not below [`len`](Self::len).
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "offsets into memory fit a usize")]
    pub fn span(&self, index: usize) -> Range<usize> {
        self.get(index) as usize..self.get(index + 1) as usize
    }

    /// Packs what `number` says of each item; it is asked twice.
    pub fn of<T>(items: &[T], number: impl Fn(&T) -> u64) -> Self {
        let max = items.iter().map(&number).max().unwrap_or(0);
        Self::from_fn(items.len(), max, |index| number(&items[index]))
    }

    /// Returns the numbers in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = u64> + '_ {
        (0..self.len).map(|index| self.get(index))
    }

    /// Returns how many numbers there are.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Returns whether there is no number.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the bits that one number takes.
    pub const fn width(&self) -> u32 {
        self.width
    }

    /// Returns the bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.words.heap_bytes()
    }
}

impl FromIterator<u64> for PackedInts {
    fn from_iter<I: IntoIterator<Item = u64>>(numbers: I) -> Self {
        let numbers: Vec<u64> = numbers.into_iter().collect();
        Self::from_fn(numbers.len(), numbers.iter().copied().max().unwrap_or(0), |index| numbers[index])
    }
}

/// Returns the first of `0..len` for which `is_before` does not hold, where it holds for a first part only.
pub fn partition(len: usize, is_before: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, len);
    while low < high {
        let middle = usize::midpoint(low, high);
        if is_before(middle) { low = middle + 1 } else { high = middle }
    }
    low
}

/// Packs numbers one by one.
#[derive(Debug)]
pub struct PackedIntsBuilder {
    words: Vec<u64>,
    room: usize,
    len: usize,
    max: u64,
    width: u32,
}

impl PackedIntsBuilder {
    /// Makes room for `len` numbers, none of which exceeds `max`.
    pub fn new(len: usize, max: u64) -> Self {
        let width = u64::BITS - max.leading_zeros();
        let bits = len.checked_mul(width as usize).expect("the bits of a sequence in memory can be counted");
        let words = vec![0; if bits == 0 { 0 } else { bits.div_ceil(64) + 1 }];
        Self { words, room: len, len: 0, max, width }
    }

    /// Adds a number.
    ///
    /// # Panics
    /// Where it exceeds the announced bound, or there are more than were announced.
    pub fn push(&mut self, number: u64) {
        self.set(self.len, number);
    }

    /// Gives the number at `index` its value, each once, in any order.
    ///
    /// # Panics
    /// Where it exceeds the announced bound, or `index` the announced length.
    pub fn set(&mut self, index: usize, number: u64) {
        assert!(number <= self.max, "{number} at {index} exceeds the announced {}", self.max);
        assert!(index < self.room, "more than the announced {}", self.room);
        if self.width != 0 {
            put(&mut self.words, index * self.width as usize, number);
        }
        self.len += 1;
    }

    /// Returns the sequence.
    ///
    /// # Panics
    /// Where there are fewer numbers than were announced.
    pub fn finish(self) -> PackedInts {
        assert_eq!(self.len, self.room, "as many numbers as were announced");
        let mask = u64::MAX.checked_shr(u64::BITS - self.width).unwrap_or(0);
        PackedInts { words: Slab::new(self.words), len: self.len, width: self.width, mask }
    }
}

fn put(words: &mut [u64], bit: usize, number: u64) {
    let (word, shift) = (bit / 64, bit % 64);
    words[word] |= number << shift;
    words[word + 1] |= (number >> 1) >> (63 - shift);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_packed_is_read(numbers: Vec<u64>, width in 0u32..=64) {
            let numbers: Vec<u64> =
                numbers.iter().map(|number| number.checked_shr(64 - width).unwrap_or(0)).collect();
            let packed: PackedInts = numbers.iter().copied().collect();
            prop_assert_eq!(packed.len(), numbers.len());
            prop_assert!(packed.iter().eq(numbers.iter().copied()));
            prop_assert!(packed.heap_bytes() <= (numbers.len() * packed.width() as usize).div_ceil(64) * 8 + 8);
        }
    }

    #[test]
    fn zeros_own_no_heap() {
        let packed = PackedInts::from_fn(1000, 0, |_| 0);
        assert_eq!((packed.len(), packed.get(999), packed.heap_bytes()), (1000, 0, 0));
    }

    #[test]
    fn the_widest_numbers_fit() {
        let packed: PackedInts = [u64::MAX, 0, u64::MAX].into_iter().collect();
        assert_eq!(packed.iter().collect::<Vec<_>>(), [u64::MAX, 0, u64::MAX]);
    }

    #[test]
    fn offsets_give_spans() {
        let offsets: PackedInts = [0, 3, 3, 10].into_iter().collect();
        assert_eq!((0..3).map(|index| offsets.span(index)).collect::<Vec<_>>(), [0..3, 3..3, 3..10]);
    }

    #[test]
    #[should_panic(expected = "exceeds the announced")]
    fn a_number_above_the_bound_is_refused() {
        PackedInts::from_fn(1, 3, |_| 4);
    }
}
