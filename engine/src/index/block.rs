//! A block: a set of ordinals within a span of 65,536, in the form that suits its density.
//!
//! On the heap a block of up to [`SPARSE_MAX`] ordinals is a sorted array; above it is a bit set, because counting a
//! conjunction of two must cost a few hundred nanoseconds and a lookup no branch, or runs where it was built from few
//! runs. A block of a file is read where it is, and becomes one on the heap when it is changed.

use super::form::{Form, FormIter, Run, short};
use super::frozen::Container;
use super::words::{self, BLOCK_SPAN, Bits, Words};

/// The largest number of ordinals that a block on the heap keeps as an array.
pub(super) const SPARSE_MAX: u32 = 2048;
/// The number of ordinals below which a bit set becomes an array again, so that a block at the border does not flutter.
const SPARSE_AGAIN: u32 = SPARSE_MAX - SPARSE_MAX / 4;
/// The largest number of runs that a block keeps as runs.
const RUNS_MAX: u32 = 512;

/// A set of ordinals within a span, never empty.
#[derive(Debug, Clone)]
pub(super) enum Block {
    /// At most [`SPARSE_MAX`] ordinals, ascending.
    Array(Vec<u16>),
    /// Runs, which are never changed in place.
    Runs {
        /// The number of ordinals.
        len: u32,
        /// Ascending, none next to another.
        runs: Box<[Run]>,
    },
    /// A bit set.
    Dense {
        /// The number of ordinals.
        len: u32,
        /// One bit an ordinal.
        words: Box<Words>,
    },
    /// A part of a file.
    Frozen(Container),
}

impl Block {
    /// Makes a block of one ordinal.
    pub(super) fn one(low: u32) -> Self {
        Self::Array(vec![short(low)])
    }

    /// Makes a block of `first..=last`.
    pub(super) fn range(first: u32, last: u32) -> Self {
        assert!(first <= last && last < BLOCK_SPAN, "a range within the block");
        Self::Runs { len: last - first + 1, runs: Box::from([[short(first), short(last - first)]]) }
    }

    /// Makes a block of a bit set; `None` where it is empty.
    pub(super) fn from_words(words: Box<Words>) -> Option<Self> {
        match words::count(&words) {
            0 => None,
            BLOCK_SPAN => Some(Self::range(0, BLOCK_SPAN - 1)),
            len if len <= SPARSE_MAX => Some(Self::array(len, Bits::from(&words, 0))),
            len => Some(Self::Dense { len, words }),
        }
    }

    /// Makes a block of a bit set that is only lent, as runs where they are few; `None` where it is empty.
    pub(super) fn compress(words: &Words) -> Option<Self> {
        let (len, count) = (words::count(words), words::count_runs(words));
        if count > RUNS_MAX || len <= SPARSE_MAX {
            return Self::from_words(Box::new(*words));
        }
        let mut runs = Vec::with_capacity(count as usize);
        Form::Dense(words).for_each_run(|first, last| runs.push([short(first), short(last - first)]));
        Some(Self::Runs { len, runs: runs.into() })
    }

    fn array(len: u32, ascending: impl Iterator<Item = u32>) -> Self {
        let mut array = Vec::with_capacity(len as usize);
        array.extend(ascending.map(short));
        Self::Array(array)
    }

