//! Bitmaps in CRoaring's frozen layout.
//!
//! ```text
//! bit sets, 1024 u64 each | runs, (first, how many follow) of u16 | arrays of u16
//! keys u16 | counts u16: ordinals - 1, or runs | types u8: 1 bit set, 2 array, 3 runs | containers << 15 | 13766, u32
//! ```
//!
//! Each group is ordered by key, the ordinals' upper 16 bits. The part starts at a multiple of 64.

use std::io;
use std::sync::{Arc, OnceLock};

use super::container::{ARRAY_MAX, Container, Shape};
use super::damaged::Damaged;
use super::sink::Sink;
use super::source::{Part, Source};
use crate::index::bitmap::Bitmap;
use crate::index::block::Block;
use crate::index::form::{Run, short};
use crate::index::words::{BLOCK_SPAN, WORDS};

const COOKIE: u32 = 13766;

/// The blocks of a bitmap that is part of a file; looked up on first touch.
#[derive(Debug, Clone)]
pub(in crate::index) struct FileBlocks {
    part: Part,
    len: usize,
    blocks: OnceLock<Vec<Option<Arc<Block>>>>,
}

impl FileBlocks {
    /// Returns the blocks; the last is one.
    ///
    /// Unwinds with [`Damaged`] where the part is none of a bitmap.
    pub(in crate::index) fn get(&self) -> &[Option<Arc<Block>>] {
        self.blocks.get_or_init(|| self.read().unwrap_or_else(|damaged| damaged.unwind()))
    }

    /// Returns the bytes on the heap.
    pub(in crate::index) fn heap_bytes(&self) -> usize {
        let table = self.blocks.get().map_or(0, |blocks| blocks.len() * size_of::<Option<Arc<Block>>>());
        size_of::<Self>() + table
    }

    /// Returns the blocks that were touched.
    pub(in crate::index) fn touched(&self) -> &[Option<Arc<Block>>] {
        self.blocks.get().map_or(&[], Vec::as_slice)
    }

    fn read(&self) -> Result<Vec<Option<Arc<Block>>>, Damaged> {
        let Part { source, at, len } = &self.part;
        let end = at + len;
        let header = || -> Option<u32> { Some(u32::from_le_bytes(*source.bytes[*at..end].last_chunk()?)) };
        let header = header().filter(|header| header & 0x7fff == COOKIE);
        let containers = header.ok_or_else(|| Damaged::new("a bitmap has no header"))? as usize >> 15;
        let tables = (end - 4).checked_sub(containers * 5).filter(|tables| tables >= at);
        let tables = tables.ok_or_else(|| Damaged::new("a bitmap is too short for its containers"))?;
        let keys: &[u16] = source.numbers(tables, containers)?;
        let counts: &[u16] = source.numbers(tables + containers * 2, containers)?;
        let shapes = source.numbers::<u8>(tables + containers * 4, containers)?;
        if containers == 0 || !keys.is_sorted_by(|a, b| a < b) {
            return Err(Damaged::new("a bitmap's keys do not ascend"));
        }
        let shapes: Option<Vec<Shape>> = shapes.iter().map(|code| Shape::from_code(*code)).collect();
        let shapes = shapes.ok_or_else(|| Damaged::new("a container has an unknown type"))?;
        let bits = shapes.iter().filter(|shape| **shape == Shape::Dense).count();
        let runs = (0..containers).filter(|at| shapes[*at] == Shape::Runs);
        let runs: usize = runs.map(|at| usize::from(counts[at])).sum();
        let mut next = Places { dense: *at, runs: at + bits * WORDS * 8, arrays: at + bits * WORDS * 8 + runs * 4 };
        let mut blocks: Vec<Option<Arc<Block>>> = vec![None; keys.last().map_or(0, |key| usize::from(*key) + 1)];
        for ((key, count), shape) in keys.iter().zip(counts).zip(shapes) {
            let container = next.take(source, *key, *count, shape)?;
            blocks[usize::from(*key)] = Some(Arc::new(Block::Frozen(container)));
        }
        if next.arrays != tables {
            return Err(Damaged::new("a bitmap's containers do not fill it"));
        }
        let len: usize = blocks.iter().flatten().map(|block| block.len() as usize).sum();
        if len != self.len {
            return Err(Damaged::new("a bitmap has another number of ordinals"));
        }
        Ok(blocks)
    }
}

