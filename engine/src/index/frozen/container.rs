//! A block that is a part of a file.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::damaged::Damaged;
use super::source::Source;
use crate::index::form::{Form, Run};
use crate::index::words::{WORDS, Words};

/// The largest number of ordinals of an array in a file, as in CRoaring.
pub(super) const ARRAY_MAX: u32 = 4096;

/// The form of a container, with CRoaring's type codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Shape {
    Dense = 1,
    Array = 2,
    Runs = 3,
}

impl Shape {
    /// Returns the form that a block of `len` ordinals in `runs` runs has in a file: `run_optimize`'s choice.
    pub(super) const fn of(len: u32, runs: u32) -> Self {
        let (shape, bytes) = if len > ARRAY_MAX { (Self::Dense, 8192) } else { (Self::Array, len * 2) };
        if runs * 4 + 2 < bytes { Self::Runs } else { shape }
    }

    pub(super) const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Dense),
            2 => Some(Self::Array),
            3 => Some(Self::Runs),
            _ => None,
        }
    }
}

/// A block in a file; its content is checked when it is first touched.
#[derive(Debug)]
pub(in crate::index) struct Container {
    source: Arc<Source>,
    at: usize,
    len: u32,
    /// The number of ordinals, or of runs.
    count: u32,
    /// Above every ordinal that there may be.
    end: u32,
    shape: Shape,
    holds: AtomicBool,
}

impl Container {
    /// Takes the container at `at` as it is; runs are checked at once, because only they know how many ordinals there
    /// are.
    pub(super) fn new(source: &Arc<Source>, at: usize, shape: Shape, count: u32, end: u32) -> Result<Self, Damaged> {
        let holds = AtomicBool::new(false);
        let mut container = Self { source: Arc::clone(source), at, len: count, count, end, shape, holds };
        if shape == Shape::Runs {
            container.len = container.check()?.count();
            container.holds = AtomicBool::new(true);
        }
        Ok(container)
    }

    /// Returns the number of ordinals.
    pub(in crate::index) const fn len(&self) -> u32 {
        self.len
    }

    /// Returns the ordinals.
    ///
    /// Unwinds with [`Damaged`] where they are not what they should be.
    #[inline]
    pub(in crate::index) fn form(&self) -> Form<'_> {
        if !self.holds.load(Ordering::Relaxed) {
            self.check().unwrap_or_else(|damaged| damaged.unwind());
            self.holds.store(true, Ordering::Relaxed);
        }
        let count = self.count as usize;
        match self.shape {
            Shape::Array => Form::Array(self.source.known(self.at, count)),
            Shape::Runs => Form::Runs(self.source.known(self.at, count)),
            Shape::Dense => Form::Dense(words(self.source.known(self.at, WORDS))),
        }
    }

    fn check(&self) -> Result<Form<'_>, Damaged> {
        let count = self.count as usize;
        let form = match self.shape {
            Shape::Array => Form::Array(self.source.numbers(self.at, count)?),
            Shape::Runs => Form::Runs(self.runs(count)?),
            Shape::Dense => Form::Dense(words(self.source.numbers(self.at, WORDS)?)),
        };
        match form.fault(self.end) {
            Some(what) => Err(Damaged::new(what)),
            None if self.shape == Shape::Dense && form.count() != self.len => {
                Err(Damaged::new("a bit set has another number of ordinals"))
            }
            None => Ok(form),
        }
    }

    fn runs(&self, count: usize) -> Result<&[Run], Damaged> {
        let runs: &[Run] = self.source.numbers(self.at, count)?;
        let within = runs.iter().all(|run| u32::from(run[0]) + u32::from(run[1]) < 1 << 16);
        within.then_some(runs).ok_or_else(|| Damaged::new("a run does not end within its block"))
    }
}

fn words(words: &[u64]) -> &Words {
    words.first_chunk().expect("a bit set has 1024 words")
}

impl Clone for Container {
    fn clone(&self) -> Self {
        let holds = AtomicBool::new(self.holds.load(Ordering::Relaxed));
        Self { source: Arc::clone(&self.source), holds, ..*self }
    }
}
