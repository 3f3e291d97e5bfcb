//! Everything in a pool's frozen part looked at: each id leads to canonical content, and content to its id.

use rayon::prelude::*;

use crate::dag_cbor::Decoder;
use crate::packed::PackedInts;
use crate::value::compare_names;

use super::content::{hash_bytes, hash_component, hash_words};
use super::ids::{ComponentId, SetId, ValueId};
use super::read::Pool;

impl Pool {
    /// Checks the frozen part.
    ///
    /// # Panics
    /// Where something does not hold, as [`Slab::broken`](crate::slab::Slab::broken) does.
    pub fn check(&self) {
        let base = self.base();
        (0..base.values.len()).into_par_iter().for_each(|id| {
            let bytes = self.value_bytes(ValueId(id));
            let mut input = Decoder::new(bytes);
            let is_canonical = input.value().is_ok() && input.finish().is_ok();
            if !is_canonical || base.find_value(hash_bytes(bytes), bytes) != Some(id) {
                base.values.broken("a value is not canonical, or not found again");
            }
        });
        (0..base.components.len()).into_par_iter().for_each(|id| self.check_component(id));
        (0..base.sets.len()).into_par_iter().for_each(|id| self.check_set(id));
    }

    fn check_component(&self, id: u32) {
        let (base, names, component) = (self.base(), self.names(), ComponentId(id));
        let entries = || self.entries(component);
        let is_ordered = entries()
            .zip(entries().skip(1))
            .all(|((before, _), (after, _))| compare_names(names.get(before), names.get(after)).is_lt());
        let hash = hash_component(self.component_type(component).0, entries());
        if !is_ordered || base.find_component(hash, |found| found == id).is_none() {
            base.components.broken("a component is not in order, or not found again");
        }
    }

    fn check_set(&self, id: u32) {
        let (base, names) = (self.base(), self.names());
        let types = || self.components(SetId(id)).map(|component| names.get(self.component_type(component)));
        let is_ordered = types().zip(types().skip(1)).all(|(before, after)| compare_names(before, after).is_lt());
        let words = self.set_words(SetId(id));
        if !is_ordered || base.find_set(hash_words(words), words) != Some(id) {
            base.sets.broken("a set is not in order, or not found again");
        }
    }

    /// Checks that sets, and components outside sets, are used as often as the base says.
    ///
    /// # Panics
    /// Where they are not, as [`check`](Self::check) does.
    pub fn check_uses(&self, sets: impl Iterator<Item = SetId>, components: impl Iterator<Item = ComponentId>) {
        let uses = &self.base().uses;
        check_counts(&uses.sets, sets.map(|set| set.0));
        check_counts(&uses.components, components.map(|component| component.0));
    }
}

fn check_counts(expected: &PackedInts, ids: impl Iterator<Item = u32>) {
    let mut counts = vec![0_u64; expected.len()];
    for id in ids {
        match counts.get_mut(id as usize) {
            Some(count) => *count += 1,
            None => expected.broken("more is in use than there is"),
        }
    }
    if !expected.iter().eq(counts) {
        expected.broken("something is in use more or less often than it says");
    }
}
