//! Leaves in a file.
//!
//! ```text
//! values, bitmaps, listed, bytes u32 | number u64 a value | place, length u64 a bitmap
//! nodes u32 a value | place u32 a value | listed nodes u32 | type u8 a value | bytes
//! ```
//!
//! A value's place is its node where there is one, the number of listed nodes before where there are up to 512, else
//! the number of bitmaps before. Bitmaps lie before the leaf.

use std::io;
use std::sync::Arc;

use super::damaged::Damaged;
use super::keys::{KeyColumns, read_keys};
use super::lazy::Thaw;
use super::list::List;
use super::sink::Sink;
use super::source::{Part, Source};
use crate::index::bitmap::Bitmap;
use crate::index::key::Key;
use crate::index::leaf::{LEAF_MAX, Leaf};
use crate::index::postings::{FEW_MAX, Postings};

/// A leaf as it is written.
#[derive(Debug, Default)]
struct Columns {
    keys: KeyColumns,
    bitmaps: Vec<[u64; 2]>,
    counts: Vec<u32>,
    places: Vec<u32>,
    listed: Vec<u32>,
}

impl Columns {
    fn push(&mut self, key: &Key, postings: &Postings, sink: &mut Sink<'_>) -> io::Result<()> {
        let nodes = postings.len();
        let place = match postings.iter().next() {
            Some(node) if nodes == 1 => node,
            _ if nodes <= FEW_MAX => {
                let place = count(self.listed.len());
                self.listed.extend(postings.iter());
                place
            }
            _ => {
                let place = count(self.bitmaps.len());
                let [_, at, bytes] = postings.to_bitmap().freeze(sink)?;
                self.bitmaps.push([at, bytes]);
                place
            }
        };
        self.keys.push(key);
        self.counts.push(count(nodes));
        self.places.push(place);
        Ok(())
    }
}

fn count(len: usize) -> u32 {
    u32::try_from(len).expect("ordinals have 32 bits")
}

/// Writes a leaf of these values, with their bitmaps before it; returns the number of nodes, its place and its bytes.
pub(super) fn freeze_leaf(entries: &[(&Key, &Postings)], sink: &mut Sink<'_>) -> io::Result<[u64; 3]> {
    let mut columns = Columns::default();
    for (key, postings) in entries {
        columns.push(key, postings, sink)?;
    }
    let at = sink.align(8)?;
    let Columns { keys, bitmaps, counts, places, listed } = columns;
    sink.numbers(&[count(entries.len()), count(bitmaps.len()), count(listed.len()), count(keys.heap.len())])?;
    sink.numbers(&keys.numbers)?;
    sink.numbers(&bitmaps)?;
    sink.numbers(&counts)?;
    sink.numbers(&places)?;
    sink.numbers(&listed)?;
    sink.numbers(&keys.types)?;
    sink.numbers(&keys.heap)?;
    Ok([counts.iter().map(|count| u64::from(*count)).sum(), at, sink.at() - at])
}

impl Thaw for Leaf {
    fn thaw(part: &Part, nodes: usize) -> Result<Self, Damaged> {
        let mut reader = part.reader();
        let &[values, bitmaps, listed, heap] = reader.take::<u32>(4)? else { return Err(Damaged::new("no leaf")) };
        let values = Some(values as usize).filter(|values| (1..=LEAF_MAX).contains(values));
        let values = values.ok_or_else(|| Damaged::new("a leaf has no values, or too many"))?;
        let numbers = reader.take(values)?;
        let bitmaps = reader.take(bitmaps as usize)?;
        let counts = reader.take::<u32>(values)?;
        let places = reader.take::<u32>(values)?;
        let lists = reader.at();
        let listed = reader.take(listed as usize)?;
        let types = reader.take(values)?;
        let keys = read_keys(numbers, types, reader.take(heap as usize)?)?;
        reader.finish()?;
        let mut nodes_of = NodesOf { source: &part.source, bitmaps, listed, lists, bitmap: 0, list: 0 };
        let postings = counts.iter().zip(places).map(|(count, place)| nodes_of.next(*count, *place));
        let leaf = Self { keys, postings: postings.collect::<Result<_, _>>()? };
        let whole = nodes_of.list == listed.len() && nodes_of.bitmap == bitmaps.len() && leaf.total() == nodes;
        whole.then_some(leaf).ok_or_else(|| Damaged::new("a leaf has another number of nodes"))
    }
}

/// Takes the nodes of one value after the other.
struct NodesOf<'a> {
    source: &'a Arc<Source>,
    bitmaps: &'a [[u64; 2]],
    listed: &'a [u32],
    /// Where the listed nodes are.
    lists: usize,
    bitmap: usize,
    list: usize,
}

impl NodesOf<'_> {
    fn next(&mut self, count: u32, place: u32) -> Result<Postings, Damaged> {
        let (node, place, len) = (place, place as usize, count as usize);
        match len {
            0 => Err(Damaged::new("a value has no node")),
            1 if node < self.source.nodes => Ok(Postings::One(node)),
            1 => Err(Damaged::new("an ordinal is too high")),
            _ if len <= FEW_MAX => {
                let nodes = self.listed.get(self.list..self.list + len).filter(|_| place == self.list);
                let ascend = |nodes: &&[u32]| nodes.is_sorted_by(|a, b| a < b) && nodes[len - 1] < self.source.nodes;
                nodes.filter(ascend).ok_or_else(|| Damaged::new("a value's nodes are not where they should be"))?;
                let list = List::of_file(Arc::clone(self.source), self.lists + place * 4, len);
                self.list += len;
                Ok(Postings::Few(Arc::new(list)))
            }
            _ => {
                let bitmap = self.bitmaps.get(self.bitmap).filter(|_| place == self.bitmap);
                let [at, bytes] = bitmap.ok_or_else(|| Damaged::new("a value's bitmap is missing"))?;
                self.bitmap += 1;
                let bitmap = Bitmap::thaw(self.source, [u64::from(count), *at, *bytes])?;
                Ok(Postings::Many(Arc::new(bitmap)))
            }
        }
    }
}
