//! Bitmaps against `BTreeSet`.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::index::{Bitmap, BitmapBuilder, EdgeKinds, Postings};

/// A step on a bitmap and its model.
#[derive(Debug, Clone)]
enum Step {
    Insert(u32),
    Remove(u32),
    Fill { first: u32, step: u32, count: u32 },
    Drain { first: u32, step: u32, count: u32 },
}

fn ordinal() -> impl Strategy<Value = u32> {
    prop_oneof![0u32..300, 65_400u32..65_700, 131_000u32..131_200, Just(4_000_000)]
}

fn step() -> impl Strategy<Value = Step> {
    let stretch = || (ordinal(), 1u32..4, 1u32..4_000);
    prop_oneof![
        3 => ordinal().prop_map(Step::Insert),
        3 => ordinal().prop_map(Step::Remove),
        1 => stretch().prop_map(|(first, step, count)| Step::Fill { first, step, count }),
        1 => stretch().prop_map(|(first, step, count)| Step::Drain { first, step, count }),
    ]
}

fn apply(step: &Step, bitmap: &mut Bitmap, model: &mut BTreeSet<u32>) {
    match *step {
        Step::Insert(at) => assert_eq!(bitmap.insert(at), model.insert(at)),
        Step::Remove(at) => assert_eq!(bitmap.remove(at), model.remove(&at)),
        Step::Fill { first, step, count } => (0..count).map(|n| first + n * step).for_each(|at| {
            assert_eq!(bitmap.insert(at), model.insert(at));
        }),
        Step::Drain { first, step, count } => (0..count).map(|n| first + n * step).for_each(|at| {
            assert_eq!(bitmap.remove(at), model.remove(&at));
        }),
    }
}

pub(super) fn check_same(bitmap: &Bitmap, model: &BTreeSet<u32>) {
    assert_eq!(bitmap.fault(), None);
    assert_eq!(bitmap.len(), model.len());
    assert!(bitmap.iter().eq(model.iter().copied()));
    assert_eq!((bitmap.min(), bitmap.max()), (model.first().copied(), model.last().copied()));
}

