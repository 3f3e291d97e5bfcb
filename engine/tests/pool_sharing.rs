//! Components that nearly equal each other share storage: where the threshold lies, that no candidate is missed, and
//! that the ledger shows what is saved, also after updates and removals.

use std::collections::BTreeMap;
use std::sync::Arc;

use cidgraph::pool::{ComponentId, Names, Naming, Pool, PoolBase, PoolLedger, PoolWriter, SetId, compact};
use cidgraph::{Component, Name, Properties, Value};
use proptest::prelude::*;

/// Bytes of a component of ten properties: its type, and a property and a value each.
const FULL_BYTES: u64 = (1 + 2 * 10) * 4;

/// Leaves names as they are.
fn named(pool: &Pool) -> Naming {
    Naming::kept(pool.names().clone())
}

fn new_writer() -> PoolWriter {
    PoolWriter::new(Arc::new(Names::new()), Arc::new(PoolBase::new()))
}

/// Returns ten properties, `changed` of them other than those of `ten(0, _)`.
fn ten(changed: i64, to: i64) -> Properties {
    (0..10).map(|at| (format!("p{at}"), Value::Int(if at < changed { 100 * to + at } else { at }))).collect()
}

fn intern(writer: &mut PoolWriter, properties: &Properties) -> ComponentId {
    let component_type = writer.pool().names().intern("Profile");
    let id = writer.intern_component(component_type, properties);
    assert_eq!(&writer.pool().properties(id), properties);
    id
}

fn check_pair(first: &Properties, second: &Properties, derived: u64, component_bytes: u64) {
    let mut writer = new_writer();
    intern(&mut writer, first);
    intern(&mut writer, second);
    let ledger = writer.ledger();
    assert_eq!((ledger.components, ledger.derived_components), (2, derived), "{first:?} {second:?}");
    assert_eq!(ledger.component_bytes, component_bytes);
    assert!(ledger.component_bytes <= ledger.component_bytes_in_full);
}

#[test]
fn eight_of_ten_equal_properties_are_shared_and_seven_are_not() {
    check_pair(&ten(0, 0), &ten(1, 1), 1, FULL_BYTES + (2 + 2) * 4);
    check_pair(&ten(0, 0), &ten(2, 1), 1, FULL_BYTES + (2 + 2 * 2) * 4);
    check_pair(&ten(0, 0), &ten(3, 1), 0, 2 * FULL_BYTES);
}

#[test]
fn of_different_numbers_of_properties_the_larger_counts() {
    let first = |count: usize| ten(0, 0).iter().take(count).map(|(n, v)| (n.clone(), v.clone())).collect();
    let bytes = |count: u64| (1 + 2 * count) * 4;
    check_pair(&ten(0, 0), &first(8), 1, FULL_BYTES + (2 + 2 * 2) * 4);
    check_pair(&ten(0, 0), &first(7), 0, FULL_BYTES + bytes(7));
    check_pair(&first(8), &ten(0, 0), 1, bytes(8) + (2 + 2 * 2) * 4);
    check_pair(&first(7), &ten(0, 0), 0, bytes(7) + FULL_BYTES);
    check_pair(&first(4), &first(5), 1, bytes(4) + (2 + 2) * 4);
    check_pair(&first(3), &first(4), 0, bytes(3) + bytes(4));
}

#[test]
fn components_of_different_types_share_nothing() {
    let mut writer = new_writer();
    for name in ["Profile", "Account"] {
        let component_type = writer.pool().names().intern(name);
        let id = writer.intern_component(component_type, &ten(0, 0));
        assert_eq!(writer.pool().component_type(id), component_type);
    }
    assert_eq!((writer.ledger().components, writer.ledger().derived_components), (2, 0));
}

#[test]
fn an_update_shares_with_what_was_before() {
    let mut writer = new_writer();
    let component_type = writer.pool().names().intern("Profile");
    let mut id = intern(&mut writer, &ten(0, 0));
    for round in 1..=100 {
        id = writer.merged(Some(id), component_type, &Properties::from([("p3", Value::Int(1000 + round))]), &[]);
        assert_eq!(writer.pool().properties(id).get("p3"), Some(&Value::Int(1000 + round)));
        assert_eq!(writer.pool().properties(id).len(), 10);
    }
    let ledger = writer.ledger();
    assert_eq!((ledger.components, ledger.derived_components), (101, 100));
    assert_eq!(ledger.component_bytes, FULL_BYTES + 100 * (2 + 2) * 4);
    assert_eq!(ledger.component_bytes_in_full, 101 * FULL_BYTES);
}

