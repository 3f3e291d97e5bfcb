//! How often each set or component is in use.

use std::collections::HashMap;

use foldhash::fast::FixedState;

/// Reference counts by id. Of what a frozen base holds only the difference to the base's own uses is kept, which costs
/// nothing until something changes; of what came since a byte each, and the few large counts apart.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// The ids below are the base's.
    base_len: u32,
    /// Uses of the base's ids that came less those that went, where that is not 0.
    differences: HashMap<u32, i64, FixedState>,
    small: Vec<u8>,
    /// What goes beyond [`u8::MAX`], for ids whose byte is full.
    beyond: HashMap<u32, u64, FixedState>,
}

impl Counts {
    /// Makes the counts over a base with so many ids.
    pub(super) fn over(base_len: u32) -> Self {
        Self { base_len, ..Self::default() }
    }

    /// Adds a use.
    pub(super) fn retain(&mut self, id: u32) {
        let Some(index) = self.recent(id) else { return self.differ(id, 1) };
        if index >= self.small.len() {
            self.small.resize(index + 1, 0);
        }
        match self.small[index].checked_add(1) {
            Some(count) => self.small[index] = count,
            None => *self.beyond.entry(id).or_default() += 1,
        }
    }

    /// Takes a use away.
    ///
    /// # Panics
    /// Where there is none, as far as that is known: how often a base uses what it holds is not.
    pub(super) fn release(&mut self, id: u32) {
        let Some(index) = self.recent(id) else { return self.differ(id, -1) };
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
    }

    /// Returns the ids in use and how often each is, given the base's own uses, one by one.
    ///
    /// # Panics
    /// Where more uses went than there were.
    pub(super) fn uses(&self, of_base: impl Iterator<Item = u32>) -> HashMap<u32, u64, FixedState> {
        let mut uses: HashMap<u32, u64, FixedState> = HashMap::default();
        for id in of_base {
            *uses.entry(id).or_default() += 1;
        }
        for (id, difference) in &self.differences {
            let count = uses.entry(*id).or_default();
            *count = count.checked_add_signed(*difference).expect("what is released was retained");
        }
        uses.retain(|_, count| *count > 0);
        let recent = (self.base_len..).zip(&self.small).filter(|(_, small)| **small > 0);
        uses.extend(recent.map(|(id, small)| (id, u64::from(*small) + self.beyond.get(&id).copied().unwrap_or(0))));
        uses
    }

    pub(super) fn heap_bytes(&self) -> usize {
        let apart = self.beyond.capacity() + self.differences.capacity();
        self.small.capacity() + apart * size_of::<(u32, u64)>()
    }

    /// Returns the place of an id that is not the base's.
    fn recent(&self, id: u32) -> Option<usize> {
        id.checked_sub(self.base_len).map(|index| index as usize)
    }

    fn differ(&mut self, id: u32, by: i64) {
        let difference = self.differences.entry(id).or_default();
        *difference += by;
        if *difference == 0 {
            self.differences.remove(&id);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn uses_are_those_of_the_base_and_what_changed(
            of_base in prop::collection::vec(0u32..4, 0..600),
            changes in prop::collection::vec((0u32..8, any::<bool>()), 0..800),
        ) {
            let mut counts = Counts::over(4);
            let mut model: BTreeMap<u32, u64> = BTreeMap::new();
            of_base.iter().for_each(|id| *model.entry(*id).or_default() += 1);
            for (id, more) in changes {
                let count = model.entry(id).or_default();
                if more {
                    counts.retain(id);
                    *count += 1;
                } else if *count > 0 {
                    counts.release(id);
                    *count -= 1;
                }
            }
            model.retain(|_, count| *count > 0);
            prop_assert_eq!(counts.uses(of_base.into_iter()).into_iter().collect::<BTreeMap<_, _>>(), model);
        }
    }

    #[test]
    fn large_counts_are_exact() {
        let mut counts = Counts::default();
        (0..600).for_each(|_| counts.retain(3));
        let uses = |counts: &Counts| counts.uses(std::iter::empty()).into_iter().collect::<Vec<_>>();
        assert_eq!(uses(&counts), [(3, 600)]);
        (0..599).for_each(|_| counts.release(3));
        assert_eq!(uses(&counts), [(3, 1)]);
        counts.release(3);
        assert_eq!(uses(&counts), []);
    }

    #[test]
    #[should_panic(expected = "what is released was retained")]
    fn releasing_what_was_not_retained_is_a_bug() {
        Counts::default().release(0);
    }
}
