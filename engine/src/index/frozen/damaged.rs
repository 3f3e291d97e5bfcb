//! What happens where a frozen index does not hold what it should.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// A frozen index does not hold what it should.
///
/// Parts of a file are checked when they are first touched, deep inside of queries that have no way to fail. There it
/// is the payload of an unwinding that runs no panic hook; [`Damaged::catch`] turns it into an error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the frozen index is damaged: {what}")]
pub struct Damaged {
    /// What is wrong.
    pub what: Cow<'static, str>,
}

impl Damaged {
    /// Says what is wrong.
    pub fn new(what: impl Into<Cow<'static, str>>) -> Self {
        Self { what: what.into() }
    }

    /// Unwinds to the nearest [`catch`](Self::catch).
    pub fn unwind(self) -> ! {
        resume_unwind(Box::new(self))
    }

    /// Does what may touch a frozen index; panics go on.
    ///
    /// # Errors
    ///
    /// What unwound.
    pub fn catch<T>(work: impl FnOnce() -> T) -> Result<T, Self> {
        catch_unwind(AssertUnwindSafe(work)).or_else(|payload| match payload.downcast() {
            Ok(damaged) => Err(*damaged),
            Err(panic) => resume_unwind(panic),
        })
    }
}

/// Whose fault it is where an index contradicts what is asked of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::index) enum Origin {
    /// Made by calls: a call is wrong.
    #[default]
    Calls,
    /// Read from a file: the file may be wrong.
    File,
}

impl Origin {
    /// Returns what must be there.
    ///
    /// # Panics
    ///
    /// Where it is not; unwinds with [`Damaged`] where the index was read from a file.
    pub(in crate::index) fn must<T>(self, have: Option<T>, what: impl FnOnce() -> Cow<'static, str>) -> T {
        match (have, self) {
            (Some(have), _) => have,
            (None, Self::Calls) => panic!("{}", what()),
            (None, Self::File) => Damaged::new(what()).unwind(),
        }
    }
}
