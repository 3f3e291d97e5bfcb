//! The component pool against obvious models: nothing is lost, equal content has equal ids, compaction keeps what is in
//! use, readers read while the writer appends.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use cidgraph::pool::{ComponentId, Names, Naming, Pool, PoolBase, PoolWriter, SetId, compact};
use cidgraph::{Component, NodeEntity, NodeId, Properties, Value};
use proptest::prelude::*;

/// Leaves names as they are.
fn named(pool: &Pool) -> Naming {
    Naming::kept(pool.names().clone())
}

fn new_writer() -> PoolWriter {
    PoolWriter::new(Arc::new(Names::new()), Arc::new(PoolBase::new()))
}

/// Text, numbers and nested values of a small domain, so that content repeats.
fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (-3_i64..4).prop_map(Value::Int),
        (-2_i32..3).prop_map(|number| Value::Float(f64::from(number))),
        "[ab]{0,30}".prop_map(Value::from),
        prop::collection::vec(any::<u8>(), 0..3).prop_map(|bytes| Value::Bytes(bytes.into())),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::List),
            prop::collection::vec(("[ab]{0,2}", inner), 0..3).prop_map(|pairs| Value::Map(pairs.into_iter().collect())),
        ]
    })
}

/// Up to sixteen properties of few names and mostly few values, so that many components nearly equal each other.
fn properties() -> impl Strategy<Value = Properties> {
    prop_oneof![some_properties(0..17), some_properties(12..17)]
}

fn some_properties(count: std::ops::Range<usize>) -> impl Strategy<Value = Properties> {
    let value = prop_oneof![9 => (0_i64..2).prop_map(Value::Int), 1 => values()];
    prop::collection::vec(("[a-d]{1,2}", value), count).prop_map(|pairs| pairs.into_iter().collect())
}

fn component_sets() -> impl Strategy<Value = Vec<Component>> {
    prop::collection::vec(("[AB]{1,2}", properties()), 0..4).prop_map(|components| {
        let node = NodeEntity::new(NodeId::from_bytes([0; 16]), "Thing");
        components.into_iter().fold(node, |node, (name, properties)| node.with(name, properties)).components
    })
}

#[derive(Debug, Clone)]
enum Step {
    Intern(Vec<Component>),
    With(usize, Component),
    Without(usize, String),
    Merge(usize, String, Properties, Vec<String>),
    Compact(Vec<usize>),
}

fn steps() -> impl Strategy<Value = Step> {
    let name = "[AB]";
    prop_oneof![
        4 => component_sets().prop_map(Step::Intern),
        2 => (any::<usize>(), name, properties())
            .prop_map(|(at, name, properties)| Step::With(at, Component::new(name, properties))),
        1 => (any::<usize>(), name).prop_map(|(at, name)| Step::Without(at, name)),
        9 => (any::<usize>(), name, some_properties(0..3), prop::collection::vec("[a-d]{1,2}", 0..3))
            .prop_map(|(at, name, set, unset)| Step::Merge(at, name, set, unset)),
        1 => prop::collection::vec(any::<usize>(), 0..8).prop_map(Step::Compact),
    ]
}

/// A pool and the sets that it should hold.
struct Checked {
    writer: PoolWriter,
    sets: Vec<(SetId, Vec<Component>)>,
}

impl Checked {
    fn new() -> Self {
        Self { writer: new_writer(), sets: vec![(SetId::EMPTY, Vec::new())] }
    }

    fn apply(&mut self, step: Step) {
        let pick = |at: usize| at % self.sets.len();
        match step {
            Step::Intern(components) => {
                let id = self.writer.intern_set(&components);
                self.sets.push((id, components));
            }
            Step::With(at, component) => {
                let (set, mut components) = self.sets[pick(at)].clone();
                put(&mut components, component.clone());
                let component_type = self.writer.pool().names().intern(&component.component_type);
                let id = self.writer.intern_component(component_type, &component.properties);
                self.sets.push((self.writer.set_with(set, id), components));
            }
            Step::Without(at, name) => {
                let (set, mut components) = self.sets[pick(at)].clone();
                components.retain(|component| component.component_type != name);
                let component_type = self.writer.pool().names().intern(&name);
                self.sets.push((self.writer.set_without(set, component_type), components));
            }
            Step::Merge(at, name, set_pairs, unset) => {
                let (set, components) = self.sets[pick(at)].clone();
                self.merge(set, components, &name, &set_pairs, &unset);
            }
            Step::Compact(kept) => self.compact(kept.into_iter().map(pick).collect()),
        }
    }

