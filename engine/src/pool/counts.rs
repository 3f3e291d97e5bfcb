//! How often each set or component is in use.

use std::collections::HashMap;

use foldhash::fast::FixedState;

/// Reference counts by id: a byte each, and the few large ones apart.
#[derive(Debug, Default)]
pub(super) struct Counts {
    small: Vec<u8>,
    /// What goes beyond [`u8::MAX`], for ids whose byte is full.
    beyond: HashMap<u32, u64, FixedState>,
}

impl Counts {
    /// Adds a use.
    pub(super) fn retain(&mut self, id: u32) {
        let index = id as usize;
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
        if let Some(beyond) = self.beyond.get_mut(&id) {
            *beyond -= 1;
            if *beyond == 0 {
                self.beyond.remove(&id);
            }
        } else {
            let count = self.small.get_mut(id as usize).and_then(|count| Some((count.checked_sub(1)?, count)));
            let (less, count) = count.expect("what is released was retained");
            *count = less;
        }
        self.get(id)
    }

    /// Returns how many uses there are.
    pub(super) fn get(&self, id: u32) -> u64 {
        let small = self.small.get(id as usize).copied().unwrap_or(0);
        u64::from(small) + self.beyond.get(&id).copied().unwrap_or(0)
    }

    /// Returns the ids in use and how often each is.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, u64)> {
        (0..).zip(&self.small).filter(|(_, small)| **small > 0).map(|(id, _)| (id, self.get(id)))
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.small.capacity() + self.beyond.capacity() * size_of::<(u32, u64)>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_counts_are_exact() {
        let mut counts = Counts::default();
        (0..600).for_each(|_| counts.retain(3));
        assert_eq!(counts.iter().collect::<Vec<_>>(), [(3, 600)]);
        assert_eq!((0..600).map(|_| counts.release(3)).last(), Some(0));
        assert_eq!(counts.get(3), 0);
    }

    #[test]
    #[should_panic(expected = "what is released was retained")]
    fn releasing_what_was_not_retained_is_a_bug() {
        Counts::default().release(0);
    }
}
