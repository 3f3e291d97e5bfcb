//! The bytes of a frozen index, every read of which is within bounds.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bytemuck::Pod;
use bytes::Bytes;

use super::damaged::Damaged;

const _: () = assert!(cfg!(target_endian = "little"), "numbers of a file are read as they are");

/// Is called with a range of the bytes before it is read for the first time; unwinds where it does not hold.
pub type Touch = Arc<dyn Fn(Range<usize>) + Send + Sync>;

/// The bytes, and what the numbers in them stay below.
pub(super) struct Source {
    pub(super) bytes: Bytes,
    /// Above every ordinal.
    pub(super) nodes: u32,
    /// Above every name.
    pub(super) names: u32,
    pub(super) touch: Option<Touch>,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("bytes", &self.bytes.len()).field("nodes", &self.nodes).finish_non_exhaustive()
    }
}

impl Source {
    /// Reads `count` numbers at `at`, touching them.
    pub(super) fn numbers<T: Pod>(&self, at: usize, count: usize) -> Result<&[T], Damaged> {
        let end = count.checked_mul(size_of::<T>()).and_then(|len| at.checked_add(len));
        let range = end.filter(|end| *end <= self.bytes.len()).map(|end| at..end);
        let range = range.ok_or_else(|| Damaged::new("a part lies outside of the index"))?;
        if let Some(touch) = &self.touch {
            touch(range.clone());
        }
        bytemuck::try_cast_slice(&self.bytes[range]).map_err(|_| Damaged::new("a part is not aligned"))
    }

    /// Returns numbers that were read before.
    pub(super) fn known<T: Pod>(&self, at: usize, count: usize) -> &[T] {
        bytemuck::cast_slice(&self.bytes[at..at + count * size_of::<T>()])
    }
}

/// A part of the bytes.
#[derive(Debug, Clone)]
pub(in crate::index) struct Part {
    pub(super) source: Arc<Source>,
    pub(super) at: usize,
    pub(super) len: usize,
}

impl Part {
    /// Makes a part that starts at `at`, a multiple of `align`.
    pub(super) fn new(source: &Arc<Source>, at: u64, len: u64, align: usize) -> Result<Self, Damaged> {
        let outside = || Damaged::new("a part lies outside of the index");
        let (at, len) = (usize::try_from(at).map_err(|_| outside())?, usize::try_from(len).map_err(|_| outside())?);
        if at.checked_add(len).is_none_or(|end| end > source.bytes.len()) {
            return Err(outside());
        }
        if at % align != 0 {
            return Err(Damaged::new("a part is not aligned"));
        }
        Ok(Self { source: Arc::clone(source), at, len })
    }

    /// Starts reading the part from its beginning.
    pub(super) const fn reader(&self) -> Reader<'_> {
        Reader { part: self, at: self.at }
    }
}

/// Reads a part number by number.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    part: &'a Part,
    at: usize,
}

impl<'a> Reader<'a> {
    /// Reads the next `count` numbers.
    pub(super) fn take<T: Pod>(&mut self, count: usize) -> Result<&'a [T], Damaged> {
        let numbers = self.part.source.numbers(self.at, count)?;
        self.at += size_of_val(numbers);
        if self.at > self.part.at + self.part.len {
            return Err(Damaged::new("a part is too short"));
        }
        Ok(numbers)
    }

    /// Returns where the next number is.
    pub(super) const fn at(&self) -> usize {
        self.at
    }

    /// Finds that the part ends here.
    pub(super) fn finish(self) -> Result<(), Damaged> {
        let done = self.at == self.part.at + self.part.len;
        done.then_some(()).ok_or_else(|| Damaged::new("a part is too long"))
    }
}