    fn merge(
        &mut self,
        set: SetId,
        mut components: Vec<Component>,
        name: &str,
        set_pairs: &Properties,
        unset: &[String],
    ) {
        let former = components.iter().find(|component| component.component_type == name);
        let mut properties = former.map(|component| component.properties.clone()).unwrap_or_default();
        unset.iter().for_each(|name| drop(properties.remove(name)));
        properties.merge(set_pairs);
        put(&mut components, Component::new(name, properties));
        let component_type = self.writer.pool().names().intern(name);
        let former = self.writer.pool().find_component(set, component_type);
        let unset: Vec<cidgraph::Name> = unset.iter().map(Into::into).collect();
        let id = self.writer.merged(former, component_type, set_pairs, &unset);
        self.sets.push((self.writer.set_with(set, id), components));
    }

    fn compact(&mut self, kept: Vec<usize>) {
        let pool = self.writer.pool().clone();
        let kept: Vec<(SetId, Vec<Component>)> = kept.into_iter().map(|at| self.sets[at].clone()).collect();
        let (base, remap) =
            compact(&pool, &named(&pool), &mut kept.iter().map(|(set, _)| *set), &mut std::iter::empty());
        self.writer = PoolWriter::new(pool.names().clone(), Arc::new(base));
        self.sets = vec![(SetId::EMPTY, Vec::new())];
        for (set, components) in kept {
            let copied = self.writer.copy_set(&pool, set);
            assert_eq!(copied, remap.set(set), "what was compacted is found again");
            self.sets.push((copied, components));
        }
    }

    fn validate(&self) {
        let pool = self.writer.pool();
        let mut ids = HashMap::new();
        for (id, components) in &self.sets {
            assert_eq!(&pool.set_components(*id), components);
            assert_eq!(*ids.entry(components).or_insert(*id), *id, "equal sets have equal ids");
            for component in components {
                self.validate_component(*id, component);
            }
        }
    }

    fn validate_component(&self, set: SetId, component: &Component) {
        let pool = self.writer.pool();
        let component_type = pool.names().find(&component.component_type).expect("the type is interned");
        let id = pool.find_component(set, component_type).expect("the component is in the set");
        for (name, value) in component.properties.iter() {
            let name = pool.names().find(name).expect("the name is interned");
            let found = pool.property(id, name).expect("the property is there");
            assert_eq!((&pool.value(found), self.writer.find_value(value)), (value, Some(found)));
        }
        for name in ["a", "b", "ab", "dd"] {
            let found = pool.names().find(name).and_then(|name| pool.property(id, name));
            assert_eq!(found.is_some(), component.properties.get(name).is_some());
        }
    }
}

fn put(components: &mut Vec<Component>, component: Component) {
    components.retain(|have| have.component_type != component.component_type);
    components.push(component);
    components.sort_by(|a, b| cidgraph::value::compare_names(&a.component_type, &b.component_type));
}

proptest! {
    #[test]
    fn behaves_as_sets_of_components(steps in prop::collection::vec(steps(), 0..40)) {
        let mut checked = Checked::new();
        for step in steps {
            checked.apply(step);
        }
        checked.validate();
    }

    #[test]
    fn values_are_lossless_and_stored_once(values in prop::collection::vec(values(), 0..50)) {
        let mut writer = new_writer();
        for value in &values {
            let id = writer.intern_value(value);
            prop_assert_eq!(writer.intern_value(value), id);
            prop_assert_eq!(&writer.pool().value(id), value);
        }
        let distinct: std::collections::HashSet<&Value> = values.iter().collect();
        prop_assert_eq!(writer.pool().value_count(), distinct.len());
    }

    #[test]
    fn a_base_is_a_function_of_the_content_in_order(sets in prop::collection::vec(component_sets(), 0..10)) {
        let names = Arc::new(Names::new());
        let mut plain = PoolWriter::new(names.clone(), Arc::new(PoolBase::new()));
        let mut other = PoolWriter::new(names, Arc::new(PoolBase::new()));
        for set in sets.iter().rev() {
            other.intern_set(set);
        }
        let dump = |writer: &mut PoolWriter| {
            let ids: Vec<SetId> = sets.iter().map(|set| writer.intern_set(set)).collect();
            format!("{:?}", compact(writer.pool(), &named(writer.pool()), &mut ids.into_iter(), &mut std::iter::empty()).0)
        };
        let (first, second) = (dump(&mut plain), dump(&mut other));
        prop_assert_eq!(first, second);
    }
}

