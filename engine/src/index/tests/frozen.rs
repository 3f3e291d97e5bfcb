//! A frozen index against the one on the heap that it was made of, and its bitmaps against those of `roaring`.

use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;
use roaring::RoaringBitmap;

use super::bitmaps::{check_same, shaped};
use super::properties::{self, bound, value};
use super::versions::{Model, check_reads, node};
use crate::index::frozen::Lazy;
use crate::index::{Bitmap, FactComponent, FrozenIndex, Index, NodeFacts, PropertyIndex};
use crate::value::{Name, Value};

/// Returns bytes at an address that is a multiple of 64.
pub(super) fn aligned(bytes: &[u8]) -> Bytes {
    let mut room = vec![0; bytes.len() + 64];
    let start = room.as_ptr().align_offset(64);
    room[start..start + bytes.len()].copy_from_slice(bytes);
    Bytes::from(room).slice(start..start + bytes.len())
}

pub(super) fn freeze(index: &Index) -> Vec<u8> {
    let mut bytes = Vec::new();
    index.freeze(&|name| name, &mut bytes).expect("memory takes everything");
    bytes
}

pub(super) const fn frozen(bytes: Bytes) -> FrozenIndex {
    FrozenIndex { bytes, nodes: 5_000_000, names: 1000, touch: None }
}

pub(super) fn thaw(bytes: &[u8]) -> Index {
    Index::thaw(frozen(aligned(bytes))).expect("the bytes were just made")
}

fn of_nodes(nodes: Bitmap) -> Index {
    Index { nodes: Arc::new(nodes), ..Index::default() }
}

fn of_property(property: PropertyIndex) -> Index {
    Index { properties: Arc::new(vec![((1, 2), Lazy::new(property))]), ..Index::default() }
}

pub(super) fn of_model(model: &Model) -> Index {
    let mut updater = Index::default().updater();
    model.iter().for_each(|(ordinal, node)| updater.insert(*ordinal, node));
    updater.finish()
}

/// Turns one index into what `after` says, node by node.
fn turn(index: Index, before: &Model, after: &Model) -> Index {
    let mut updater = index.into_updater();
    for (ordinal, node) in before {
        match after.get(ordinal) {
            Some(new) => updater.replace(*ordinal, node, new),
            None => updater.remove(*ordinal, node),
        }
    }
    after.iter().filter(|(ordinal, _)| !before.contains_key(ordinal)).for_each(|(ordinal, node)| {
        updater.insert(*ordinal, node);
    });
    updater.finish()
}

