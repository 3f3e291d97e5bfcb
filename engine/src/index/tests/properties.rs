//! A property's index against a map from node to value.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use proptest::prelude::*;

use crate::index::{Number, PropertyIndex};
use crate::value::{Properties, Value};

pub(super) type Model = BTreeMap<u32, Value>;

pub(super) fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        8 => (0i64..2_000).prop_map(Value::Int),
        4 => (-20i64..20).prop_map(Value::Int),
        4 => (-40i32..40).prop_map(|half| Value::Float(f64::from(half) / 2.0 + 0.0)),
        2 => prop_oneof![Just(1i64 << 53), Just((1 << 53) + 1), Just(i64::MAX), Just(i64::MIN)].prop_map(Value::Int),
        2 => prop_oneof![Just(9_007_199_254_740_992.0), Just(1e300), Just(-1e300)].prop_map(Value::Float),
        2 => "[a-c]{0,3}".prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::Bool),
        1 => Just(Value::Null),
        1 => prop_oneof![Just(3usize), Just(64), Just(65)].prop_map(|len| Value::Bytes(vec![7; len].into())),
        1 => Just(Value::List(vec![Value::Int(1)])),
        1 => Just(Value::Map(Properties::new())),
    ]
}

pub(super) fn bound() -> impl Strategy<Value = Bound<Value>> {
    prop_oneof![value().prop_map(Bound::Included), value().prop_map(Bound::Excluded), Just(Bound::Unbounded),]
}

pub(super) fn set(index: &mut PropertyIndex, model: &mut Model, node: u32, value: Option<&Value>) {
    if let Some(old) = model.remove(&node) {
        index.remove(node, &old, &mut 0);
    }
    if let Some(value) = value {
        index.insert(node, value, &mut 0);
        model.insert(node, value.clone());
    }
}

pub(super) fn check_same(index: &PropertyIndex, model: &Model) {
    assert_eq!(index.fault(), None);
    let (covered, uncovered): (Vec<_>, Vec<_>) = model.iter().partition(|(_, value)| PropertyIndex::covers(value));
    let mut by_value: BTreeMap<&Value, Vec<u32>> = BTreeMap::new();
    covered.iter().for_each(|(node, value)| by_value.entry(value).or_default().push(**node));
    assert!(
        index
            .iter()
            .map(|(value, nodes)| (value, nodes.iter().collect::<Vec<_>>()))
            .eq(by_value.iter().map(|(value, nodes)| ((*value).clone(), nodes.clone())))
    );
    assert!(index.iter().rev().map(|(value, _)| value).eq(by_value.keys().rev().map(|value| (*value).clone())));
    assert_eq!((index.len(), index.distinct()), (covered.len(), by_value.len()));
    assert!(index.uncovered().iter().eq(uncovered.iter().map(|(node, _)| **node)));
    assert!(index.present().iter().eq(model.keys().copied()));
    assert_eq!(index.min(), by_value.keys().next().map(|value| (*value).clone()));
    assert_eq!(index.max(), by_value.keys().next_back().map(|value| (*value).clone()));
}

/// Compares two values where they are of one type, integers and floats being one; by hand with 128-bit integers.
fn compare(a: &Value, b: &Value) -> Option<std::cmp::Ordering> {
    let scaled = |value: &Value| match value {
        Value::Int(int) => Some(i128::from(*int) * 2),
        // Every float in these tests that is this large is far outside the integers.
        Value::Float(float) if float.abs() > 1e20 => Some(if *float > 0.0 { i128::MAX } else { i128::MIN }),
        #[expect(clippy::cast_possible_truncation, reason = "the float is a whole number of halves")]
        Value::Float(float) => Some((float * 2.0) as i128),
        Value::Null
        | Value::Bool(_)
        | Value::Text(_)
        | Value::Bytes(_)
        | Value::List(_)
        | Value::Map(_)
        | Value::Link(_) => None,
    };
    match (scaled(a), scaled(b)) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => (std::mem::discriminant(a) == std::mem::discriminant(b)).then(|| a.cmp(b)),
    }
}

fn within(value: &Value, lower: &Bound<Value>, upper: &Bound<Value>) -> bool {
    let above = match lower {
        Bound::Included(bound) => compare(value, bound).is_some_and(std::cmp::Ordering::is_ge),
        Bound::Excluded(bound) => compare(value, bound).is_some_and(std::cmp::Ordering::is_gt),
        Bound::Unbounded => true,
    };
    above
        && match upper {
            Bound::Included(bound) => compare(value, bound).is_some_and(std::cmp::Ordering::is_le),
            Bound::Excluded(bound) => compare(value, bound).is_some_and(std::cmp::Ordering::is_lt),
            Bound::Unbounded => true,
        }
}

pub(super) fn check_range(index: &PropertyIndex, model: &Model, lower: &Bound<Value>, upper: &Bound<Value>) {
    let expected: BTreeSet<u32> =
        model.iter().filter(|(_, value)| within(value, lower, upper)).map(|(node, _)| *node).collect();
    let Some(found) = index.range(lower.as_ref(), upper.as_ref()) else {
        let bounds = [lower, upper].into_iter().filter_map(|bound| match bound {
            Bound::Included(value) | Bound::Excluded(value) => Some(value),
            Bound::Unbounded => None,
        });
        let mut reasons = bounds.map(|value| !PropertyIndex::covers(value) || matches!(value, Value::Bytes(_)));
        assert!(reasons.any(|reason| reason), "a range of {lower:?} to {upper:?} can be said");
        return;
    };
    assert!(found.iter().eq(expected.iter().copied()), "{lower:?} to {upper:?}: {found:?}, not {expected:?}");
    assert_eq!(index.count_range(lower.as_ref(), upper.as_ref()), Some(expected.len()));
}

