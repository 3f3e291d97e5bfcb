//! A set of ordinals that many versions share: a copy costs a pointer a block, a change one block.

use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

use super::block::Block;
use super::form::FormIter;
use super::frozen::FileBlocks;
use super::sharing::own;
use super::words::{self, BLOCK_SPAN, Words};

/// A set of ordinals of 32 bits.
///
/// Ordinals lie in blocks of 65,536; a clone shares all blocks, an insertion or removal copies at most the block it
/// touches. The length is known without counting.
#[derive(Clone, Default)]
pub struct Bitmap {
    blocks: Blocks,
    len: usize,
}

/// The blocks by place; the last one is never a `None`.
#[derive(Clone)]
enum Blocks {
    Heap(Vec<Option<Arc<Block>>>),
    File(Box<FileBlocks>),
}

impl Blocks {
    /// Gives write access, taking the blocks from the file first.
    fn to_mut(&mut self) -> &mut Vec<Option<Arc<Block>>> {
        if let Self::File(blocks) = self {
            *self = Self::Heap(blocks.get().to_vec());
        }
        match self {
            Self::Heap(blocks) => blocks,
            Self::File(_) => unreachable!("the blocks were just taken"),
        }
    }
}

impl Default for Blocks {
    fn default() -> Self {
        Self::Heap(Vec::new())
    }
}

impl Deref for Blocks {
    type Target = [Option<Arc<Block>>];

    #[inline]
    fn deref(&self) -> &[Option<Arc<Block>>] {
        match self {
            Self::Heap(blocks) => blocks,
            Self::File(blocks) => blocks.get(),
        }
    }
}

const fn split(ordinal: u32) -> (usize, u32) {
    ((ordinal >> 16) as usize, ordinal & 0xffff)
}

fn base(at: usize) -> u32 {
    u32::try_from(at).expect("a bitmap has at most 65,536 blocks") << 16
}

impl Bitmap {
    /// Makes an empty set.
    pub const fn new() -> Self {
        Self { blocks: Blocks::Heap(Vec::new()), len: 0 }
    }

    /// Takes a set of `len` ordinals from a file.
    pub(super) fn of_file(blocks: FileBlocks, len: usize) -> Self {
        Self { blocks: Blocks::File(Box::new(blocks)), len }
    }

    /// Makes a set of ordinals that strictly ascend, as runs where they come in runs.
    ///
    /// # Panics
    ///
    /// Where an ordinal is not above the one before.
    pub fn from_sorted(ordinals: impl IntoIterator<Item = u32>) -> Self {
        let mut builder = BitmapBuilder::new();
        ordinals.into_iter().for_each(|ordinal| builder.push(ordinal));
        builder.finish()
    }

    /// Makes a set of all ordinals in `range`, a few bytes for every 65,536.
    pub fn from_range(range: Range<u32>) -> Self {
        let Some(last) = range.end.checked_sub(1).filter(|last| range.start <= *last) else { return Self::new() };
        let ((first_block, first), (last_block, last)) = (split(range.start), split(last));
        let block = |at: usize| {
            let from = if at == first_block { first } else { 0 };
            let to = if at == last_block { last } else { BLOCK_SPAN - 1 };
            (at >= first_block).then(|| Arc::new(Block::range(from, to)))
        };
        Self { blocks: Blocks::Heap((0..=last_block).map(block).collect()), len: range.len() }
    }

    pub(super) fn from_blocks(blocks: impl IntoIterator<Item = Option<Arc<Block>>>) -> Self {
        let mut blocks: Vec<_> = blocks.into_iter().collect();
        trim(&mut blocks);
        let len = blocks.iter().flatten().map(|block| block.len() as usize).sum();
        Self { blocks: Blocks::Heap(blocks), len }
    }

    /// Returns the number of ordinals.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Returns whether there is no ordinal.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns whether `ordinal` is in the set.
    pub fn contains(&self, ordinal: u32) -> bool {
        let (at, low) = split(ordinal);
        self.block(at).is_some_and(|block| block.contains(low))
    }

    /// Adds `ordinal` and returns whether it was absent.
    pub fn insert(&mut self, ordinal: u32) -> bool {
        self.insert_counted(ordinal, &mut 0)
    }

    /// Takes `ordinal` away and returns whether it was present.
    pub fn remove(&mut self, ordinal: u32) -> bool {
        self.remove_counted(ordinal, &mut 0)
    }

    /// Adds `ordinal`; raises `copied` by the bytes that copy-on-write cost.
    pub(super) fn insert_counted(&mut self, ordinal: u32, copied: &mut usize) -> bool {
        let (at, low) = split(ordinal);
        let blocks = self.blocks.to_mut();
        if at >= blocks.len() {
            blocks.resize(at + 1, None);
        }
        let added = match &mut blocks[at] {
            Some(shared) if Arc::strong_count(shared) > 1 && shared.contains(low) => false,
            Some(shared) => own(shared, copied, Block::heap_bytes).insert(low),
            empty => {
                *empty = Some(Arc::new(Block::one(low)));
                true
            }
        };
        self.len += usize::from(added);
        added
    }