    /// Returns the ordinals as they are read.
    #[inline]
    pub(super) fn form(&self) -> Form<'_> {
        match self {
            Self::Array(array) => Form::Array(array),
            Self::Runs { runs, .. } => Form::Runs(runs),
            Self::Dense { words, .. } => Form::Dense(words),
            Self::Frozen(container) => container.form(),
        }
    }

    /// Returns the number of ordinals.
    pub(super) fn len(&self) -> u32 {
        match self {
            Self::Array(array) => u32::try_from(array.len()).expect("an array is short"),
            Self::Runs { len, .. } | Self::Dense { len, .. } => *len,
            Self::Frozen(container) => container.len(),
        }
    }

    /// Returns whether every ordinal of the span is in the block.
    pub(super) fn is_full(&self) -> bool {
        self.len() == BLOCK_SPAN
    }

    /// Returns whether `low` is in the block.
    pub(super) fn contains(&self, low: u32) -> bool {
        self.form().contains(low)
    }

    /// Adds `low` and returns whether it was absent.
    pub(super) fn insert(&mut self, low: u32) -> bool {
        if self.contains(low) {
            return false;
        }
        self.open(self.len() >= SPARSE_MAX);
        match self {
            Self::Array(array) => {
                let Err(at) = array.binary_search(&short(low)) else { return false };
                array.reserve_exact(if array.len() == array.capacity() { array.len() / 4 + 1 } else { 0 });
                array.insert(at, short(low));
            }
            Self::Dense { len, words } => *len += u32::from(words::set(words, low)),
            Self::Runs { .. } | Self::Frozen(_) => unreachable!("an open block is an array or a bit set"),
        }
        if self.len() == BLOCK_SPAN {
            *self = Self::range(0, BLOCK_SPAN - 1);
        }
        true
    }

    /// Takes `low` away and returns whether it was present; the caller drops a block that is left empty.
    pub(super) fn remove(&mut self, low: u32) -> bool {
        if !self.contains(low) {
            return false;
        }
        self.open(self.len() > SPARSE_MAX);
        match self {
            Self::Array(array) => {
                let Ok(at) = array.binary_search(&short(low)) else { return false };
                array.remove(at);
            }
            Self::Dense { len, words } => *len -= u32::from(words::clear(words, low)),
            Self::Runs { .. } | Self::Frozen(_) => unreachable!("an open block is an array or a bit set"),
        }
        if let Self::Dense { len, words } = self
            && *len < SPARSE_AGAIN
        {
            *self = Self::array(*len, Bits::from(words, 0));
        }
        true
    }

    /// Gives the block a form that can be changed: a bit set where that is demanded or it is one, else an array.
    fn open(&mut self, dense: bool) {
        match self {
            Self::Array(_) if !dense => {}
            Self::Dense { .. } => {}
            Self::Array(_) | Self::Runs { .. } | Self::Frozen(_) => {
                let len = self.len();
                *self = if dense {
                    Self::Dense { len, words: self.form().to_words() }
                } else {
                    Self::array(len, self.form().iter_from(0))
                };
            }
        }
    }

    /// Returns the lowest ordinal.
    pub(super) fn min(&self) -> u32 {
        self.form().min().expect("a block is not empty")
    }

    /// Returns the highest ordinal.
    pub(super) fn max(&self) -> u32 {
        self.form().max().expect("a block is not empty")
    }

    /// Counts the ordinals below `low`.
    pub(super) fn rank(&self, low: u32) -> u32 {
        self.form().rank(low)
    }

    /// Returns the ordinal that has `rank` ordinals below it.
    pub(super) fn select(&self, rank: u32) -> Option<u32> {
        self.form().select(rank)
    }

    /// Iterates over the ordinals at `low` and above, ascending.
    pub(super) fn iter_from(&self, low: u32) -> FormIter<'_> {
        self.form().iter_from(low)
    }

    /// Sets the block's ordinals in `target`.
    pub(super) fn scatter(&self, target: &mut Words) {
        self.form().scatter(target);
    }

    /// Returns the ordinals in both; `None` where there are none.
    pub(super) fn and(&self, other: &Self) -> Option<Self> {
        let (small, large) = if self.len() <= other.len() { (self, other) } else { (other, self) };
        match (small.form(), large.form()) {
            (Form::Array(array), other) | (other, Form::Array(array)) => Self::filtered(array, other, true),
            (small, large) => {
                let mut target = small.to_words();
                large.keep(&mut target);
                Self::from_words(target)
            }
        }
    }

    /// Returns the ordinals in either.
    pub(super) fn or(&self, other: &Self) -> Self {
        if let (Form::Array(a), Form::Array(b)) = (self.form(), other.form())
            && self.len() + other.len() <= SPARSE_MAX
        {
            return Self::Array(merged(a, b));
        }
        let mut target = self.form().to_words();
        other.scatter(&mut target);
        Self::from_words(target).expect("no block is empty")
    }

    /// Returns the ordinals that are not in `other`; `None` where there are none.
    pub(super) fn and_not(&self, other: &Self) -> Option<Self> {
        let other = other.form();
        match self.form() {
            Form::Array(array) => Self::filtered(array, other, false),
            form @ (Form::Runs(_) | Form::Dense(_)) => {
                let mut target = form.to_words();
                other.erase(&mut target);
                Self::from_words(target)
            }
        }
    }

    /// Makes a block of the ordinals of an array that are in `other`, or that are not; `None` where there are none.
    fn filtered(array: &[u16], other: Form<'_>, is_in: bool) -> Option<Self> {
        let kept: Vec<u16> = other.indexed(array.len(), |other| {
            array.iter().copied().filter(|low| other.contains(u32::from(*low)) == is_in).collect()
        });
        if kept.len() > SPARSE_MAX as usize {
            return Self::from_words(Form::Array(&kept).to_words());
        }
        (!kept.is_empty()).then_some(Self::Array(kept))
    }

    /// Counts the ordinals in both, without making the block of them.
    pub(super) fn and_len(&self, other: &Self) -> u32 {
        self.form().and_len(other.form())
    }

    /// Returns the bytes on the heap, the block itself left out.
    pub(super) fn heap_bytes(&self) -> usize {
        match self {
            Self::Array(array) => array.capacity() * size_of::<u16>(),
            Self::Runs { runs, .. } => size_of_val(runs.as_ref()),
            Self::Dense { .. } => size_of::<Words>(),
            Self::Frozen(_) => 0,
        }
    }

    /// Returns what is wrong with the block's form; `None` where nothing is.
    pub(super) fn fault(&self) -> Option<&'static str> {
        if self.form().count() != self.len() {
            return Some("a block's length is not the number of its ordinals");
        }
        let misshapen = match self {
            Self::Array(_) => self.len() > SPARSE_MAX,
            Self::Dense { len, .. } => *len < SPARSE_AGAIN || *len == BLOCK_SPAN,
            Self::Runs { .. } | Self::Frozen(_) => false,
        };
        misshapen.then_some("a block should have another form").or_else(|| self.form().fault(BLOCK_SPAN))
    }
}

/// Returns the ordinals of both arrays, each once.
fn merged(mut a: &[u16], mut b: &[u16]) -> Vec<u16> {
    let mut both = Vec::with_capacity(a.len() + b.len());
    while let ([low_a, rest_a @ ..], [low_b, rest_b @ ..]) = (a, b) {
        both.push(*low_a.min(low_b));
        (a, b) = (if low_a <= low_b { rest_a } else { a }, if low_b <= low_a { rest_b } else { b });
    }
    both.extend_from_slice(a);
    both.extend_from_slice(b);
    both
}
