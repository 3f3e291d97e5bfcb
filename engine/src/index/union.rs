//! The union of many sets: bits are gathered in dense blocks and given their form once.

use std::sync::Arc;

use super::bitmap::Bitmap;
use super::block::Block;
use super::words::{self, Words};

/// Gathers ordinals in any order.
#[derive(Debug, Default)]
pub(super) struct Union {
    blocks: Vec<Option<Box<Words>>>,
}

impl Union {
    /// Starts an empty union.
    pub(super) const fn new() -> Self {
        Self { blocks: Vec::new() }
    }

    /// Adds one ordinal.
    pub(super) fn add(&mut self, ordinal: u32) {
        words::set(self.words((ordinal >> 16) as usize), ordinal & 0xffff);
    }

    /// Adds every ordinal of `bitmap`.
    pub(super) fn add_all(&mut self, bitmap: &Bitmap) {
        for (at, block) in bitmap.present() {
            block.scatter(self.words(at));
        }
    }

    fn words(&mut self, at: usize) -> &mut Words {
        if at >= self.blocks.len() {
            self.blocks.resize(at + 1, None);
        }
        self.blocks[at].get_or_insert_with(words::empty)
    }

    /// Returns the union.
    pub(super) fn finish(self) -> Bitmap {
        Bitmap::from_blocks(self.blocks.into_iter().map(|words| Block::from_words(words?).map(Arc::new)))
    }
}
