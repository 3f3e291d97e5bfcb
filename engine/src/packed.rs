//! Numbers packed into as few bits as the largest of them needs.
//!
//! A frozen sequence of unsigned numbers, all of one width, laid end to end in 64-bit words. Reading one touches two
//! adjacent words and takes no branch but the bounds checks. Where every number is 0 the sequence owns no heap.

use std::ops::Range;

use crate::pages::Demand;
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

    /// Packs so many zeros.
    pub fn zeros(len: usize) -> Self {
        Self { len, ..Self::default() }
    }

    /// Returns the number at `index`.
    ///
    /// # Panics
    /// Where `index` is not below [`len`](Self::len).
    #[inline]
    pub fn get(&self, index: usize) -> u64 {
        if index >= self.len {
            self.broken("a packed number is asked for beyond the last");
        }
        let bit = index * self.width as usize;
        // Only a sequence of zeros has no words.
        self.words.pair(bit / 64).map_or(0, |words| number_at(*words, bit, self.mask))
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

    /// Packs what `number` says of each item, one after another; it is asked twice.
    pub fn of_all<I: ExactSizeIterator + Clone>(items: I, number: impl Fn(I::Item) -> u64) -> Self {
        let max = items.clone().map(&number).max().unwrap_or(0);
        let mut builder = PackedIntsBuilder::new(items.len(), max);
        items.for_each(|item| builder.push(number(item)));
        builder.finish()
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

    /// Returns the words that the numbers are packed in.
    pub const fn words(&self) -> &Slab<u64> {
        &self.words
    }

    /// Takes words of a file, which hold `len` numbers of `width` bits; `None` where there are more or fewer of them.
    pub fn of_file(words: Slab<u64>, len: usize, width: u32) -> Option<Self> {
        let is_whole = width <= u64::BITS && words.len() == words_of(len, width)?;
        is_whole.then(|| Self { words, len, width, mask: mask_of(width) })
    }

    /// Says that what was read here leads nowhere, as [`Slab::broken`] does.
    ///
    /// # Panics
    /// Always.
    #[cold]
    pub fn broken(&self, what: &'static str) -> ! {
        self.words.broken(what)
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
        let words = vec![0; words_of(len, width).expect("the bits of a sequence in memory can be counted")];
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
    #[inline]
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
        PackedInts { words: Slab::new(self.words), len: self.len, width: self.width, mask: mask_of(self.width) }
    }
}

/// Returns how many words `len` numbers take; `None` where their bits cannot be counted.
fn words_of(len: usize, width: u32) -> Option<usize> {
    let bits = len.checked_mul(width as usize)?;
    Some(if bits == 0 { 0 } else { bits.div_ceil(64) + 1 })
}

fn mask_of(width: u32) -> u64 {
    u64::MAX.checked_shr(u64::BITS - width).unwrap_or(0)
}

/// Returns the number that starts at `bit`, which lies in the first of the words.
#[inline]
const fn number_at([low, high]: [u64; 2], bit: usize, mask: u64) -> u64 {
    let shift = bit % 64;
    // Shifted in two steps: a shift by 64 would be none.
    (low >> shift | (high << 1) << (63 - shift)) & mask
}

/// How the numbers of a sequence in a file must follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// As they will.
    Any,
    /// None below the one before.
    Ascending,
}

/// Demands of each page of a sequence in a file that its numbers are below a bound and follow each other in order. A
/// number belongs to the page in which it starts.
pub fn demand(len: usize, width: u32, below: u64, order: Order) -> Demand {
    Box::new(move |section, page| {
        let Ok(words) = bytemuck::try_cast_slice::<u8, u64>(section) else { return false };
        let (width, mask) = (width as usize, mask_of(width));
        let number = |index: usize| {
            let bit = index * width;
            words.get(bit / 64..).and_then(<[u64]>::first_chunk).map_or(u64::MAX, |words| number_at(*words, bit, mask))
        };
        let first_from = |byte: usize| (byte * 8).div_ceil(width).min(len);
        let (start, end) = (first_from(page.start), first_from(page.end));
        let is_bounded = below > mask || (start..end).all(|index| number(index) < below);
        let ordered = start..end.min(len - 1);
        is_bounded && (order == Order::Any || ordered.into_iter().all(|index| number(index) <= number(index + 1)))
    })
}

#[inline]
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
    fn pages_of_a_file_are_held_to_bound_and_order() {
        let page = crate::pages::PAGE_LEN;
        // Of 20 bits each, so that one starts in the first page and ends in the second.
        let good: Vec<u64> = (0..10_000).map(|number| number * 100).collect();
        let check = |numbers: &[u64], below: u64, order: Order| {
            let packed: PackedInts = numbers.iter().copied().collect();
            let bytes = packed.words().as_bytes().clone();
            let demand = demand(packed.len(), packed.width(), below, order);
            [0..page, page..bytes.len()].map(|page| demand(&bytes, page))
        };
        assert_eq!(check(&good, 999_901, Order::Ascending), [true, true]);
        assert_eq!(check(&good, 999_900, Order::Any), [true, false]);
        let starts_in_second = (page * 8).div_ceil(20);
        for (at, expected) in [(3, [false, true]), (starts_in_second, [false, true]), (9_000, [true, false])] {
            let mut numbers = good.clone();
            numbers[at] = numbers[at - 1] - 1;
            assert_eq!(check(&numbers, 1 << 20, Order::Ascending), expected, "{at}");
            assert_eq!(check(&numbers, 1 << 20, Order::Any), [true, true]);
            numbers[at] = 999_901;
            let found = check(&numbers, 999_901, Order::Any);
            assert_eq!(found, [at < starts_in_second, at >= starts_in_second].map(|bad| !bad), "{at}");
        }
    }

    #[test]
    fn words_of_a_file_must_be_as_many_as_the_numbers_take() {
        let packed: PackedInts = [1, 5, 9].into_iter().collect();
        let of_file = |len, width| PackedInts::of_file(packed.words().clone(), len, width);
        assert_eq!(of_file(3, 4), Some(packed.clone()));
        assert!(of_file(16, 4).is_some() && of_file(17, 4).is_none() && of_file(0, 4).is_none());
        assert!(of_file(1, 65).is_none() && of_file(usize::MAX, 64).is_none());
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
