//! Versions of an index against a map from node to facts, validated after every step.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::index::{FactComponent, Facts, Index, NameNumber, NodeFacts};
use crate::value::Value;

/// The facts of a node, owned.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    kind: NameNumber,
    components: BTreeMap<NameNumber, BTreeMap<NameNumber, Value>>,
}

/// Component types 0 and 1 share a category, type 2 has none.
const fn categories(component_type: NameNumber) -> &'static [NameNumber] {
    match component_type {
        0 => &[5],
        1 => &[5, 6],
        _ => &[],
    }
}

impl Facts for Node {
    fn kind(&self) -> NameNumber {
        self.kind
    }

    fn for_each_type(&self, visit: &mut dyn FnMut(NameNumber)) {
        self.components.keys().for_each(|component_type| visit(*component_type));
    }

    fn for_each_category(&self, visit: &mut dyn FnMut(NameNumber)) {
        self.components.keys().flat_map(|component_type| categories(*component_type)).for_each(|name| visit(*name));
    }

    fn for_each_entry(&self, visit: &mut dyn FnMut(NameNumber, NameNumber, &Value)) {
        for (component_type, properties) in &self.components {
            properties.iter().for_each(|(property, value)| visit(*component_type, *property, value));
        }
    }
}

pub(super) fn node() -> impl Strategy<Value = Node> {
    let value = prop_oneof![
        (0i64..4).prop_map(Value::Int),
        (0i32..4).prop_map(|float| Value::Float(f64::from(float))),
        Just(Value::List(vec![])),
        Just(Value::List(vec![Value::Null])),
    ];
    let properties = proptest::collection::btree_map(0u32..3, value, 0..3);
    (0u32..3, proptest::collection::btree_map(0u32..3, properties, 0..3))
        .prop_map(|(kind, components)| Node { kind, components })
}

/// Returns a node without components.
pub(super) fn plain_node(kind: NameNumber) -> Node {
    Node { kind, components: BTreeMap::new() }
}

pub(super) type Model = BTreeMap<u32, Node>;

pub(super) fn check_reads(index: &Index, model: &Model) {
    for name in 0..8 {
        let nodes_that = |holds: &dyn Fn(&Node) -> bool| -> Vec<u32> {
            model.iter().filter(|(_, node)| holds(node)).map(|(ordinal, _)| *ordinal).collect()
        };
        let listed =
            |bitmap: Option<&crate::index::Bitmap>| bitmap.map_or(Vec::new(), |bitmap| bitmap.iter().collect());
        assert_eq!(listed(index.kind(name)), nodes_that(&|node| node.kind == name));
        assert_eq!(listed(index.component(name)), nodes_that(&|node| node.components.contains_key(&name)));
        let in_category = |node: &Node| node.components.keys().any(|have| categories(*have).contains(&name));
        assert_eq!(listed(index.category(name)), nodes_that(&in_category));
        let three = |node: &Node| {
            let value = node.components.get(&0).and_then(|properties| properties.get(&name));
            value.is_some_and(|value| value.as_f64() == Some(3.0))
        };
        let found = index.equals(0, name, &Value::Int(3)).expect("numbers are indexed");
        assert_eq!(found.iter().collect::<Vec<_>>(), nodes_that(&three));
        assert_eq!(index.estimate_equals(0, name, &Value::Float(3.0)), found.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn an_index_is_what_its_facts_make_it(
        steps in proptest::collection::vec((0u32..24, proptest::option::weighted(0.7, node()), any::<bool>()), 1..60),
    ) {
        let (mut index, mut model) = (Index::default(), Model::new());
        let mut published: Vec<(Index, Model)> = Vec::new();
        for (ordinal, node, publish) in steps {
            let mut updater = if publish { index.updater() } else { index.into_updater() };
            match (model.get(&ordinal), &node) {
                (Some(before), Some(after)) => updater.replace(ordinal, before, after),
                (Some(before), None) => updater.remove(ordinal, before),
                (None, Some(after)) => updater.insert(ordinal, after),
                (None, None) => {}
            }
            index = updater.finish();
            match node {
                Some(node) => drop(model.insert(ordinal, node)),
                None => drop(model.remove(&ordinal)),
            }
            prop_assert_eq!(index.validate(model.iter().map(|(ordinal, node)| (*ordinal, node))), Ok(()));
            check_reads(&index, &model);
            if publish {
                published.push((index.clone(), model.clone()));
            }
        }
        for (index, model) in &published {
            prop_assert_eq!(index.validate(model.iter().map(|(ordinal, node)| (*ordinal, node))), Ok(()));
        }
    }
}

fn plain(kind: NameNumber, entries: &[(NameNumber, Value)]) -> [FactComponent<'_>; 1] {
    [FactComponent { component_type: kind, categories: &[], entries }]
}

#[test]
fn what_nobody_else_holds_is_not_copied() {
    let entries = [(1, Value::Int(1))];
    let components = plain(0, &entries);
    let mut updater = Index::default().updater();
    (0..5_000).for_each(|node| updater.insert(node, &NodeFacts { kind: 0, components: &components }));
    assert_eq!(updater.copied_bytes(), 0);
    let index = updater.finish();
    let mut updater = index.updater();
    updater.insert(5_000, &NodeFacts { kind: 0, components: &components });
    let once = updater.copied_bytes();
    assert!(once > 0);
    updater.insert(5_001, &NodeFacts { kind: 0, components: &components });
    assert_eq!(updater.copied_bytes(), once, "a block is copied once a version");
    assert_eq!((index.nodes().len(), updater.finish().nodes().len()), (5_000, 5_002));
}

#[test]
fn replacing_by_the_same_touches_nothing() {
    let entries = [(1, Value::Int(1)), (2, Value::List(vec![]))];
    let components = plain(0, &entries);
    let facts = NodeFacts { kind: 0, components: &components };
    let mut updater = Index::default().updater();
    updater.insert(3, &facts);
    let index = updater.finish();
    let mut updater = index.updater();
    updater.replace(3, &facts, &facts);
    assert_eq!(updater.copied_bytes(), 0);
}
