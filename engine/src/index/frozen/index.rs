//! A whole index in a file: its directory and its trailer.
//!
//! ```text
//! directory, u64
//!   nodes          0, nodes, place, length
//!   kinds, component types, categories, by name     name, nodes, place, length
//!   properties, by component type and property      component type, property, nodes, place, length of the root
//! trailer, u64
//!   "CIDINDEX", 1, place of the directory, kinds, component types, categories, properties, length of everything
//! ```

use std::io::{self, Write};
use std::sync::Arc;

use bytes::Bytes;

use super::damaged::{Damaged, Origin};
use super::lazy::Lazy;
use super::property::freeze_bitmap;
use super::sink::Sink;
use super::source::{Part, Source, Touch};
use crate::index::bitmap::Bitmap;
use crate::index::facts::NameNumber;
use crate::index::names::NameBitmaps;
use crate::index::secondary::{Index, Properties};

const MAGIC: u64 = u64::from_le_bytes(*b"CIDINDEX");
const VERSION: u64 = 1;
const TRAILER: usize = 64;

/// The bytes of a frozen index, and what is known of them.
#[derive(Clone)]
pub struct FrozenIndex {
    /// All of it, at an address that is a multiple of 64.
    pub bytes: Bytes,
    /// Above every node's ordinal.
    pub nodes: u32,
    /// Above every name's number.
    pub names: u32,
    /// Is called before a range of the bytes is read for the first time.
    pub touch: Option<Touch>,
}

impl std::fmt::Debug for FrozenIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FrozenIndex").field("bytes", &self.bytes.len()).finish_non_exhaustive()
    }
}

impl Index {
    /// Writes the index; `rename` gives each name the number that it has in the file, no two the same. The same nodes
    /// give the same bytes, whatever the changes were that led to them.
    ///
    /// # Errors
    ///
    /// What `out` fails with.
    pub fn freeze(&self, rename: &dyn Fn(NameNumber) -> NameNumber, out: &mut dyn Write) -> io::Result<()> {
        let mut sink = Sink::new(out);
        let mut directory = vec![0];
        directory.extend(freeze_bitmap(self.nodes(), &mut sink)?);
        for names in [&self.kinds, &self.components, &self.categories] {
            let mut renamed: Vec<_> = names.iter().map(|(name, bitmap)| (rename(name), bitmap)).collect();
            renamed.sort_unstable_by_key(|(name, _)| *name);
            for (name, bitmap) in renamed {
                directory.push(u64::from(name));
                directory.extend(bitmap.freeze(&mut sink)?);
            }
        }
        let mut renamed: Vec<_> =
            self.properties().map(|(of, name, index)| (rename(of), rename(name), index)).collect();
        renamed.sort_unstable_by_key(|(component_type, property, _)| (*component_type, *property));
        for (component_type, property, index) in renamed {
            directory.extend([component_type, property].map(u64::from));
            directory.extend(index.freeze(&mut sink)?);
        }
        let at = sink.align(64)?;
        sink.numbers(&directory)?;
        let counts = [self.kinds.iter().len(), self.components.iter().len(), self.categories.iter().len()];
        let [kinds, components, categories] = counts.map(|count| count as u64);
        let end = sink.align(64)? + TRAILER as u64;
        sink.numbers(&[MAGIC, VERSION, at, kinds, components, categories, self.properties().len() as u64, end])
    }

    /// Takes an index from bytes as they are. Reads the directory alone; the rest is read, and checked, when it is
    /// first touched, and [`Damaged`] unwinds where it does not hold.
    ///
    /// # Errors
    ///
    /// Where the bytes are not those of an index, or the directory is wrong.
    pub fn thaw(frozen: FrozenIndex) -> Result<Self, Damaged> {
        let FrozenIndex { bytes, nodes, names, touch } = frozen;
        let source = Arc::new(Source { bytes, nodes, names, touch });
        let end = source.bytes.len();
        let trailer = end.checked_sub(TRAILER).ok_or_else(|| Damaged::new("an index is too short"))?;
        let &[magic, version, at, kinds, components, categories, properties, len] =
            source.numbers::<u64>(trailer, 8)?
        else {
            return Err(Damaged::new("an index has no trailer"));
        };
        if magic != MAGIC || version != VERSION || len != end as u64 {
            return Err(Damaged::new("these are not the bytes of an index of this version"));
        }
        let rest = (trailer as u64).checked_sub(at).ok_or_else(|| Damaged::new("the directory lies outside"))?;
        let part = Part::new(&source, at, rest, 64)?;
        let mut reader = part.reader();
        let &[_, len, at, bytes] = reader.take::<u64>(4)? else { return Err(Damaged::new("an index has no nodes")) };
        let nodes = if len == 0 { Bitmap::new() } else { Bitmap::thaw(&source, [len, at, bytes])? };
        let mut names = |count: u64| -> Result<Arc<NameBitmaps>, Damaged> {
            Ok(Arc::new(thaw_names(&source, reader.take(rows(count, rest)?)?)?))
        };
        let (kinds, components, categories) = (names(kinds)?, names(components)?, names(categories)?);
        let properties = thaw_properties(&source, reader.take(rows(properties, rest)?)?)?;
        let nodes = Arc::new(nodes);
        Ok(Self { nodes, kinds, components, categories, properties: Arc::new(properties), origin: Origin::File })
    }
}

/// Returns a number of rows that a directory may have.
fn rows(count: u64, bytes: u64) -> Result<usize, Damaged> {
    let rows = usize::try_from(count).ok().filter(|_| count <= bytes);
    rows.ok_or_else(|| Damaged::new("the directory has too many rows"))
}

fn name(source: &Source, number: u64) -> Result<NameNumber, Damaged> {
    let name = NameNumber::try_from(number).ok().filter(|name| *name < source.names);
    name.ok_or_else(|| Damaged::new("there is no such name"))
}

fn thaw_names(source: &Arc<Source>, rows: &[[u64; 4]]) -> Result<NameBitmaps, Damaged> {
    let row = |[number, len, at, bytes]: &[u64; 4]| {
        Ok((name(source, *number)?, Arc::new(Bitmap::thaw(source, [*len, *at, *bytes])?)))
    };
    let names = rows.iter().map(row).collect::<Result<Vec<_>, Damaged>>()?;
    NameBitmaps::of_sorted(names).ok_or_else(|| Damaged::new("names do not ascend"))
}

fn thaw_properties(source: &Arc<Source>, rows: &[[u64; 5]]) -> Result<Properties, Damaged> {
    let row = |[of, property, nodes, at, bytes]: &[u64; 5]| {
        let nodes = usize::try_from(*nodes).ok().filter(|nodes| (1..=source.nodes as usize).contains(nodes));
        let nodes = nodes.ok_or_else(|| Damaged::new("a property has no nodes, or too many"))?;
        let index = Lazy::of_file(Part::new(source, *at, *bytes, 64)?, nodes);
        Ok(((name(source, *of)?, name(source, *property)?), index))
    };
    let properties = rows.iter().map(row).collect::<Result<Properties, Damaged>>()?;
    let ascend = properties.is_sorted_by(|a, b| a.0 < b.0);
    ascend.then_some(properties).ok_or_else(|| Damaged::new("properties do not ascend"))
}
