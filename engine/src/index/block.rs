//! A block: a set of ordinals within a span of 65,536, in the form that suits its density.
//!
//! Up to [`SPARSE_MAX`] ordinals a block is a sorted array; above it is a bit set, or runs where it was built from few
//! runs. Arrays and runs are those of the `roaring` crate; the bit set is our own, because counting a conjunction of
//! two must cost a few hundred nanoseconds and a lookup no branch.

use roaring::RoaringBitmap;

use super::words::{self, BLOCK_SPAN, Bits, Words};

/// The largest number of ordinals that a block keeps as an array.
pub(super) const SPARSE_MAX: u32 = 2048;
/// The number of ordinals below which a bit set becomes an array again, so that a block at the border does not flutter.
const SPARSE_AGAIN: u32 = SPARSE_MAX - SPARSE_MAX / 4;
/// The largest number of runs that a block keeps as runs.
const RUNS_MAX: u32 = 512;
/// The number of ordinals above which two arrays are intersected by way of a bit set.
const SCATTER_MIN: u32 = 64;

/// A set of ordinals within a span, never empty.
#[derive(Debug, Clone)]
pub(super) enum Block {
    /// An array, or runs: above [`SPARSE_MAX`] ordinals always runs, which are never changed in place.
    Compact {
        /// The number of ordinals.
        len: u32,
        /// The ordinals, counted from the block's first.
        ordinals: RoaringBitmap,
    },
    /// A bit set.
    Dense {
        /// The number of ordinals.
        len: u32,
        /// One bit an ordinal.
        words: Box<Words>,
    },
}

impl Block {
    /// Makes a block of one ordinal.
    pub(super) fn one(low: u32) -> Self {
        Self::Compact { len: 1, ordinals: RoaringBitmap::from_iter([low]) }
    }

    /// Makes a block of `first..=last`.
    pub(super) fn range(first: u32, last: u32) -> Self {
        assert!(first <= last && last < BLOCK_SPAN, "a range within the block");
        let mut ordinals = RoaringBitmap::new();
        ordinals.insert_range(first..=last);
        Self::Compact { len: last - first + 1, ordinals }
    }

    /// Makes a block of a bit set; `None` where it is empty.
    pub(super) fn from_words(words: Box<Words>) -> Option<Self> {
        match words::count(&words) {
            0 => None,
            BLOCK_SPAN => Some(Self::range(0, BLOCK_SPAN - 1)),
            len if len <= SPARSE_MAX => Some(Self::compact(Bits::from(&words, 0))),
            len => Some(Self::Dense { len, words }),
        }
    }

    /// Makes a block of a bit set that is only lent, as runs where they are few; `None` where it is empty.
    pub(super) fn compress(words: &Words) -> Option<Self> {
        let (len, runs) = (words::count(words), words::count_runs(words));
        if runs > RUNS_MAX || len <= SPARSE_MAX {
            return Self::from_words(Box::new(*words));
        }
        let mut ordinals = RoaringBitmap::new();
        let mut bits = Bits::from(words, 0).peekable();
        while let Some(first) = bits.next() {
            let mut last = first;
            while let Some(next) = bits.next_if_eq(&(last + 1)) {
                last = next;
            }
            ordinals.insert_range(first..=last);
        }
        ordinals.optimize();
        Some(Self::Compact { len, ordinals })
    }

    fn compact(ascending: impl Iterator<Item = u32>) -> Self {
        let ordinals = RoaringBitmap::from_sorted_iter(ascending).expect("the ordinals ascend");
        Self::of_roaring(ordinals).expect("the caller gives at least one ordinal")
    }

    fn of_roaring(ordinals: RoaringBitmap) -> Option<Self> {
        let len = u32::try_from(ordinals.len()).expect("a block has at most 65,536 ordinals");
        debug_assert!(len <= SPARSE_MAX, "what is larger is a bit set or runs");
        (len > 0).then_some(Self::Compact { len, ordinals })
    }

