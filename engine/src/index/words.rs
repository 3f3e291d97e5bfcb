//! Sets of 65,536 bits as 1024 words: the dense form of a block.

/// The words of a dense block.
pub(super) const WORDS: usize = 1024;
/// The ordinals a block spans.
pub(super) const BLOCK_SPAN: u32 = 1 << 16;

/// One bit an ordinal, lowest first.
pub(super) type Words = [u64; WORDS];

/// Makes an empty set on the heap.
pub(super) fn empty() -> Box<Words> {
    vec![0; WORDS].into_boxed_slice().try_into().expect("the slice has 1024 words")
}

/// Returns whether `low` is set.
pub(super) fn has(words: &Words, low: u32) -> bool {
    words[(low >> 6) as usize] >> (low & 63) & 1 == 1
}

/// Sets `low` and returns whether it was clear.
pub(super) fn set(words: &mut Words, low: u32) -> bool {
    let word = &mut words[(low >> 6) as usize];
    let before = *word;
    *word |= 1 << (low & 63);
    *word != before
}

/// Clears `low` and returns whether it was set.
pub(super) fn clear(words: &mut Words, low: u32) -> bool {
    let word = &mut words[(low >> 6) as usize];
    let before = *word;
    *word &= !(1 << (low & 63));
    *word != before
}

/// Visits every word that holds a part of `first..=last` with the mask of that part.
fn for_each_mask(first: u32, last: u32, mut visit: impl FnMut(usize, u64)) {
    debug_assert!(first <= last && last < BLOCK_SPAN, "a range within the block");
    let (from, to) = ((first >> 6) as usize, (last >> 6) as usize);
    for at in from..=to {
        let mut mask = u64::MAX;
        if at == from {
            mask &= u64::MAX << (first & 63);
        }
        if at == to {
            mask &= u64::MAX >> (63 - (last & 63));
        }
        visit(at, mask);
    }
}

/// Sets `first..=last`.
pub(super) fn set_range(words: &mut Words, first: u32, last: u32) {
    for_each_mask(first, last, |at, mask| words[at] |= mask);
}

/// Clears `first..=last`.
pub(super) fn clear_range(words: &mut Words, first: u32, last: u32) {
    for_each_mask(first, last, |at, mask| words[at] &= !mask);
}

/// Counts the bits set in `first..=last`.
pub(super) fn count_range(words: &Words, first: u32, last: u32) -> u32 {
    let mut count = 0;
    for_each_mask(first, last, |at, mask| count += (words[at] & mask).count_ones());
    count
}

/// Counts the bits set.
pub(super) fn count(words: &Words) -> u32 {
    words.iter().map(|word| word.count_ones()).sum()
}

/// Counts the bits set in both.
pub(super) fn count_both(a: &Words, b: &Words) -> u32 {
    a.iter().zip(b).map(|(a, b)| (a & b).count_ones()).sum()
}

/// Counts the runs of consecutive bits.
pub(super) fn count_runs(words: &Words) -> u32 {
    let mut before = 0;
    let mut runs = 0;
    for word in words {
        runs += (word & !(word << 1 | before)).count_ones();
        before = word >> 63;
    }
    runs
}

/// Iterates over the bits set, ascending.
#[derive(Debug, Clone)]
pub(super) struct Bits<'a> {
    words: &'a Words,
    at: usize,
    rest: u64,
}

impl<'a> Bits<'a> {
    /// Iterates over the bits at `low` and above.
    pub(super) fn from(words: &'a Words, low: u32) -> Self {
        let at = (low >> 6) as usize;
        Self { words, at, rest: words[at] & (u64::MAX << (low & 63)) }
    }
}

impl Iterator for Bits<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        while self.rest == 0 {
            self.at += 1;
            self.rest = *self.words.get(self.at)?;
        }
        let bit = self.rest.trailing_zeros();
        self.rest &= self.rest - 1;
        Some(u32::try_from(self.at << 6).expect("a block has 65,536 bits") | bit)
    }
}