pub(super) fn check_equals(index: &PropertyIndex, model: &Model, value: &Value) {
    let expected = model.iter().filter(|(_, have)| compare(have, value).is_some_and(std::cmp::Ordering::is_eq));
    let expected: Vec<u32> = expected.map(|(node, _)| *node).collect();
    match index.equals(value) {
        None => assert!(!PropertyIndex::covers(value) && expected.iter().all(|node| index.uncovered().contains(*node))),
        Some(found) => {
            assert!(found.iter().eq(expected.iter().copied()), "{value:?}: {found:?}, not {expected:?}");
            assert_eq!(index.count_equals(value), Some(expected.len()));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_property_index_is_a_map(
        steps in proptest::collection::vec((0u32..1_500, proptest::option::weighted(0.9, value())), 1..400),
        queries in proptest::collection::vec((bound(), bound(), value()), 1..24),
    ) {
        let (mut index, mut model) = (PropertyIndex::default(), Model::new());
        for (at, (node, value)) in steps.iter().enumerate() {
            let old = (at % 64 == 0).then(|| (index.clone(), model.clone()));
            set(&mut index, &mut model, *node, value.as_ref());
            if let Some((old, old_model)) = old {
                check_same(&index, &model);
                check_same(&old, &old_model);
            }
        }
        check_same(&index, &model);
        for (lower, upper, value) in &queries {
            check_range(&index, &model, lower, upper);
            check_equals(&index, &model, value);
        }
    }

    #[test]
    fn leaves_split_and_merge(seed in any::<u32>(), count in 500u32..4_000, keep in 1u32..20) {
        let shuffled = |n: u32| i64::from(n.wrapping_mul(2_654_435_761) ^ seed);
        let (mut index, mut model) = (PropertyIndex::default(), Model::new());
        for node in 0..count {
            set(&mut index, &mut model, node, Some(&Value::Int(shuffled(node))));
        }
        check_same(&index, &model);
        let full = (index.clone(), model.clone());
        for node in (0..count).filter(|node| node % keep != 0) {
            set(&mut index, &mut model, node, None);
        }
        check_same(&index, &model);
        check_same(&full.0, &full.1);
        let bounds = (Bound::Included(Value::Int(shuffled(0))), Bound::Excluded(Value::Int(shuffled(keep))));
        check_range(&index, &model, &bounds.0, &bounds.1);
        for node in 0..count {
            set(&mut index, &mut model, node, None);
        }
        prop_assert!(index.is_empty() && index.iter().next().is_none());
        check_same(&index, &model);
    }
}

#[test]
fn number_ranges_are_exact_beyond_the_floats() {
    let mut index = PropertyIndex::default();
    let large = 1i64 << 53;
    let values =
        [Value::Int(large), Value::Int(large + 1), Value::Int(large + 2), Value::Float(9_007_199_254_740_992.0)];
    (0u32..).zip(&values).for_each(|(node, value)| index.insert(node, value, &mut 0));
    let check = |lower: Bound<Number>, upper: Bound<Number>, expected: &[u32]| {
        assert!(index.number_range(lower, upper).iter().eq(expected.iter().copied()), "{lower:?} to {upper:?}");
        assert_eq!(index.count_number_range(lower, upper), expected.len());
    };
    let (float, int) = (|float: f64| Number::Float(float), |int: i64| Number::Int(int));
    check(Bound::Excluded(float(9_007_199_254_740_992.0)), Bound::Unbounded, &[1, 2]);
    check(Bound::Included(float(9_007_199_254_740_992.0)), Bound::Unbounded, &[0, 1, 2, 3]);
    check(Bound::Included(int(large + 1)), Bound::Included(int(large + 1)), &[1]);
    check(Bound::Unbounded, Bound::Excluded(int(large + 1)), &[0, 3]);
    check(Bound::Included(int(9)), Bound::Excluded(int(3)), &[]);
    check(Bound::Included(float(f64::NEG_INFINITY)), Bound::Included(float(f64::INFINITY)), &[0, 1, 2, 3]);
    check(Bound::Included(float(f64::NAN)), Bound::Unbounded, &[]);
}

#[test]
fn ascending_unique_values_stay_below_48_bytes_each() {
    let mut index = PropertyIndex::default();
    (0..100_000u32).for_each(|node| index.insert(node, &Value::from(node), &mut 0));
    assert!(index.heap_bytes() <= 48 * 100_000, "{} bytes", index.heap_bytes());
}

#[test]
fn scattered_unique_values_stay_below_48_bytes_each() {
    let mut index = PropertyIndex::default();
    (0..100_000u32).for_each(|node| index.insert(node, &Value::from(node.wrapping_mul(2_654_435_761)), &mut 0));
    assert!(index.heap_bytes() <= 48 * 100_000, "{} bytes", index.heap_bytes());
}
