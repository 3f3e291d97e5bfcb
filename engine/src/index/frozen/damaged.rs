//! What happens where a frozen index does not hold what it should.

use std::borrow::Cow;

use crate::pages::{damaged, guarded};

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

    /// Unwinds to the nearest [`catch`](Self::catch) or [`guarded`], as damage of the file that the index is part of.
    pub fn unwind(self) -> ! {
        match self.what {
            Cow::Borrowed(what) => damaged("index", what),
            Cow::Owned(_) => damaged("index", "its parts contradict each other"),
        }
    }

    /// Does what may touch a frozen index; panics go on.
    ///
    /// # Errors
    ///
    /// What unwound.
    pub fn catch<T>(work: impl FnOnce() -> T) -> Result<T, Self> {
        guarded(work).map_err(|damage| Self::new(damage.what))
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