/// Where the next container of each form is.
struct Places {
    dense: usize,
    runs: usize,
    arrays: usize,
}

impl Places {
    fn take(&mut self, source: &Arc<Source>, key: u16, count: u16, shape: Shape) -> Result<Container, Damaged> {
        let count = if shape == Shape::Runs { u32::from(count) } else { u32::from(count) + 1 };
        let (place, bytes) = match shape {
            Shape::Dense => (&mut self.dense, WORDS * 8),
            Shape::Runs => (&mut self.runs, count as usize * size_of::<Run>()),
            Shape::Array => (&mut self.arrays, count as usize * 2),
        };
        let at = *place;
        *place += bytes;
        let sized = match shape {
            Shape::Dense => count > ARRAY_MAX,
            Shape::Array => count <= ARRAY_MAX,
            Shape::Runs => count > 0,
        };
        let end = source.nodes.saturating_sub(u32::from(key) << 16).min(BLOCK_SPAN);
        if !sized || end == 0 {
            return Err(Damaged::new("a container has the wrong size or key"));
        }
        Container::new(source, at, shape, count, end)
    }
}

impl Bitmap {
    /// Takes a bitmap of `len` ordinals from a file, as it is.
    pub(super) fn thaw(source: &Arc<Source>, [len, at, bytes]: [u64; 3]) -> Result<Self, Damaged> {
        let part = Part::new(source, at, bytes, 64)?;
        let len = usize::try_from(len).ok().filter(|len| *len > 0 && *len <= source.nodes as usize);
        let len = len.ok_or_else(|| Damaged::new("a bitmap has no ordinals, or too many"))?;
        Ok(Self::of_file(FileBlocks { part, len, blocks: OnceLock::new() }, len))
    }

    /// Writes the bitmap and returns its length, its place and its bytes.
    pub(super) fn freeze(&self, sink: &mut Sink<'_>) -> io::Result<[u64; 3]> {
        let at = sink.align(64)?;
        let blocks: Vec<(u16, &Block, Shape, u32)> = self.present().map(|(key, block)| plan(key, block)).collect();
        let of = |shape: Shape| blocks.iter().filter(move |block| block.2 == shape).map(|block| block.1.form());
        for form in of(Shape::Dense) {
            sink.numbers(form.to_words().as_slice())?;
        }
        for form in of(Shape::Runs) {
            let mut runs: Vec<Run> = Vec::new();
            form.for_each_run(|first, last| runs.push([short(first), short(last - first)]));
            sink.numbers(&runs)?;
        }
        for form in of(Shape::Array) {
            sink.numbers(&form.iter_from(0).map(short).collect::<Vec<u16>>())?;
        }
        sink.numbers(&blocks.iter().map(|(key, ..)| *key).collect::<Vec<_>>())?;
        let count = |shape: Shape, block: &Block, runs: u32| if shape == Shape::Runs { runs } else { block.len() - 1 };
        sink.numbers(
            &blocks.iter().map(|(_, block, shape, runs)| short(count(*shape, block, *runs))).collect::<Vec<_>>(),
        )?;
        sink.numbers(&blocks.iter().map(|(_, _, shape, _)| *shape as u8).collect::<Vec<_>>())?;
        let containers = u32::try_from(blocks.len()).expect("a bitmap has at most 65,536 blocks");
        sink.numbers(&[containers << 15 | COOKIE])?;
        Ok([self.len() as u64, at, sink.at() - at])
    }
}

/// Returns key, form in a file and number of runs of a block.
fn plan(key: usize, block: &Block) -> (u16, &Block, Shape, u32) {
    let key = u16::try_from(key).expect("a bitmap has at most 65,536 blocks");
    let runs = block.form().count_runs();
    (key, block, Shape::of(block.len(), runs), runs)
}
