//! Short runs of bytes or words, kept in place where they are short enough.

use std::fmt;

/// A frozen run of up to `N` elements in place, or more on the heap.
pub(super) enum Run<T, const N: usize> {
    /// The elements and how many of them count.
    Inline(u8, [T; N]),
    /// More than fit in place.
    Heap(Box<[T]>),
}

impl<T: Copy + Default, const N: usize> Run<T, N> {
    pub(super) fn new(elements: &[T]) -> Self {
        match u8::try_from(elements.len()) {
            Ok(len) if elements.len() <= N => {
                let mut inline = [T::default(); N];
                inline[..elements.len()].copy_from_slice(elements);
                Self::Inline(len, inline)
            }
            _ => Self::Heap(elements.into()),
        }
    }

    #[inline]
    pub(super) fn as_slice(&self) -> &[T] {
        match self {
            Self::Inline(len, elements) => &elements[..usize::from(*len)],
            Self::Heap(elements) => elements,
        }
    }

    /// Returns the bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        match self {
            Self::Inline(..) => 0,
            Self::Heap(elements) => size_of_val(&**elements),
        }
    }
}

impl<T: fmt::Debug + Copy + Default, const N: usize> fmt::Debug for Run<T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_slice().fmt(f)
    }
}