/// A set in any of the forms a block may take.
pub(super) fn shaped() -> impl Strategy<Value = (Bitmap, BTreeSet<u32>)> {
    let scattered = proptest::collection::btree_set(0u32..200_000, 0..200);
    let stretches = proptest::collection::vec((0u32..140_000, 1u32..5, 1u32..30_000), 0..3);
    (scattered, stretches, any::<bool>()).prop_map(|(mut model, stretches, sorted)| {
        for (first, step, count) in stretches {
            model.extend((0..count).map(|n| first + n * step));
        }
        let ordinals = model.iter().copied();
        (if sorted { Bitmap::from_sorted(ordinals) } else { ordinals.collect() }, model)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_bitmap_is_a_set(steps in proptest::collection::vec(step(), 1..24)) {
        let (mut bitmap, mut model) = (Bitmap::new(), BTreeSet::new());
        for step in &steps {
            let (old, old_model) = (bitmap.clone(), model.clone());
            apply(step, &mut bitmap, &mut model);
            check_same(&bitmap, &model);
            check_same(&old, &old_model);
        }
        prop_assert_eq!(&Bitmap::from_sorted(model.iter().copied()), &bitmap);
    }

    #[test]
    fn the_algebra_is_that_of_sets((a, x) in shaped(), (b, y) in shaped()) {
        check_same(&a, &x);
        check_same(&a.and(&b), &x.intersection(&y).copied().collect());
        check_same(&a.or(&b), &x.union(&y).copied().collect());
        check_same(&a.and_not(&b), &x.difference(&y).copied().collect());
        check_same(&b.not(&a), &x.difference(&y).copied().collect());
        prop_assert_eq!(a.intersection_len(&b), x.intersection(&y).count());
        prop_assert_eq!(a.is_subset(&b), x.is_subset(&y));
        prop_assert_eq!(a == b, x == y);
    }

    #[test]
    fn ranks_and_pages_are_those_of_sets((a, x) in shaped(), at in 0u32..300_000) {
        prop_assert!(a.iter_from(at).eq(x.range(at..).copied()));
        prop_assert_eq!(a.contains(at), x.contains(&at));
        prop_assert_eq!(a.rank(at), x.range(..at).count());
        prop_assert_eq!(a.select(a.rank(at)), x.range(at..).next().copied());
        prop_assert_eq!(a.select(at as usize), x.iter().nth(at as usize).copied());
    }

    #[test]
    fn postings_are_a_set(steps in proptest::collection::vec(step(), 1..12)) {
        let (mut postings, mut model, mut copied) = (Postings::Empty, BTreeSet::new(), 0);
        for step in &steps {
            let (adds, first, gap, count) = match *step {
                Step::Insert(at) => (true, at, 1, 1),
                Step::Remove(at) => (false, at, 1, 1),
                Step::Fill { first, step, count } => (true, first, step, count),
                Step::Drain { first, step, count } => (false, first, step, count),
            };
            let (old, old_model) = (postings.clone(), model.clone());
            for node in (0..count).map(|n| first + n * gap) {
                if adds {
                    prop_assert_eq!(postings.insert(node, &mut copied), model.insert(node));
                } else {
                    prop_assert_eq!(postings.remove(node, &mut copied), model.remove(&node));
                }
            }
            prop_assert!(postings.is_empty() || postings.fault().is_none());
            prop_assert_eq!(postings.is_empty(), model.is_empty());
            prop_assert!(postings.iter().eq(model.iter().copied()));
            prop_assert!(old.iter().eq(old_model.iter().copied()));
            check_same(&postings.to_bitmap(), &model);
            check_same(&postings.or(&old).to_bitmap(), &model.union(&old_model).copied().collect());
            prop_assert_eq!(postings.intersection_len(&old.to_bitmap()), model.intersection(&old_model).count());
            check_same(&postings.and(&old.to_bitmap()), &model.intersection(&old_model).copied().collect());
        }
    }
}

#[test]
fn ranges_have_their_ends() {
    let check = |range: std::ops::Range<u32>| {
        let bitmap = Bitmap::from_range(range.clone());
        check_same(&bitmap, &range.clone().collect());
        assert_eq!(bitmap, Bitmap::from_sorted(range.clone()), "{range:?}");
        assert!(bitmap.heap_bytes() < 1024, "{range:?} takes {} bytes", bitmap.heap_bytes());
    };
    check(0..0);
    check(5..5);
    check(0..1);
    check(0..65_536);
    check(1..65_536);
    check(65_535..65_537);
    check(65_536..131_072);
    check(131_071..200_000);
}

#[test]
fn the_highest_ordinal_is_kept() {
    let mut bitmap = Bitmap::from_range(u32::MAX - 3..u32::MAX);
    assert!(bitmap.insert(u32::MAX));
    assert!(bitmap.iter().eq(u32::MAX - 3..=u32::MAX));
    assert_eq!((bitmap.rank(u32::MAX), bitmap.select(3), bitmap.max()), (3, Some(u32::MAX), Some(u32::MAX)));
    assert_eq!(bitmap.iter_from(u32::MAX).count(), 1);
}

#[test]
fn a_full_block_is_thin_and_opens_again() {
    let mut bitmap: Bitmap = (0..65_536).collect();
    assert!(bitmap.heap_bytes() < 256);
    assert!(!bitmap.insert(9));
    assert!(bitmap.remove(9));
    assert_eq!(bitmap.len(), 65_535);
    assert!(bitmap.insert(9));
    assert!(bitmap.heap_bytes() < 256);
    (0..32_768).for_each(|at| assert!(bitmap.remove(at * 2)));
    assert!(bitmap.heap_bytes() < 9_000, "many runs take {} bytes", bitmap.heap_bytes());
}

#[test]
#[should_panic(expected = "ordinals ascend: 3 came after 3")]
fn a_builder_refuses_ordinals_that_do_not_ascend() {
    let mut builder = BitmapBuilder::default();
    builder.push(3);
    builder.push(3);
}

#[test]
fn edges_are_counted_by_kind() {
    let kind = |edge: u32| if edge < 100_000 { 7 } else { edge % 3 };
    let edges = EdgeKinds::from_sorted((0..200_000).map(|edge| (edge, kind(edge))));
    assert!(edges.iter().map(|(kind, bitmap)| (kind, bitmap.len())).eq([
        (0, 33_333),
        (1, 33_334),
        (2, 33_333),
        (7, 100_000)
    ]));
    let mut next = edges.clone();
    assert!(next.remove(7, 5) && !next.remove(8, 5) && next.insert(8, 5));
    assert_eq!((edges.count(7), edges.count(8), next.count(7), next.count(8)), (100_000, 0, 99_999, 1));
}