pub(super) fn model() -> impl Strategy<Value = Model> {
    proptest::collection::btree_map(0u32..200_000, node(), 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_bitmap_in_a_file_is_that_of_roaring((a, x) in shaped(), (b, y) in shaped(), at in 0u32..300_000) {
        let (a, b) = (of_nodes(a), of_nodes(b));
        let (thawed, other) = (thaw(&freeze(&a)), thaw(&freeze(&b)));
        prop_assert_eq!(thawed.nodes().len(), x.len());
        check_same(thawed.nodes(), &x);
        let (x, y): (RoaringBitmap, RoaringBitmap) = (x.into_iter().collect(), y.into_iter().collect());
        let (n, m) = (thawed.nodes(), other.nodes());
        prop_assert!(n.iter_from(at).eq(x.range(at..)));
        prop_assert_eq!(n.contains(at), x.contains(at));
        prop_assert_eq!(n.rank(at) as u64, at.checked_sub(1).map_or(0, |last| x.rank(last)));
        prop_assert_eq!(n.select(at as usize / 7), x.select(at / 7));
        for (n, m) in [(n, m), (n, b.nodes()), (a.nodes(), m)] {
            prop_assert!(n.and(m).iter().eq((&x & &y).iter()));
            prop_assert!(n.or(m).iter().eq((&x | &y).iter()));
            prop_assert!(n.and_not(m).iter().eq((&x - &y).iter()));
            prop_assert_eq!(n.intersection_len(m) as u64, x.intersection_len(&y));
            prop_assert_eq!([n.and(m), n.or(m), n.and_not(m)].map(|set| set.fault()), [None; 3]);
            prop_assert_eq!(n == m, x == y);
        }
    }

    #[test]
    fn a_bitmap_in_a_file_can_be_changed((a, mut x) in shaped(), flips in proptest::collection::vec(0u32..200_000, 1..50)) {
        let bytes = freeze(&of_nodes(a.clone()));
        let thawed = thaw(&bytes);
        let (mut own, mut shared) = (Bitmap::clone(thawed.nodes()), Bitmap::clone(thawed.nodes()));
        drop(thaw(&bytes));
        for ordinal in flips {
            let added = x.insert(ordinal);
            prop_assert_eq!(own.insert(ordinal), added);
            prop_assert_eq!(own.insert(ordinal), false);
            if !added {
                x.remove(&ordinal);
                prop_assert!(own.remove(ordinal) && !own.remove(ordinal));
            }
            if a.contains(ordinal) {
                prop_assert!(shared.remove(ordinal) && !shared.remove(ordinal) && shared.insert(ordinal));
            }
        }
        check_same(&own, &x);
        check_same(&shared, &a.iter().collect());
        check_same(thawed.nodes(), &a.iter().collect());
        prop_assert_eq!(freeze(&of_nodes(own)), freeze(&of_nodes(x.into_iter().collect())));
    }

    #[test]
    fn a_property_in_a_file_is_a_map(
        steps in proptest::collection::vec((0u32..1_500, value()), 1..900),
        later in proptest::collection::vec((0u32..1_500, proptest::option::weighted(0.5, value())), 0..100),
        queries in proptest::collection::vec((bound(), bound(), value()), 1..24),
    ) {
        let (mut index, mut model) = (PropertyIndex::default(), properties::Model::new());
        steps.iter().for_each(|(node, value)| properties::set(&mut index, &mut model, *node, Some(value)));
        let bytes = freeze(&of_property(index.clone()));
        let thawed = thaw(&bytes);
        let read = thawed.property(1, 2).expect("the property is there");
        for (lower, upper, value) in &queries {
            properties::check_range(read, &model, lower, upper);
            properties::check_equals(read, &model, value);
        }
        properties::check_same(read, &model);
        prop_assert_eq!(&freeze(&thawed), &bytes);
        let (mut changed, mut changed_model) = (read.clone(), model.clone());
        for (node, value) in &later {
            properties::set(&mut index, &mut model, *node, value.as_ref());
            properties::set(&mut changed, &mut changed_model, *node, value.as_ref());
        }
        properties::check_same(&changed, &model);
        if !model.is_empty() {
            prop_assert_eq!(freeze(&of_property(changed)), freeze(&of_property(index)));
        }
        properties::check_same(read, &steps.iter().cloned().collect());
    }

    #[test]
    fn an_index_in_a_file_is_what_its_facts_make_it(before in model(), after in model()) {
        let bytes = freeze(&of_model(&before));
        prop_assert_eq!(bytes.len() % 64, 0);
        let thawed = thaw(&bytes);
        check_reads(&thawed, &before);
        prop_assert_eq!(thawed.check(), Ok(()));
        prop_assert_eq!(thawed.validate(before.iter().map(|(ordinal, node)| (*ordinal, node))), Ok(()));
        prop_assert_eq!(&freeze(&thawed), &bytes);
        let changed = turn(thaw(&bytes), &before, &after);
        check_reads(&changed, &after);
        prop_assert_eq!(changed.check(), Ok(()));
        prop_assert_eq!(changed.validate(after.iter().map(|(ordinal, node)| (*ordinal, node))), Ok(()));
        check_reads(&thawed, &before);
        let bytes = freeze(&of_model(&after));
        prop_assert_eq!(&freeze(&changed), &bytes, "changed in a file");
        prop_assert_eq!(&freeze(&turn(of_model(&before), &before, &after)), &bytes, "changed on the heap");
        prop_assert_eq!(&freeze(&turn(changed, &after, &after)), &bytes, "nothing changed");
    }
}

#[test]
fn bitmaps_have_the_layout_of_croaring() {
    // 65,536 to 68,535 in steps of 2 are an array, all from 131,072 to 196,607 a run, every third from 196,608 bits.
    let nodes = (65_536..68_536).step_by(2).chain(131_072..196_608).chain((196_608..262_144).step_by(3));
    let bytes = freeze(&of_nodes(nodes.collect()));
    let bits: Vec<u8> = (0u32..1024)
        .map(|word| (0..64).filter(|bit| (word * 64 + bit) % 3 == 0).fold(0_u64, |bits, bit| bits | 1 << bit))
        .flat_map(u64::to_le_bytes)
        .collect();
    let shorts = |numbers: &[u16]| numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>();
    let array: Vec<u16> = (0..3_000).step_by(2).collect();
    let expected = [
        bits,
        shorts(&[0, 65_535]),
        shorts(&array),
        shorts(&[1, 2, 3]),
        shorts(&[1_499, 1, 21_845]),
        vec![2, 3, 1],
        (3_u32 << 15 | 13_766).to_le_bytes().to_vec(),
    ]
    .concat();
    assert!(bytes.starts_with(&expected));
}

#[test]
fn names_are_renamed_and_sorted() {
    let entries = [(3, Value::Int(1)), (4, Value::Int(1))];
    let facts = |kind: u32, names: [u32; 2]| (kind, names);
    let build = |nodes: &[(u32, [u32; 2])]| {
        let mut updater = Index::default().updater();
        for (node, (kind, [first, second])) in (0..).zip(nodes) {
            let entries = [(*first, entries[0].1.clone()), (*second, entries[1].1.clone())];
            let components = [FactComponent { component_type: *second, categories: &[*first], entries: &entries }];
            updater.insert(node, &NodeFacts { kind: *kind, components: &components });
        }
        updater.finish()
    };
    let index = build(&[facts(0, [5, 6]), facts(1, [6, 5])]);
    let mut bytes = Vec::new();
    index.freeze(&|name| 10 - name, &mut bytes).expect("memory takes everything");
    assert_eq!(bytes, freeze(&build(&[facts(10, [5, 4]), facts(9, [4, 5])])));
}

#[test]
fn thawing_and_reading_touch_little() {
    let entries: Vec<_> = (0..100_000u32).map(|node| [(2, Value::from(node)), (3, Value::from(node % 10))]).collect();
    let mut updater = Index::default().updater();
    for (node, entries) in (0..).zip(&entries) {
        let components = [FactComponent { component_type: 1, categories: &[], entries }];
        updater.insert(node, &NodeFacts { kind: node % 4, components: &components });
    }
    let bytes = freeze(&updater.finish());
    let touched = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = Arc::clone(&touched);
    let touch = move |range: std::ops::Range<usize>| {
        count.fetch_add(range.len(), std::sync::atomic::Ordering::Relaxed);
    };
    let frozen = FrozenIndex { touch: Some(Arc::new(touch)), ..frozen(aligned(&bytes)) };
    let thawed = Index::thaw(frozen).expect("the bytes were just made");
    let touched = || touched.swap(0, std::sync::atomic::Ordering::Relaxed);
    assert!(touched() < 512, "thawing reads the directory");
    assert_eq!(thawed.kind(3).map(Bitmap::len), Some(25_000));
    assert_eq!(touched(), 0, "the directory tells lengths");
    assert!(thawed.kind(3).is_some_and(|nodes| nodes.contains(7)));
    assert!(touched() < 10_000, "one block is touched");
    let unique = thawed.property(1, 2).expect("the property is there");
    assert!(touched() < 391 * 64, "a property reads its root");
    assert_eq!(unique.count_equals(&Value::Int(77_777)), Some(1));
    assert!(touched() < 256 * 24, "one leaf is touched");
    assert!(thawed.heap_bytes().total() < 100_000, "{:?}", thawed.heap_bytes());
}

#[test]
fn long_texts_and_links_are_kept() {
    let values = [
        Value::Text(Name::new("")),
        Value::Text(Name::new("a".repeat(1_000))),
        Value::Bytes(Box::from([7; 64])),
        Value::Link(crate::cid::Cid::of_block(crate::cid::HashKind::Blake3, b"block")),
        Value::Link(crate::cid::Cid::of_block(crate::cid::HashKind::Sha2_256, b"block")),
    ];
    let (mut index, mut model) = (PropertyIndex::default(), properties::Model::new());
    (0..).zip(&values).for_each(|(node, value)| properties::set(&mut index, &mut model, node, Some(value)));
    let thawed = thaw(&freeze(&of_property(index)));
    properties::check_same(thawed.property(1, 2).expect("the property is there"), &model);
}
