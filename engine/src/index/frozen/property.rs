//! The index of a property in a file: its root leads to its leaves.
//!
//! ```text
//! leaves, bytes | nodes, place, length of the bitmap of nodes whose value is not indexed | distinct values by type, 9
//! nodes, place, length of each leaf | number of each leaf's first value                                   (all u64)
//! type u8 of each leaf's first value | bytes
//! ```

use std::io;

use super::damaged::{Damaged, Origin};
use super::keys::{KeyColumns, read_keys};
use super::lazy::{Lazy, Thaw};
use super::leaf::freeze_leaf;
use super::sink::Sink;
use super::source::Part;
use crate::index::bitmap::Bitmap;
use crate::index::key::RANKS;
use crate::index::leaf::LEAF_MAX;
use crate::index::property::{PropertyIndex, Slot};

impl PropertyIndex {
    /// Writes the index and returns the number of nodes, the place of its root and its bytes.
    pub(super) fn freeze(&self, sink: &mut Sink<'_>) -> io::Result<[u64; 3]> {
        let (mut leaves, mut lows) = (Vec::new(), KeyColumns::default());
        let mut entries = self.entries().peekable();
        while let Some((low, _)) = entries.peek() {
            lows.push(low);
            let values: Vec<_> = entries.by_ref().take(LEAF_MAX).collect();
            leaves.push(freeze_leaf(&values, sink)?);
        }
        let uncovered = freeze_bitmap(self.uncovered(), sink)?;
        let at = sink.align(64)?;
        sink.numbers(&[leaves.len() as u64, lows.heap.len() as u64])?;
        sink.numbers(&uncovered)?;
        sink.numbers(&self.distinct_by_type().map(|distinct| distinct as u64))?;
        sink.numbers(&leaves)?;
        sink.numbers(&lows.numbers)?;
        sink.numbers(&lows.types)?;
        sink.numbers(&lows.heap)?;
        Ok([self.len() as u64 + uncovered[0], at, sink.at() - at])
    }
}

/// Writes a bitmap that may be empty: then it has no part.
pub(super) fn freeze_bitmap(bitmap: &Bitmap, sink: &mut Sink<'_>) -> io::Result<[u64; 3]> {
    if bitmap.is_empty() { Ok([0; 3]) } else { bitmap.freeze(sink) }
}

impl Thaw for PropertyIndex {
    fn thaw(part: &Part, nodes: usize) -> Result<Self, Damaged> {
        let (source, mut reader) = (&part.source, part.reader());
        let head = reader.take::<u64>(2)?;
        let (leaves, heap) = (length(head[0])?, length(head[1])?);
        let uncovered: [u64; 3] = reader.take(1)?[0];
        let uncovered = if uncovered == [0; 3] { Bitmap::new() } else { Bitmap::thaw(source, uncovered)? };
        let distinct: [u64; RANKS] = reader.take(1)?[0];
        let rows = reader.take::<[u64; 3]>(leaves)?;
        let numbers = reader.take(leaves)?;
        let types = reader.take(leaves)?;
        let lows = read_keys(numbers, types, reader.take(heap)?)?;
        reader.finish()?;
        let slot = |(low, [nodes, at, bytes]): (_, &[u64; 3])| {
            let leaf = Lazy::of_file(Part::new(source, *at, *bytes, 8)?, length(*nodes)?);
            Ok(Slot { low, total: length(*nodes)?, leaf })
        };
        let slots = lows.into_iter().zip(rows).map(slot).collect::<Result<Vec<_>, Damaged>>()?;
        let (total, values) = (sum(rows.iter().map(|row| row[0]))?, sum(distinct.iter().copied())?);
        let (most, least) = (leaves * LEAF_MAX, leaves.saturating_sub(1) * LEAF_MAX);
        if total.checked_add(uncovered.len()) != Some(nodes) || values > most || values < least {
            return Err(wrong_number());
        }
        let mut by_type = [0; RANKS];
        for (by_type, distinct) in by_type.iter_mut().zip(distinct) {
            *by_type = length(distinct)?;
        }
        Ok(Self::of_parts(slots, by_type, total, uncovered, Origin::File))
    }
}

fn wrong_number() -> Damaged {
    Damaged::new("a property has another number of nodes or values")
}

fn sum(mut numbers: impl Iterator<Item = u64>) -> Result<usize, Damaged> {
    length(numbers.try_fold(0, u64::checked_add).ok_or_else(wrong_number)?)
}

/// Returns a number of things that are in the file or are nodes.
fn length(number: u64) -> Result<usize, Damaged> {
    let small = u32::try_from(number).ok().and_then(|number| usize::try_from(number).ok());
    small.ok_or_else(wrong_number)
}