    /// Returns the number of ordinals.
    pub(super) const fn len(&self) -> u32 {
        match self {
            Self::Compact { len, .. } | Self::Dense { len, .. } => *len,
        }
    }

    /// Returns whether every ordinal of the span is in the block.
    pub(super) const fn is_full(&self) -> bool {
        self.len() == BLOCK_SPAN
    }

    /// Returns whether `low` is in the block.
    pub(super) fn contains(&self, low: u32) -> bool {
        match self {
            Self::Compact { ordinals, .. } => ordinals.contains(low),
            Self::Dense { words, .. } => words::has(words, low),
        }
    }

    /// Adds `low` and returns whether it was absent.
    pub(super) fn insert(&mut self, low: u32) -> bool {
        if self.len() >= SPARSE_MAX && self.contains(low) {
            return false;
        }
        self.thaw(self.len() >= SPARSE_MAX);
        let (len, added) = match self {
            Self::Compact { len, ordinals } => (len, ordinals.insert(low)),
            Self::Dense { len, words } => (len, words::set(words, low)),
        };
        *len += u32::from(added);
        if *len == BLOCK_SPAN {
            *self = Self::range(0, BLOCK_SPAN - 1);
        }
        added
    }

    /// Takes `low` away and returns whether it was present; the caller drops a block that is left empty.
    pub(super) fn remove(&mut self, low: u32) -> bool {
        if self.len() > SPARSE_MAX && !self.contains(low) {
            return false;
        }
        self.thaw(self.len() > SPARSE_MAX);
        let (len, removed) = match self {
            Self::Compact { len, ordinals } => (len, ordinals.remove(low)),
            Self::Dense { len, words } => (len, words::clear(words, low)),
        };
        *len -= u32::from(removed);
        if let Self::Dense { len, words } = self
            && *len < SPARSE_AGAIN
        {
            *self = Self::compact(Bits::from(words, 0));
        }
        removed
    }

    /// Turns arrays and runs into a bit set, where `demanded`.
    fn thaw(&mut self, demanded: bool) {
        if demanded && matches!(self, Self::Compact { .. }) {
            *self = Self::Dense { len: self.len(), words: self.to_words() };
        }
    }

    /// Returns the lowest ordinal.
    pub(super) fn min(&self) -> u32 {
        self.iter_from(0).next().expect("a block is not empty")
    }

    /// Returns the highest ordinal.
    pub(super) fn max(&self) -> u32 {
        match self {
            Self::Compact { ordinals, .. } => ordinals.max().expect("a block is not empty"),
            Self::Dense { words, .. } => {
                let at = words.iter().rposition(|word| *word != 0).expect("a block is not empty");
                u32::try_from(at << 6).expect("a block has 65,536 ordinals") + words[at].ilog2()
            }
        }
    }

    /// Counts the ordinals below `low`.
    pub(super) fn rank(&self, low: u32) -> u32 {
        let Some(last) = low.checked_sub(1) else { return 0 };
        match self {
            Self::Compact { ordinals, .. } => {
                u32::try_from(ordinals.rank(last)).expect("a block has at most 65,536 ordinals")
            }
            Self::Dense { words, .. } => words::count_range(words, 0, last),
        }
    }

    /// Returns the ordinal that has `rank` ordinals below it.
    pub(super) fn select(&self, mut rank: u32) -> Option<u32> {
        match self {
            Self::Compact { ordinals, .. } => ordinals.select(rank),
            Self::Dense { words, .. } => {
                for (at, word) in (0u32..).zip(words.iter()) {
                    if rank < word.count_ones() {
                        let rest = (0..rank).fold(*word, |rest, _| rest & (rest - 1));
                        return Some((at << 6) + rest.trailing_zeros());
                    }
                    rank -= word.count_ones();
                }
                None
            }
        }
    }