#[test]
fn readers_read_what_was_published_while_the_writer_appends() {
    let mut writer = new_writer();
    let pool = writer.pool().clone();
    let properties = |number: u32| Properties::from([("x", number), ("y", number / 2), ("z", number % 7)]);
    let published = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut seen = 0;
                while seen < 5000 {
                    seen = published.load(Ordering::Acquire);
                    for id in (0..seen).rev().take(50) {
                        assert_eq!(pool.properties(ComponentId(id)), properties(id));
                    }
                }
            });
        }
        for number in 0..5000 {
            let component_type = pool.names().intern("Place");
            assert_eq!(writer.intern_component(component_type, &properties(number)), ComponentId(number));
            published.store(number + 1, Ordering::Release);
        }
    });
}

#[test]
fn a_pool_is_compacted_while_the_writer_appends() {
    let mut writer = new_writer();
    let node = |number: u32| vec![Component::new("Place", [("x", number), ("y", number % 10)])];
    let live: Vec<SetId> = (0..2000).map(|number| writer.intern_set(&node(number))).step_by(2).collect();
    let pool = writer.pool().clone();
    let (base, remap) = std::thread::scope(|scope| {
        let compaction =
            scope.spawn(|| compact(&pool, &named(&pool), &mut live.iter().copied(), &mut std::iter::empty()));
        for number in 2000..4000 {
            writer.intern_set(&node(number));
        }
        compaction.join().expect("the compaction ends well")
    });
    let mut compacted = PoolWriter::new(pool.names().clone(), Arc::new(base));
    assert_eq!(compacted.pool().set_count(), 1001);
    for (number, set) in (0..).step_by(2).zip(&live) {
        assert_eq!(compacted.pool().set_components(remap.set(*set)), node(number));
    }
    let late = writer.intern_set(&node(3999));
    let copied = compacted.copy_set(&pool, late);
    assert_eq!((remap.get_set(late), compacted.pool().set_components(copied)), (None, node(3999)));
}

#[test]
fn what_is_known_is_interned_and_read_without_allocating() {
    let mut writer = new_writer();
    let place = Properties::from([("x", Value::from(1)), ("name", Value::from("a name that is not short at all"))]);
    let wide = |last: u32| (0..10).map(|at| (format!("p{at}"), Value::from(if at < 9 { 1 } else { last }))).collect();
    let (first, second): (Properties, Properties) = (wide(1), wide(2));
    let nodes = [first, second].map(|wide| [Component::new("Place", place.clone()), Component::new("Wide", wide)]);
    let ids: Vec<SetId> = nodes.iter().map(|node| writer.intern_set(node)).collect();
    assert_eq!(writer.ledger().derived_components, 1);
    let mut read = 0;
    let counted = allocation_counter::measure(|| {
        for (node, id) in nodes.iter().zip(&ids) {
            assert_eq!(writer.intern_set(node), *id);
            let pool = writer.pool();
            for component in pool.components(*id) {
                read += pool.entries(component).map(|(_, value)| pool.value_bytes(value).len()).sum::<usize>();
            }
        }
    });
    assert_eq!(counted.count_total, 0);
    assert!(read > 0);
    let unknown = [Component::new("Place", [("name", "another name that is not short at all")])];
    assert!(allocation_counter::measure(|| assert_ne!(writer.intern_set(&unknown), ids[0])).count_total > 0);
}

#[test]
fn a_pool_is_shared_between_threads() {
    fn check<T: Send + Sync>() {}
    check::<Pool>();
    check::<PoolWriter>();
}
