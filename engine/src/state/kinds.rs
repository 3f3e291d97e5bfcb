//! The kinds of the frozen edges: places in a short list of names, so that where all are of one kind they take no room.

use std::io;

use crate::packed::{Order, PackedInts};
use crate::pages::SnapshotDamage;
use crate::pool::NameId;
use crate::sections::{SectionKind, SectionWriter, Sections};

/// Kinds by position.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct KindColumn {
    /// The names of the kinds that occur, ascending.
    names: PackedInts,
    /// The place of each edge's kind among them.
    places: PackedInts,
}

impl KindColumn {
    /// Makes the column of the numbers of names by position.
    pub(super) fn of(kinds: &PackedInts) -> Self {
        let mut names = Vec::new();
        let mut last = None;
        for kind in kinds.iter() {
            if last.replace(kind) != Some(kind)
                && let Err(place) = names.binary_search(&kind)
            {
                names.insert(place, kind);
            }
        }
        let places = if names.len() < 2 {
            PackedInts::zeros(kinds.len())
        } else {
            let place = |position| names.partition_point(|name| *name < kinds.get(position)) as u64;
            PackedInts::from_fn(kinds.len(), names.len() as u64 - 1, place)
        };
        Self { places, names: names.into_iter().collect() }
    }

    #[inline]
    pub(super) fn get(&self, position: usize) -> NameId {
        NameId(self.names.get_u32(self.places.get_u32(position) as usize))
    }

    /// Returns the column with other names.
    pub(super) fn renamed(&self, name: impl Fn(NameId) -> NameId) -> Self {
        let kind = |position| u64::from(name(self.get(position)).0);
        let max = (0..self.names.len()).map(|place| name(NameId(self.names.get_u32(place))).0).max().unwrap_or(0);
        Self::of(&PackedInts::from_fn(self.places.len(), u64::from(max), kind))
    }

    pub(super) fn write(&self, out: &mut SectionWriter<'_>) -> io::Result<()> {
        out.numbers(SectionKind::EdgeKindNames, &self.names)?;
        out.numbers(SectionKind::EdgeKinds, &self.places)
    }

    pub(super) fn read(sections: &Sections, edges: usize, names: usize) -> Result<Self, SnapshotDamage> {
        let count = sections.count(SectionKind::EdgeKindNames)?;
        Ok(Self {
            names: sections.numbers(SectionKind::EdgeKindNames, count, names as u64, Order::Any)?,
            places: sections.numbers(SectionKind::EdgeKinds, edges, count as u64, Order::Any)?,
        })
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.names.heap_bytes() + self.places.heap_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kinds: &[u64], bits: u32) {
        let column = KindColumn::of(&kinds.iter().copied().collect());
        for (position, kind) in kinds.iter().enumerate() {
            assert_eq!(u64::from(column.get(position).0), *kind);
        }
        assert_eq!(column.places.width(), bits);
    }

    #[test]
    fn kinds_are_given_back_and_one_alone_takes_no_bit() {
        check(&[], 0);
        check(&[900, 900, 900], 0);
        check(&[7, 900, 7], 1);
        check(&[3, 0, 4, 4, 9], 2);
    }
}
