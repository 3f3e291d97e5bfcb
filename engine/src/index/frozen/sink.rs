//! Where a frozen index is written to.

use std::io::{self, Write};

use bytemuck::Pod;

/// Counts what is written, so that parts know where they are.
pub(super) struct Sink<'a> {
    out: &'a mut dyn Write,
    at: u64,
}

impl<'a> Sink<'a> {
    /// Starts at 0.
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self { out, at: 0 }
    }

    /// Returns how many bytes were written.
    pub(super) const fn at(&self) -> u64 {
        self.at
    }

    /// Writes zeros up to a multiple of `align`, at most 64, and returns where that is.
    pub(super) fn align(&mut self, align: u64) -> io::Result<u64> {
        let missing = self.at.next_multiple_of(align) - self.at;
        self.numbers(&[0_u8; 64][..usize::try_from(missing).expect("less than 64")])?;
        Ok(self.at)
    }

    /// Writes numbers.
    pub(super) fn numbers<T: Pod>(&mut self, numbers: &[T]) -> io::Result<()> {
        let bytes: &[u8] = bytemuck::cast_slice(numbers);
        self.at += bytes.len() as u64;
        self.out.write_all(bytes)
    }
}
