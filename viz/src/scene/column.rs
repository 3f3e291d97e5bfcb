//! One array of the scene, and what of it the GPU has not been given yet.
//!
//! Changes are noted by blocks of 64 items. What is handed over is runs of blocks: a frame uploads what changed and
//! little beside it, in few pieces.

/// Items of a block.
const BLOCK: usize = 64;

/// Unchanged blocks that are handed over along rather than splitting a run: a piece of its own costs more.
const GAP_BLOCKS: usize = 8;

/// An array that knows which of its items changed.
#[derive(Debug, Clone)]
pub struct Column<T> {
    items: Vec<T>,
    /// One bit a block.
    changed: Vec<u64>,
    is_changed: bool,
    /// Counts changes.
    revision: u64,
}

impl<T> Default for Column<T> {
    fn default() -> Self {
        Self { items: Vec::new(), changed: Vec::new(), is_changed: false, revision: 0 }
    }
}

impl<T: Copy> Column<T> {
    /// Returns the number of items.
    pub const fn len(&self) -> usize {
        self.items.len()
    }

    /// Returns whether there is no item.
    pub const fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Returns all items.
    pub fn items(&self) -> &[T] {
        &self.items
    }

    /// Returns the item at `at`.
    ///
    /// # Panics
    /// Where there is none.
    pub fn get(&self, at: u32) -> T {
        self.items[at as usize]
    }

    /// Returns the item at `at` to be changed.
    ///
    /// # Panics
    /// Where there is none.
    pub fn get_mut(&mut self, at: u32) -> &mut T {
        self.note(at as usize);
        &mut self.items[at as usize]
    }

    /// Puts `item` behind the last one.
    pub fn push(&mut self, item: T) {
        self.items.push(item);
        let blocks = self.items.len().div_ceil(BLOCK);
        self.changed.resize(blocks.div_ceil(64), 0);
        self.note(self.items.len() - 1);
    }

    /// Returns all items to be changed.
    pub fn all_mut(&mut self) -> &mut [T] {
        self.changed.fill(u64::MAX);
        self.is_changed = !self.items.is_empty();
        self.revision += 1;
        &mut self.items
    }

    /// Returns a number that grows with every change.
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// Returns whether an item changed since [`take_changed`](Self::take_changed).
    pub const fn is_changed(&self) -> bool {
        self.is_changed
    }

    /// Hands over runs of items that hold all that changed, each with the place of its first item, and forgets that they
    /// changed.
    pub fn take_changed(&mut self, mut run: impl FnMut(usize, &[T])) {
        if !self.is_changed {
            return;
        }
        let mut open: Option<(usize, usize)> = None;
        for block in
            (0..self.items.len().div_ceil(BLOCK)).filter(|block| self.changed[block / 64] >> (block % 64) & 1 == 1)
        {
            open = match open {
                Some((first, last)) if block - last <= GAP_BLOCKS => Some((first, block)),
                Some(done) => {
                    run(done.0 * BLOCK, self.blocks(done));
                    Some((block, block))
                }
                None => Some((block, block)),
            };
        }
        if let Some(done) = open {
            run(done.0 * BLOCK, self.blocks(done));
        }
        self.changed.fill(0);
        self.is_changed = false;
    }

    fn blocks(&self, (first, last): (usize, usize)) -> &[T] {
        &self.items[first * BLOCK..self.items.len().min((last + 1) * BLOCK)]
    }

    fn note(&mut self, at: usize) {
        let block = at / BLOCK;
        self.changed[block / 64] |= 1 << (block % 64);
        self.is_changed = true;
        self.revision += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(column: &mut Column<u32>) -> Vec<(usize, usize)> {
        let mut runs = Vec::new();
        column.take_changed(|first, items| runs.push((first, items.len())));
        runs
    }

    fn of_len(len: u32) -> Column<u32> {
        let mut column = Column::default();
        (0..len).for_each(|item| column.push(item));
        column
    }

    #[test]
    fn what_is_pushed_is_one_run() {
        let mut column = of_len(1000);
        assert_eq!(taken(&mut column), [(0, 1000)]);
        assert_eq!(taken(&mut column), []);
    }

    #[test]
    fn far_changes_are_runs_of_their_own_and_near_ones_are_not() {
        let mut column = of_len(10_000);
        taken(&mut column);
        *column.get_mut(70) = 1;
        *column.get_mut(200) = 1;
        *column.get_mut(9_990) = 1;
        assert_eq!(taken(&mut column), [(64, 192), (9_984, 16)]);
    }

    #[test]
    fn every_change_is_in_a_run() {
        let mut column = of_len(5_000);
        taken(&mut column);
        let mut mirror: Vec<u32> = column.items().to_vec();
        for step in 0..200_u32 {
            for at in [step * 37 % 5_000, step * step % 5_000] {
                *column.get_mut(at) = step;
            }
            column.take_changed(|first, items| mirror[first..first + items.len()].copy_from_slice(items));
            assert_eq!(mirror, column.items());
        }
    }

    #[test]
    fn all_may_change_at_once() {
        let mut column = of_len(130);
        taken(&mut column);
        column.all_mut().fill(3);
        assert_eq!(taken(&mut column), [(0, 130)]);
    }
}