    /// Takes `ordinal` away; raises `copied` by the bytes that copy-on-write cost.
    pub(super) fn remove_counted(&mut self, ordinal: u32, copied: &mut usize) -> bool {
        let (at, low) = split(ordinal);
        let blocks = self.blocks.to_mut();
        let Some(Some(shared)) = blocks.get_mut(at) else { return false };
        if !shared.contains(low) {
            return false;
        }
        if shared.len() == 1 {
            blocks[at] = None;
            trim(blocks);
        } else {
            own(shared, copied, Block::heap_bytes).remove(low);
        }
        self.len -= 1;
        true
    }

    /// Returns the lowest ordinal.
    pub fn min(&self) -> Option<u32> {
        self.present().next().map(|(at, block)| base(at) | block.min())
    }

    /// Returns the highest ordinal.
    pub fn max(&self) -> Option<u32> {
        self.present().next_back().map(|(at, block)| base(at) | block.max())
    }

    /// Counts the ordinals below `ordinal`.
    pub fn rank(&self, ordinal: u32) -> usize {
        let (at, low) = split(ordinal);
        let below: usize = self.blocks.iter().take(at).flatten().map(|block| block.len() as usize).sum();
        below + self.block(at).map_or(0, |block| block.rank(low) as usize)
    }

    /// Returns the ordinal that has `rank` ordinals below it.
    pub fn select(&self, mut rank: usize) -> Option<u32> {
        for (at, block) in self.present() {
            if rank < block.len() as usize {
                let low = block.select(u32::try_from(rank).expect("the rank is within the block"));
                return low.map(|low| base(at) | low);
            }
            rank -= block.len() as usize;
        }
        None
    }

    /// Iterates over all ordinals, ascending.
    pub fn iter(&self) -> BitmapIter<'_> {
        self.iter_from(0)
    }

    /// Iterates over the ordinals at `ordinal` and above, ascending.
    pub fn iter_from(&self, ordinal: u32) -> BitmapIter<'_> {
        let (at, low) = split(ordinal);
        BitmapIter { bitmap: self, at, block: self.block(at).map(|block| block.iter_from(low)) }
    }

    /// Returns the ordinals in both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self::from_blocks(self.blocks.iter().zip(other.blocks.iter()).map(|pair| {
            let (Some(a), Some(b)) = pair else { return None };
            match (a.is_full() || Arc::ptr_eq(a, b), b.is_full()) {
                (true, _) => Some(Arc::clone(b)),
                (_, true) => Some(Arc::clone(a)),
                _ => a.and(b).map(Arc::new),
            }
        }))
    }

    /// Returns the ordinals in either.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        Self::from_blocks((0..self.blocks.len().max(other.blocks.len())).map(|at| {
            match (self.shared(at), other.shared(at)) {
                (Some(a), Some(b)) if a.is_full() || Arc::ptr_eq(a, b) => Some(Arc::clone(a)),
                (Some(_), Some(b)) if b.is_full() => Some(Arc::clone(b)),
                (Some(a), Some(b)) => Some(Arc::new(a.or(b))),
                (one, None) | (None, one) => one.cloned(),
            }
        }))
    }

    /// Returns the ordinals that are not in `other`.
    #[must_use]
    pub fn and_not(&self, other: &Self) -> Self {
        Self::from_blocks((0..self.blocks.len()).map(|at| match (self.shared(at), other.shared(at)) {
            (Some(a), Some(b)) if b.is_full() || Arc::ptr_eq(a, b) => None,
            (Some(a), Some(b)) => a.and_not(b).map(Arc::new),
            (one, None) | (one @ None, _) => one.cloned(),
        }))
    }

    /// Returns the ordinals of `universe` that are not in this set.
    #[must_use]
    pub fn not(&self, universe: &Self) -> Self {
        universe.and_not(self)
    }

    /// Counts the ordinals in both, without making the set of them.
    pub fn intersection_len(&self, other: &Self) -> usize {
        let pairs = self.blocks.iter().zip(other.blocks.iter());
        pairs
            .map(|pair| match pair {
                (Some(a), Some(b)) if a.is_full() => b.len() as usize,
                (Some(a), Some(b)) if b.is_full() => a.len() as usize,
                (Some(a), Some(b)) => a.and_len(b) as usize,
                (None, _) | (_, None) => 0,
            })
            .sum()
    }

    /// Returns whether every ordinal of this set is in `other`.
    pub fn is_subset(&self, other: &Self) -> bool {
        self.len <= other.len && self.intersection_len(other) == self.len
    }

    /// Returns the bytes on the heap, blocks shared with other sets counted in full.
    pub fn heap_bytes(&self) -> usize {
        let (table, blocks) = match &self.blocks {
            Blocks::Heap(blocks) => (self.table_bytes(), blocks.as_slice()),
            Blocks::File(blocks) => (blocks.heap_bytes(), blocks.touched()),
        };
        let block = |block: &Arc<Block>| 16 + size_of::<Block>() + block.heap_bytes();
        table + blocks.iter().flatten().map(block).sum::<usize>()
    }

    /// Returns the bytes of the table of blocks: what a clone copies.
    pub(super) fn table_bytes(&self) -> usize {
        match &self.blocks {
            Blocks::Heap(blocks) => blocks.len() * size_of::<Option<Arc<Block>>>(),
            Blocks::File(blocks) => blocks.heap_bytes(),
        }
    }

    /// Calls `visit` with every block and its place.
    pub(super) fn present(&self) -> impl DoubleEndedIterator<Item = (usize, &Arc<Block>)> {
        self.blocks.iter().enumerate().filter_map(|(at, block)| block.as_ref().map(|block| (at, block)))
    }

    /// Returns what is wrong with the set's form; `None` where nothing is.
    pub(super) fn fault(&self) -> Option<&'static str> {
        let len: usize = self.present().map(|(_, block)| block.len() as usize).sum();
        match self.blocks.last() {
            Some(None) => Some("a bitmap ends with an empty block"),
            _ if len != self.len => Some("a bitmap's length is not the number of its ordinals"),
            _ => self.present().find_map(|(_, block)| block.fault()),
        }
    }

    fn shared(&self, at: usize) -> Option<&Arc<Block>> {
        self.blocks.get(at)?.as_ref()
    }

    fn block(&self, at: usize) -> Option<&Block> {
        self.shared(at).map(Arc::as_ref)
    }
}

