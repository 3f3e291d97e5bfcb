//! The three forms of a block, as they are read: an array, runs or a bit set, on the heap or in a file.
//!
//! They are those of Roaring bitmaps (Lemire et al., "Consistently faster and smaller compressed bitmaps with
//! Roaring", 2016), laid out as in CRoaring, so that a part of a file is read as it is.

use super::words::{self, BLOCK_SPAN, Bits, Words};

/// A run of ordinals: its first one, and how many follow.
pub(super) type Run = [u16; 2];

/// The number of ordinals above which two arrays are intersected by way of a bit set.
const SCATTER_MIN: usize = 64;

/// The ordinals of a block, ascending.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form<'a> {
    /// Every ordinal.
    Array(&'a [u16]),
    /// Runs, none next to another.
    Runs(&'a [Run]),
    /// One bit an ordinal.
    Dense(&'a Words),
}

/// Returns an ordinal within the block as it is kept.
#[expect(clippy::cast_possible_truncation, reason = "ordinals are counted from the block's first")]
pub(super) const fn short(low: u32) -> u16 {
    debug_assert!(low < BLOCK_SPAN, "an ordinal within the block");
    low as u16
}

/// Returns the first and the last ordinal of a run.
const fn ends(run: Run) -> (u32, u32) {
    (run[0] as u32, run[0] as u32 + run[1] as u32)
}

fn small(count: usize) -> u32 {
    u32::try_from(count).expect("a block has at most 65,536 ordinals")
}

impl<'a> Form<'a> {
    /// Counts the ordinals.
    pub(super) fn count(self) -> u32 {
        match self {
            Self::Array(array) => small(array.len()),
            Self::Runs(runs) => runs.iter().map(|run| u32::from(run[1]) + 1).sum(),
            Self::Dense(words) => words::count(words),
        }
    }

    /// Counts the runs of consecutive ordinals.
    pub(super) fn count_runs(self) -> u32 {
        match self {
            Self::Array(array) => {
                let breaks = array.windows(2).filter(|pair| u32::from(pair[0]) + 1 != u32::from(pair[1])).count();
                small(breaks + usize::from(!array.is_empty()))
            }
            Self::Runs(runs) => small(runs.len()),
            Self::Dense(words) => words::count_runs(words),
        }
    }

    /// Returns whether `low` is among the ordinals.
    #[inline]
    pub(super) fn contains(self, low: u32) -> bool {
        match self {
            Self::Array(array) => array.binary_search(&short(low)).is_ok(),
            Self::Runs(runs) => {
                let after = runs.partition_point(|run| u32::from(run[0]) <= low);
                after.checked_sub(1).is_some_and(|at| low <= ends(runs[at]).1)
            }
            Self::Dense(words) => words::has(words, low),
        }
    }

    /// Returns the lowest ordinal.
    pub(super) fn min(self) -> Option<u32> {
        self.iter_from(0).next()
    }

    /// Returns the highest ordinal.
    pub(super) fn max(self) -> Option<u32> {
        match self {
            Self::Array(array) => array.last().copied().map(u32::from),
            Self::Runs(runs) => runs.last().map(|run| ends(*run).1),
            Self::Dense(words) => {
                let at = words.iter().rposition(|word| *word != 0)?;
                Some(small(at << 6) + words[at].ilog2())
            }
        }
    }

    /// Counts the ordinals below `low`.
    pub(super) fn rank(self, low: u32) -> u32 {
        match self {
            Self::Array(array) => small(array.partition_point(|have| u32::from(*have) < low)),
            Self::Runs(runs) => {
                let before = runs.iter().map(|run| ends(*run)).take_while(|(first, _)| *first < low);
                before.map(|(first, last)| low.min(last + 1) - first).sum()
            }
            Self::Dense(words) => low.checked_sub(1).map_or(0, |last| words::count_range(words, 0, last)),
        }
    }

    /// Returns the ordinal that has `rank` ordinals below it.
    pub(super) fn select(self, mut rank: u32) -> Option<u32> {
        match self {
            Self::Array(array) => array.get(rank as usize).copied().map(u32::from),
            Self::Runs(runs) => {
                for (first, last) in runs.iter().map(|run| ends(*run)) {
                    if rank <= last - first {
                        return Some(first + rank);
                    }
                    rank -= last - first + 1;
                }
                None
            }
            Self::Dense(words) => {
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

    /// Iterates over the ordinals at `low` and above.
    pub(super) fn iter_from(self, low: u32) -> FormIter<'a> {
        match self {
            Self::Array(array) => FormIter::Array(array[array.partition_point(|have| u32::from(*have) < low)..].iter()),
            Self::Runs(runs) => {
                let from = runs.partition_point(|run| ends(*run).1 < low);
                let mut iter = RunIter { runs: runs[from..].iter(), next: 0, end: 0 };
                iter.advance(low);
                FormIter::Runs(iter)
            }
            Self::Dense(words) => FormIter::Dense(Bits::from(words, low)),
        }
    }

    /// Visits the runs of consecutive ordinals, first and last.
    pub(super) fn for_each_run(self, mut visit: impl FnMut(u32, u32)) {
        if let Self::Runs(runs) = self {
            return runs.iter().map(|run| ends(*run)).for_each(|(first, last)| visit(first, last));
        }
        let mut ordinals = self.iter_from(0).peekable();
        while let Some(first) = ordinals.next() {
            let mut last = first;
            while let Some(next) = ordinals.next_if_eq(&(last + 1)) {
                last = next;
            }
            visit(first, last);
        }
    }

    /// Sets the ordinals in `target`.
    pub(super) fn scatter(self, target: &mut Words) {
        match self {
            Self::Array(array) => array.iter().for_each(|low| {
                words::set(target, u32::from(*low));
            }),
            Self::Runs(_) => self.for_each_run(|first, last| words::set_range(target, first, last)),
            Self::Dense(words) => target.iter_mut().zip(words).for_each(|(target, word)| *target |= word),
        }
    }

    /// Clears the ordinals in `target`.
    pub(super) fn erase(self, target: &mut Words) {
        match self {
            Self::Array(array) => array.iter().for_each(|low| {
                words::clear(target, u32::from(*low));
            }),
            Self::Runs(_) => self.for_each_run(|first, last| words::clear_range(target, first, last)),
            Self::Dense(words) => target.iter_mut().zip(words).for_each(|(target, word)| *target &= !word),
        }
    }

    /// Clears in `target` what is not among the ordinals.
    pub(super) fn keep(self, target: &mut Words) {
        if let Self::Dense(words) = self {
            return target.iter_mut().zip(words).for_each(|(target, word)| *target &= word);
        }
        let held = self.to_words();
        target.iter_mut().zip(held.iter()).for_each(|(target, word)| *target &= word);
    }

    /// Returns the ordinals as a bit set.
    pub(super) fn to_words(self) -> Box<Words> {
        let mut target = words::empty();
        match self {
            Self::Dense(words) => target.copy_from_slice(words),
            Self::Array(_) | Self::Runs(_) => self.scatter(&mut target),
        }
        target
    }

    /// Counts the ordinals in both.
    pub(super) fn and_len(self, other: Self) -> u32 {
        match (self, other) {
            (Self::Dense(a), Self::Dense(b)) => words::count_both(a, b),
            (Self::Array(a), Self::Array(b)) if a.len() > b.len() => other.and_len(self),
            (Self::Array(array), other) | (other, Self::Array(array)) => other
                .indexed(array.len(), |other| array.iter().map(|low| u32::from(other.contains(u32::from(*low)))).sum()),
            (Self::Dense(words), runs) | (runs, Self::Dense(words)) => {
                let mut count = 0;
                runs.for_each_run(|first, last| count += words::count_range(words, first, last));
                count
            }
            (Self::Runs(a), Self::Runs(b)) => count_overlaps(a, b),
        }
    }

    /// Hands on the ordinals for `lookups` look-ups: as a bit set, where that pays.
    pub(super) fn indexed<R>(self, lookups: usize, look: impl FnOnce(Form<'_>) -> R) -> R {
        match self {
            Self::Array(array) if lookups.min(array.len()) >= SCATTER_MIN => {
                let mut scratch = [0; words::WORDS];
                self.scatter(&mut scratch);
                look(Form::Dense(&scratch))
            }
            Self::Array(_) | Self::Runs(_) | Self::Dense(_) => look(self),
        }
    }

    /// Returns what is wrong where the ordinals should ascend and lie below `end`; `None` where nothing is.
    pub(super) fn fault(self, end: u32) -> Option<&'static str> {
        let ascends = match self {
            Self::Array(array) => array.is_sorted_by(|a, b| a < b),
            Self::Runs(runs) => runs.is_sorted_by(|a, b| ends(*a).1 + 1 < ends(*b).0),
            Self::Dense(_) => true,
        };
        match self.max() {
            None => Some("a block is empty"),
            Some(_) if !ascends => Some("a block's ordinals do not ascend"),
            Some(max) => (max >= end).then_some("an ordinal is too high"),
        }
    }
}

fn count_overlaps(mut a: &[Run], mut b: &[Run]) -> u32 {
    let mut count = 0;
    while let ([run_a, rest_a @ ..], [run_b, rest_b @ ..]) = (a, b) {
        let ((first_a, last_a), (first_b, last_b)) = (ends(*run_a), ends(*run_b));
        count += (last_a.min(last_b) + 1).saturating_sub(first_a.max(first_b));
        if last_a < last_b { a = rest_a } else { b = rest_b }
    }
    count
}

/// Iterates over a block's ordinals, ascending.
#[derive(Clone)]
pub(super) enum FormIter<'a> {
    /// Of an array.
    Array(std::slice::Iter<'a, u16>),
    /// Of runs.
    Runs(RunIter<'a>),
    /// Of a bit set.
    Dense(Bits<'a>),
}

impl Iterator for FormIter<'_> {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        match self {
            Self::Array(array) => array.next().copied().map(u32::from),
            Self::Runs(runs) => runs.next(),
            Self::Dense(bits) => bits.next(),
        }
    }
}

/// Iterates over the ordinals of runs.
#[derive(Clone)]
pub(super) struct RunIter<'a> {
    runs: std::slice::Iter<'a, Run>,
    next: u32,
    end: u32,
}

impl RunIter<'_> {
    /// Skips the ordinals below `low`, which is not above the end of the first run.
    fn advance(&mut self, low: u32) {
        if let Some(first) = self.next() {
            self.next = first.max(low);
        }
    }
}

impl Iterator for RunIter<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        if self.next == self.end {
            let (first, last) = ends(*self.runs.next()?);
            (self.next, self.end) = (first, last + 1);
        }
        self.next += 1;
        Some(self.next - 1)
    }
}