    /// Iterates over the ordinals at `low` and above, ascending.
    pub(super) fn iter_from(&self, low: u32) -> BlockIter<'_> {
        match self {
            Self::Compact { ordinals, .. } => {
                let mut iter = ordinals.iter();
                iter.advance_to(low);
                BlockIter::Compact(iter)
            }
            Self::Dense { words, .. } => BlockIter::Dense(Bits::from(words, low)),
        }
    }

    /// Sets the block's ordinals in `target`.
    pub(super) fn scatter(&self, target: &mut Words) {
        match self {
            Self::Compact { len, ordinals } if *len <= SPARSE_MAX => for_each(ordinals, |low| {
                words::set(target, low);
            }),
            Self::Compact { ordinals, .. } => {
                for_each_run(ordinals, |first, last| words::set_range(target, first, last));
            }
            Self::Dense { words, .. } => target.iter_mut().zip(words.iter()).for_each(|(target, word)| *target |= word),
        }
    }

    /// Clears the block's ordinals in `target`.
    fn erase(&self, target: &mut Words) {
        match self {
            Self::Compact { ordinals, .. } => {
                for_each_run(ordinals, |first, last| words::clear_range(target, first, last));
            }
            Self::Dense { words, .. } => {
                target.iter_mut().zip(words.iter()).for_each(|(target, word)| *target &= !word);
            }
        }
    }

    /// Clears in `target` what the block does not hold.
    fn keep(&self, target: &mut Words) {
        match self {
            Self::Compact { .. } => {
                let held = self.to_words();
                target.iter_mut().zip(held.iter()).for_each(|(target, word)| *target &= word);
            }
            Self::Dense { words, .. } => target.iter_mut().zip(words.iter()).for_each(|(target, word)| *target &= word),
        }
    }

    fn to_words(&self) -> Box<Words> {
        if let Self::Dense { words, .. } = self {
            return words.clone();
        }
        let mut target = words::empty();
        self.scatter(&mut target);
        target
    }

    /// Returns the ordinals in both; `None` where there are none.
    pub(super) fn and(&self, other: &Self) -> Option<Self> {
        let (small, large) = if self.len() <= other.len() { (self, other) } else { (other, self) };
        match (small, large) {
            (Self::Compact { len, ordinals: a }, Self::Compact { ordinals: b, .. }) if *len <= SPARSE_MAX => {
                Self::of_roaring(a & b)
            }
            (Self::Compact { len, ordinals }, Self::Dense { words, .. }) if *len <= SPARSE_MAX => {
                Self::filtered(ordinals, |low| words::has(words, low))
            }
            _ => {
                let mut target = small.to_words();
                large.keep(&mut target);
                Self::from_words(target)
            }
        }
    }

    /// Returns the ordinals in either.
    pub(super) fn or(&self, other: &Self) -> Self {
        if let (Self::Compact { len: m, ordinals: a }, Self::Compact { len: n, ordinals: b }) = (self, other)
            && m + n <= SPARSE_MAX
        {
            return Self::of_roaring(a | b).expect("no block is empty");
        }
        let mut target = self.to_words();
        other.scatter(&mut target);
        Self::from_words(target).expect("no block is empty")
    }

    /// Returns the ordinals that are not in `other`; `None` where there are none.
    pub(super) fn and_not(&self, other: &Self) -> Option<Self> {
        match (self, other) {
            (Self::Compact { len, ordinals: a }, Self::Compact { ordinals: b, .. }) if *len <= SPARSE_MAX => {
                Self::of_roaring(a - b)
            }
            (Self::Compact { len, ordinals }, Self::Dense { words, .. }) if *len <= SPARSE_MAX => {
                Self::filtered(ordinals, |low| !words::has(words, low))
            }
            _ => {
                let mut target = self.to_words();
                other.erase(&mut target);
                Self::from_words(target)
            }
        }
    }

    fn filtered(ordinals: &RoaringBitmap, keep: impl Fn(u32) -> bool) -> Option<Self> {
        let mut kept = Vec::new();
        for_each(ordinals, |low| {
            if keep(low) {
                kept.push(low);
            }
        });
        (!kept.is_empty()).then(|| Self::compact(kept.into_iter()))
    }

    /// Counts the ordinals in both, without making the block of them.
    pub(super) fn and_len(&self, other: &Self) -> u32 {
        match (self, other) {
            (Self::Dense { words: a, .. }, Self::Dense { words: b, .. }) => words::count_both(a, b),
            (Self::Dense { words, .. }, Self::Compact { len, ordinals })
            | (Self::Compact { len, ordinals }, Self::Dense { words, .. }) => count_within(ordinals, *len, words),
            (Self::Compact { len: m, ordinals: a }, Self::Compact { len: n, ordinals: b }) => {
                if (*m).min(*n) < SCATTER_MIN || (*m).max(*n) > SPARSE_MAX {
                    return u32::try_from(a.intersection_len(b)).expect("a block has at most 65,536 ordinals");
                }
                let mut scratch = [0; words::WORDS];
                self.scatter(&mut scratch);
                count_within(b, *n, &scratch)
            }
        }
    }

    /// Returns the bytes on the heap, the block itself left out.
    pub(super) fn heap_bytes(&self) -> usize {
        match self {
            Self::Compact { len, ordinals } => {
                const CONTAINER_BYTES: usize = 40;
                let bytes =
                    if *len <= SPARSE_MAX { u64::from(*len) * 2 } else { ordinals.statistics().n_bytes_run_containers };
                CONTAINER_BYTES + usize::try_from(bytes).expect("a block is small")
            }
            Self::Dense { .. } => size_of::<Words>(),
        }
    }

    /// Returns what is wrong with the block's form; `None` where nothing is.
    pub(super) fn fault(&self) -> Option<&'static str> {
        let count = u32::try_from(self.iter_from(0).count()).expect("a block has at most 65,536 ordinals");
        match self {
            _ if count == 0 => Some("a block is empty"),
            _ if count != self.len() => Some("a block's length is not the number of its ordinals"),
            Self::Compact { ordinals, .. } => {
                let statistics = ordinals.statistics();
                let arrays_only_below = count <= SPARSE_MAX || statistics.n_run_containers == 1;
                (statistics.n_containers != 1 || !arrays_only_below)
                    .then_some("a large block is neither runs nor dense")
            }
            Self::Dense { .. } => (count < SPARSE_AGAIN || count == BLOCK_SPAN).then_some("a block should be compact"),
        }
    }
}

