//! What is made of a part of a file when it is first touched.

use std::sync::{Arc, OnceLock};

use super::damaged::Damaged;
use super::source::Part;
use crate::index::sharing::own;

/// What can be made of a part of a file.
pub(in crate::index) trait Thaw: Sized {
    /// Reads the part, which holds a value of so many nodes.
    fn thaw(part: &Part, nodes: usize) -> Result<Self, Damaged>;
}

/// A shared value, or the part of a file that it will be made of.
#[derive(Debug, Clone)]
pub(in crate::index) struct Lazy<T> {
    value: OnceLock<Arc<T>>,
    /// The part, and how many nodes it has.
    part: Option<(Part, usize)>,
}

impl<T: Thaw> Lazy<T> {
    /// Keeps a value.
    pub(in crate::index) fn new(value: T) -> Self {
        Self { value: OnceLock::from(Arc::new(value)), part: None }
    }

    /// Keeps a part of a file.
    pub(super) const fn of_file(part: Part, nodes: usize) -> Self {
        Self { value: OnceLock::new(), part: Some((part, nodes)) }
    }

    /// Returns the value.
    ///
    /// Unwinds with [`Damaged`] where the part does not hold one.
    #[inline]
    pub(in crate::index) fn get(&self) -> &T {
        self.value.get_or_init(|| {
            let (part, nodes) = self.part.as_ref().expect("what is not made yet is a part of a file");
            Arc::new(T::thaw(part, *nodes).unwrap_or_else(|damaged| damaged.unwind()))
        })
    }

    /// Returns the value where it was touched.
    pub(in crate::index) fn touched(&self) -> Option<&T> {
        self.value.get().map(Arc::as_ref)
    }

    /// Returns whether someone else holds the value too.
    pub(in crate::index) fn is_shared(&self) -> bool {
        self.value.get().is_some_and(|value| Arc::strong_count(value) > 1)
    }
}

impl<T: Thaw + Clone> Lazy<T> {
    /// Gives write access, copying the value first where someone else holds it too.
    pub(in crate::index) fn own(&mut self, copied: &mut usize, bytes: impl FnOnce(&T) -> usize) -> &mut T {
        self.get();
        own(self.value.get_mut().expect("the value was just made"), copied, bytes)
    }

    /// Gives the value away.
    pub(in crate::index) fn into_value(self) -> T {
        self.get();
        Arc::unwrap_or_clone(self.value.into_inner().expect("the value was just made"))
    }
}