fn trim(blocks: &mut Vec<Option<Arc<Block>>>) {
    while blocks.last().is_some_and(Option::is_none) {
        blocks.pop();
    }
}

impl PartialEq for Bitmap {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.intersection_len(other) == self.len
    }
}

impl Eq for Bitmap {}

impl fmt::Debug for Bitmap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().take(16)).finish()?;
        if self.len > 16 { write!(f, " of {}", self.len) } else { Ok(()) }
    }
}

impl FromIterator<u32> for Bitmap {
    fn from_iter<I: IntoIterator<Item = u32>>(ordinals: I) -> Self {
        let mut set = Self::new();
        for ordinal in ordinals {
            set.insert(ordinal);
        }
        set
    }
}

impl<'a> IntoIterator for &'a Bitmap {
    type Item = u32;
    type IntoIter = BitmapIter<'a>;

    fn into_iter(self) -> BitmapIter<'a> {
        self.iter()
    }
}

/// Iterates over the ordinals of a [`Bitmap`], ascending.
#[derive(Clone)]
pub struct BitmapIter<'a> {
    bitmap: &'a Bitmap,
    at: usize,
    block: Option<FormIter<'a>>,
}

impl Iterator for BitmapIter<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        loop {
            if let Some(low) = self.block.as_mut().and_then(Iterator::next) {
                return Some(base(self.at) | low);
            }
            if self.at + 1 >= self.bitmap.blocks.len() {
                return None;
            }
            self.at += 1;
            self.block = self.bitmap.block(self.at).map(|block| block.iter_from(0));
        }
    }
}

impl fmt::Debug for BitmapIter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BitmapIter").field("at", &self.at).finish_non_exhaustive()
    }
}

/// Builds a [`Bitmap`] of ordinals that come in ascending order.
#[derive(Debug)]
pub struct BitmapBuilder {
    blocks: Vec<Option<Arc<Block>>>,
    words: Box<Words>,
    last: Option<u32>,
}

impl BitmapBuilder {
    /// Starts an empty set; 8 KiB of scratch.
    pub fn new() -> Self {
        Self { blocks: Vec::new(), words: words::empty(), last: None }
    }

    /// Adds `ordinal`.
    ///
    /// # Panics
    ///
    /// Where it is not above the one before.
    pub fn push(&mut self, ordinal: u32) {
        if let Some(last) = self.last {
            assert!(last < ordinal, "ordinals ascend: {ordinal} came after {last}");
            if last >> 16 != ordinal >> 16 {
                self.flush(last);
            }
        }
        words::set(&mut self.words, ordinal & 0xffff);
        self.last = Some(ordinal);
    }

    fn flush(&mut self, last: u32) {
        self.blocks.resize(split(last).0, None);
        self.blocks.push(Block::compress(&self.words).map(Arc::new));
        self.words.fill(0);
    }

    /// Returns the set.
    pub fn finish(mut self) -> Bitmap {
        if let Some(last) = self.last {
            self.flush(last);
        }
        Bitmap::from_blocks(self.blocks)
    }
}

impl Default for BitmapBuilder {
    fn default() -> Self {
        Self::new()
    }
}
