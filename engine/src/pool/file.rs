//! Names and a pool's frozen part as sections of a file.

use std::io;

use crate::packed::Order;
use crate::pages::{SnapshotDamage, guarded};
use crate::sections::{SectionKind, SectionWriter, Sections, wrong};
use crate::value::compare_names;

use super::base::{PoolBase, Tables, Uses};
use super::frozen::{Flat, FrozenIndex};
use super::names::Names;

impl Names {
    /// Writes the names in the order of their numbers: the length of each in four bytes, then its text.
    ///
    /// # Errors
    /// What the writer says.
    pub fn write(&self, out: &mut SectionWriter<'_>) -> io::Result<()> {
        let mut bytes = Vec::new();
        for name in self.iter() {
            let len = u32::try_from(name.len()).expect("a name is short");
            bytes.extend_from_slice(&len.to_le_bytes());
            bytes.extend_from_slice(name.as_bytes());
        }
        out.elements(SectionKind::Names, 8, bytes.len(), &bytes)
    }

    /// Reads the names of a file, all at once: there are few. They stand in key order, so that numbers of them compare as
    /// they do.
    ///
    /// # Errors
    /// Where they do not hold.
    pub fn read(sections: &Sections) -> Result<Self, SnapshotDamage> {
        let bytes = sections.bytes(SectionKind::Names)?;
        let (names, mut rest, mut last) = (Self::new(), &bytes[..], None);
        while !rest.is_empty() {
            let name = take_name(&mut rest).ok_or(wrong(SectionKind::Names, "a name is cut off or no text"))?;
            if last.is_some_and(|last| compare_names(last, name).is_ge()) {
                return Err(wrong(SectionKind::Names, "they are not in order"));
            }
            names.intern(name);
            last = Some(name);
        }
        Ok(names)
    }
}

fn take_name<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let (len, behind) = rest.split_first_chunk()?;
    let (name, behind) = behind.split_at_checked(usize::try_from(u32::from_le_bytes(*len)).ok()?)?;
    *rest = behind;
    std::str::from_utf8(name).ok()
}

impl PoolBase {
    /// Writes values, components and sets, the tables that find them, and how often they are in use.
    ///
    /// # Errors
    /// What the writer says.
    pub fn write(&self, out: &mut SectionWriter<'_>) -> io::Result<()> {
        self.values.write(out, SectionKind::ValueBytes, SectionKind::ValueOffsets)?;
        self.components.write(out, SectionKind::ComponentWords, SectionKind::ComponentOffsets)?;
        self.sets.write(out, SectionKind::SetWords, SectionKind::SetOffsets)?;
        self.tables.values.write(out, SectionKind::ValueTable)?;
        self.tables.components.write(out, SectionKind::ComponentTable)?;
        self.tables.sets.write(out, SectionKind::SetTable)?;
        out.numbers(SectionKind::SetUses, &self.uses.sets)?;
        out.numbers(SectionKind::ComponentUses, &self.uses.components)
    }

    /// Reads the pool of a file; `names` is how many names there are in it.
    ///
    /// # Errors
    /// Where its sections do not belong together; what is in them is checked when it is read.
    pub fn read(sections: &Sections, names: usize) -> Result<Self, SnapshotDamage> {
        let values = Flat::read(sections, SectionKind::ValueBytes, SectionKind::ValueOffsets)?;
        let components = Flat::read(sections, SectionKind::ComponentWords, SectionKind::ComponentOffsets)?;
        let sets = Flat::read(sections, SectionKind::SetWords, SectionKind::SetOffsets)?;
        let tables = Tables {
            values: FrozenIndex::read(sections, SectionKind::ValueTable, values.len())?,
            components: FrozenIndex::read(sections, SectionKind::ComponentTable, components.len())?,
            sets: FrozenIndex::read(sections, SectionKind::SetTable, sets.len())?,
        };
        let uses = |kind, len: u32| sections.numbers(kind, len as usize, u64::MAX, Order::Any);
        let uses = Uses {
            sets: uses(SectionKind::SetUses, sets.len())?,
            components: uses(SectionKind::ComponentUses, components.len())?,
        };
        let names = u32::try_from(names).map_err(|_| wrong(SectionKind::Names, "there are too many"))?;
        let base = Self::joined(values, components, sets, tables, uses, names);
        if base.sets.len() == 0 || !guarded(|| base.set_words(0).is_empty())? {
            return Err(wrong(SectionKind::SetWords, "the first set is not empty"));
        }
        Ok(base)
    }

    /// Returns how many component sets there are.
    pub fn set_count(&self) -> usize {
        self.sets.len() as usize
    }

    /// Returns how many components there are.
    pub fn component_count(&self) -> usize {
        self.components.len() as usize
    }
}