/// Visits the ordinals of an array, a bufferful at a time.
fn for_each(ordinals: &RoaringBitmap, mut visit: impl FnMut(u32)) {
    let mut buffer = [0; 256];
    let mut iter = ordinals.iter();
    loop {
        let some = iter.next_many(&mut buffer);
        if some.is_empty() {
            return;
        }
        some.iter().for_each(|low| visit(*low));
    }
}

/// Visits the runs of ordinals, first and last.
fn for_each_run(ordinals: &RoaringBitmap, mut visit: impl FnMut(u32, u32)) {
    let mut iter = ordinals.iter();
    while let Some(run) = iter.next_range() {
        visit(*run.start(), *run.end());
    }
}

fn count_within(ordinals: &RoaringBitmap, len: u32, words: &Words) -> u32 {
    let mut count = 0;
    if len <= SPARSE_MAX {
        for_each(ordinals, |low| count += u32::from(words::has(words, low)));
    } else {
        for_each_run(ordinals, |first, last| count += words::count_range(words, first, last));
    }
    count
}

/// Iterates over a block's ordinals, ascending.
#[derive(Clone)]
pub(super) enum BlockIter<'a> {
    /// Of an array or runs.
    Compact(roaring::bitmap::Iter<'a>),
    /// Of a bit set.
    Dense(Bits<'a>),
}

impl Iterator for BlockIter<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        match self {
            Self::Compact(iter) => iter.next(),
            Self::Dense(bits) => bits.next(),
        }
    }
}
