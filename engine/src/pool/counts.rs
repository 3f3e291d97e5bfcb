//! How often each set or component is in use.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::packed::PackedInts;

/// Reference counts by id: those that a base begins with, and what has changed since. Of an id behind the base's a byte
/// is kept, and the few large ones apart.
#[derive(Debug, Default)]
pub(super) struct Counts {
    frozen: PackedInts,
    /// Counts of ids of the base that have another now.
    changed: HashMap<u32, u64, FixedState>,
    small: Vec<u8>,
    /// What goes beyond [`u8::MAX`], for ids whose byte is full.
    beyond: HashMap<u32, u64, FixedState>,
}

impl Counts {
    /// Begins with the counts of a base, in O(1).
    pub(super) fn new(frozen: PackedInts) -> Self {
        Self { frozen, ..Self::default() }
    }

    /// Adds a use.
    pub(super) fn retain(&mut self, id: u32) {
        let Some(index) = self.behind_frozen(id) else {
            let frozen = &self.frozen;
            *self.changed.entry(id).or_insert_with(|| frozen.get(id as usize)) += 1;
            return;
        };
        if index >= self.small.len() {
            self.small.resize(index + 1, 0);
        }
        match self.small[index].checked_add(1) {
            Some(count) => self.small[index] = count,
            None => *self.beyond.entry(id).or_default() += 1,
        }
    }

    /// Takes a use away and returns how many are left.
    ///
    /// # Panics
    /// Where there is none.
    pub(super) fn release(&mut self, id: u32) -> u64 {
        let Some(index) = self.behind_frozen(id) else {
            let frozen = &self.frozen;
            let count = self.changed.entry(id).or_insert_with(|| frozen.get(id as usize));
            *count = count.checked_sub(1).expect("what is released was retained");
            return *count;
        };
        if let Some(beyond) = self.beyond.get_mut(&id) {
            *beyond -= 1;
            if *beyond == 0 {
                self.beyond.remove(&id);
            }
        } else {
            let count = self.small.get_mut(index).and_then(|count| Some((count.checked_sub(1)?, count)));
            let (less, count) = count.expect("what is released was retained");
            *count = less;
        }
        self.get(id)
    }

    /// Returns how many uses there are.
    pub(super) fn get(&self, id: u32) -> u64 {
        let Some(index) = self.behind_frozen(id) else {
            return self.changed.get(&id).copied().unwrap_or_else(|| self.frozen.get(id as usize));
        };
        let small = self.small.get(index).copied().unwrap_or(0);
        u64::from(small) + self.beyond.get(&id).copied().unwrap_or(0)
    }

    /// Returns the ids in use and how often each is.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, u64)> {
        let ids = (0..).take(self.frozen.len() + self.small.len());
        ids.map(|id| (id, self.get(id))).filter(|(_, count)| *count > 0)
    }

    pub(super) fn heap_bytes(&self) -> usize {
        let apart = self.beyond.capacity() + self.changed.capacity();
        self.small.capacity() + apart * size_of::<(u32, u64)>()
    }

    /// Returns an id's place behind those of the base; `None` where it is one of them.
    fn behind_frozen(&self, id: u32) -> Option<usize> {
        (id as usize).checked_sub(self.frozen.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_counts_are_exact() {
        for frozen in [PackedInts::default(), [7, 0, 1].into_iter().collect()] {
            let before: Vec<(u32, u64)> = (0..).zip(frozen.iter()).filter(|(_, count)| *count > 0).collect();
            let mut counts = Counts::new(frozen);
            (0..600).for_each(|_| counts.retain(3));
            assert_eq!(counts.iter().collect::<Vec<_>>(), [before, vec![(3, 600)]].concat());
            assert_eq!((0..600).map(|_| counts.release(3)).last(), Some(0));
            assert_eq!(counts.get(3), 0);
        }
    }

    #[test]
    fn counts_of_a_base_go_on() {
        let mut counts = Counts::new([7, 0, 1].into_iter().collect());
        counts.retain(0);
        counts.retain(1);
        assert_eq!((counts.release(2), counts.release(0)), (0, 7));
        assert_eq!(counts.iter().collect::<Vec<_>>(), [(0, 7), (1, 1)]);
    }

    #[test]
    #[should_panic(expected = "what is released was retained")]
    fn releasing_what_was_not_retained_is_a_bug() {
        Counts::default().release(0);
    }
}
