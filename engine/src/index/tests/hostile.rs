//! Frozen indices with wrong bytes: refused, found when they are touched, or read; never a panic.

use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;

use super::frozen::{aligned, freeze, frozen, model, of_model};
use super::versions::Model;
use crate::index::{Bitmap, Damaged, FrozenIndex, Index, PropertyIndex};
use crate::value::Value;

fn read_bitmap(bitmap: &Bitmap) {
    assert!(bitmap.iter().take(1_000_000).all(|node| node < 5_000_000), "an ordinal is below the bound");
    let others = Bitmap::from_range(100..150_000);
    let read = (bitmap.min(), bitmap.max(), bitmap.rank(70_000), bitmap.select(9), bitmap.contains(70_000));
    let made = [bitmap.and(&others), bitmap.or(&others), bitmap.and_not(&others), others.and_not(bitmap)];
    let lens = made.map(|set| set.iter().count() == set.len());
    assert!(lens.iter().all(|same| *same), "{read:?}");
}

fn read_property(index: &PropertyIndex) {
    let low = Value::Int(2);
    assert_eq!(index.count_equals(&low), index.equals(&low).map(|nodes| nodes.len()));
    let range = (Bound::Excluded(&low), Bound::Unbounded);
    assert_eq!(index.count_range(range.0, range.1).is_some(), index.range(range.0, range.1).is_some());
    let values = index.iter().map(|(_, nodes)| nodes.iter().count()).sum::<usize>();
    let ends = (index.min(), index.max(), index.distinct(), index.len(), index.present().len(), index.heap_bytes());
    assert!(index.iter().flat_map(|(_, nodes)| nodes.iter()).all(|node| node < 5_000_000), "{ends:?} {values}");
}

/// Does everything that can be done with an index; what is wrong may unwind, and the next thing is done.
fn exercise(index: &Index, model: &Model) {
    let attempt = |work: &dyn Fn()| Damaged::catch(work).is_ok();
    let mut held = attempt(&|| read_bitmap(index.nodes()));
    for names in [&index.kinds, &index.components, &index.categories] {
        held &= attempt(&|| names.iter().for_each(|(_, nodes)| read_bitmap(nodes)));
    }
    for ((component_type, property), _) in index.properties.iter() {
        held &= attempt(&|| index.property(*component_type, *property).into_iter().for_each(read_property));
    }
    held &= attempt(&|| drop(freeze(index)));
    assert!(held || index.check().is_err(), "what unwinds where it is read is found by a check");
    attempt(&|| {
        let mut updater = index.updater();
        model.iter().for_each(|(ordinal, node)| updater.replace(*ordinal, node, node));
        model.iter().for_each(|(ordinal, node)| updater.remove(*ordinal, node));
        model.iter().for_each(|(ordinal, node)| updater.insert(*ordinal, node));
    });
}

fn try_bytes(bytes: Bytes, model: &Model) {
    if let Ok(index) = Index::thaw(frozen(bytes)) {
        exercise(&index, model);
    }
}

/// Adds nodes so that there are blocks of every form and values with many nodes.
fn filled(mut model: Model, many: bool) -> Model {
    if let (true, Some(node)) = (many, model.values().next().cloned()) {
        (0..6_000).for_each(|at| drop(model.insert(at, node.clone())));
        (65_536..80_000).step_by(2).for_each(|at| drop(model.insert(at, node.clone())));
        (140_000..141_400).step_by(2).for_each(|at| drop(model.insert(at, node.clone())));
    }
    model
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn wrong_bytes_never_panic(
        model in (model(), any::<bool>()).prop_map(|(model, many)| filled(model, many)),
        flips in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>(), any::<bool>()), 1..12),
    ) {
        let bytes = freeze(&of_model(&model));
        let (mut worse, tail) = (bytes.clone(), bytes.len().min(2_000));
        for (at, byte, in_tables) in &flips {
            // The tables at the end say where everything is: half of the flips are there, one at a time and together.
            let at = if *in_tables { bytes.len() - 1 - at.index(tail) } else { at.index(bytes.len()) };
            let mut once = bytes.clone();
            once[at] = *byte;
            worse[at] ^= *byte;
            try_bytes(aligned(&once), &model);
        }
        try_bytes(aligned(&worse), &model);
        try_bytes(aligned(&bytes[..flips[0].0.index(bytes.len())]), &model);
    }

    #[test]
    fn numbers_at_their_limits_never_panic(
        model in (model(), any::<bool>()).prop_map(|(model, many)| filled(model, many)),
        writes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<proptest::sample::Index>()), 1..12),
    ) {
        let bytes = freeze(&of_model(&model));
        let limits = [0, 1, 2, 63, 64, 255, 4096, 65_535, u64::from(u32::MAX), 1 << 33, 1 << 63, u64::MAX, bytes.len() as u64];
        for (at, limit) in writes {
            let mut wrong = bytes.clone();
            let at = at.index(bytes.len() / 8) * 8;
            wrong[at..at + 8].copy_from_slice(&limits[limit.index(limits.len())].to_le_bytes());
            try_bytes(aligned(&wrong), &model);
        }
    }
}

#[test]
fn what_is_no_index_is_refused() {
    let bytes = freeze(&Index::default());
    let check = |bytes: Bytes, expected: &str| {
        let refused = Index::thaw(frozen(bytes)).err().map(|damaged| damaged.what.into_owned());
        assert_eq!(refused.as_deref(), Some(expected));
    };
    check(Bytes::new(), "an index is too short");
    check(aligned(&[0; 64]), "these are not the bytes of an index of this version");
    check(aligned(&bytes[64..]), "these are not the bytes of an index of this version");
    check(aligned(&[&[0], &bytes[..]].concat()).slice(1..), "a part is not aligned");
    assert!(Index::thaw(frozen(aligned(&bytes))).is_ok());
}

#[test]
fn nodes_and_names_stay_below_what_there_is() {
    let model = Model::from([(9, super::versions::plain_node(3))]);
    let bytes = aligned(&freeze(&of_model(&model)));
    let thaw = |nodes: u32, names: u32| Index::thaw(FrozenIndex { nodes, names, ..frozen(bytes.clone()) });
    assert_eq!(thaw(10, 4).map(|index| index.check()), Ok(Ok(())));
    assert_eq!(thaw(10, 3).map(drop), Err(Damaged::new("there is no such name")));
    let high = thaw(9, 4).expect("the directory holds");
    assert_eq!(Damaged::catch(|| high.nodes().contains(9)), Err(Damaged::new("an ordinal is too high")));
}

#[test]
fn an_unwinding_touch_is_caught() {
    let bytes = aligned(&freeze(&of_model(&Model::from([(9, super::versions::plain_node(3))]))));
    let end = bytes.len() - 192;
    let touch = move |range: std::ops::Range<usize>| {
        if range.start < end {
            Damaged::new("a page").unwind();
        }
    };
    let index =
        Index::thaw(FrozenIndex { touch: Some(Arc::new(touch)), ..frozen(bytes) }).expect("the directory holds");
    assert_eq!(Damaged::catch(|| index.nodes().contains(9)), Err(Damaged::new("a page")));
    assert_eq!(index.check(), Err(Damaged::new("a page")));
}