#[test]
fn a_merge_may_set_add_and_take_away() {
    let mut writer = new_writer();
    let component_type = writer.pool().names().intern("Profile");
    let former = intern(&mut writer, &ten(2, 1));
    let set = Properties::from([("p1", 7), ("p99", 8), ("p2", 9)]);
    let id = writer.merged(Some(former), component_type, &set, &[Name::new("p5"), Name::new("other")]);
    let mut expected = ten(2, 1);
    expected.remove("p5");
    expected.merge(&set);
    assert_eq!(writer.pool().properties(id), expected);
    assert_eq!(writer.intern_component(component_type, &expected), id);
    let taken = writer.pool().names().find("p5").expect("it was interned");
    assert_eq!(writer.pool().property(id, taken), None);
    assert_eq!(writer.merged(None, component_type, &expected, &[Name::new("p1")]), id);
}

#[test]
fn removal_leaves_what_is_in_use_and_the_savings() {
    let mut writer = new_writer();
    let set = |properties| [Component::new("Profile", properties)];
    let sets: Vec<SetId> = (0..50).map(|to| writer.intern_set(&set(ten(2, to)))).collect();
    sets.iter().for_each(|set| writer.retain(*set));
    writer.retain(sets[7]);
    let before = writer.ledger();
    assert_eq!((before.components, before.derived_components, before.in_use), (50, 49, 50));
    assert!(before.bytes_without_sharing > 51 * FULL_BYTES);

    // The first one, whose storage all others share, is among those that go.
    for set in &sets[..25] {
        writer.release(*set);
    }
    let live = &sets[25..];
    let (base, remap) =
        compact(writer.pool(), &named(writer.pool()), &mut live.iter().copied(), &mut std::iter::empty());
    let mut writer = PoolWriter::new(writer.pool().names().clone(), Arc::new(base));
    for (to, set) in (25..).zip(live) {
        let new = remap.set(*set);
        assert_eq!(writer.pool().set_components(new), set_of(to));
        assert_eq!(writer.intern_set(&set_of(to)), new);
    }
    assert_eq!(remap.get_set(sets[0]), None);
    let after = writer.ledger();
    assert_eq!((after.components, after.derived_components, after.in_use, after.sets), (25, 24, 25, 26));
    assert_eq!(after.component_bytes, FULL_BYTES + 24 * (2 + 2 * 2) * 4);
    assert!(after.bytes_without_sharing > 2 * content_bytes(&after));
}

fn set_of(to: i64) -> [Component; 1] {
    [Component::new("Profile", ten(2, to))]
}

fn content_bytes(ledger: &PoolLedger) -> u64 {
    ledger.value_bytes + ledger.component_bytes + ledger.set_bytes
}

#[test]
fn edges_components_are_compacted_too() {
    let mut writer = new_writer();
    let unnamed = writer.pool().names().intern("");
    let ids: Vec<ComponentId> =
        (0..10).map(|number| writer.intern_component(unnamed, &Properties::from([("since", number)]))).collect();
    let (base, remap) =
        compact(writer.pool(), &named(writer.pool()), &mut std::iter::empty(), &mut ids[8..].iter().copied());
    let writer = PoolWriter::new(writer.pool().names().clone(), Arc::new(base));
    assert_eq!(writer.pool().component_count(), 2);
    assert_eq!(writer.pool().properties(remap.component(ids[9])), Properties::from([("since", 9)]));
    assert_eq!(remap.get_component(ids[0]), None);
}

type Model = BTreeMap<String, i64>;

/// Four to fourteen properties out of sixteen, changed in up to six places.
fn near_components() -> impl Strategy<Value = Vec<Model>> {
    let name = || "[a-p]";
    let seed = prop::collection::btree_map(name(), 0_i64..2, 4..14);
    let change = (name(), prop::option::of(0_i64..3));
    let changes = prop::collection::vec(prop::collection::vec(change, 0..6), 1..12);
    (seed, changes).prop_map(|(seed, changes)| {
        let changed = changes.into_iter().map(|changes| {
            let mut model = seed.clone();
            for (name, value) in changes {
                match value {
                    Some(value) => drop(model.insert(name, value)),
                    None => drop(model.remove(&name)),
                }
            }
            model
        });
        changed.collect()
    })
}

proptest! {
    /// Whenever a component stored in full has enough in common, it is found; and never otherwise.
    #[test]
    fn no_component_that_could_share_is_missed(models in near_components()) {
        let mut writer = new_writer();
        let (mut stored, mut in_full): (Vec<Model>, Vec<Model>) = (Vec::new(), Vec::new());
        for model in models {
            let before = writer.ledger().derived_components;
            intern(&mut writer, &model.iter().map(|(name, value)| (name.as_str(), *value)).collect());
            if stored.contains(&model) {
                continue;
            }
            let could = in_full.iter().any(|other| {
                let shared = model.iter().filter(|(name, value)| other.get(*name) == Some(value)).count();
                shared * 10 >= 8 * model.len().max(other.len()) && model.len().max(other.len()) > 4
            });
            prop_assert_eq!(writer.ledger().derived_components - before, u64::from(could));
            if !could {
                in_full.push(model.clone());
            }
            stored.push(model);
        }
    }
}
