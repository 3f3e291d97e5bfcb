//! The next version of an index: changed in place where nobody else looks, copied block by block where someone does.

use std::sync::Arc;

use super::bitmap::Bitmap;
use super::facts::{Facts, NameNumber};
use super::frozen::{Lazy, Origin};
use super::names::NameBitmaps;
use super::property::PropertyIndex;
use super::secondary::{Index, Properties};
use super::sharing::own;
use crate::value::Value;

/// Makes the next version of an [`Index`]; the one it started from does not change.
///
/// The caller tells each node's facts as they are and were: what is removed or replaced must be what was inserted.
#[derive(Debug)]
pub struct IndexUpdater {
    index: Index,
    copied: usize,
    before: Scratch,
    after: Scratch,
}

/// Component type, property, and the value where it is indexed.
type Entry = ((NameNumber, NameNumber), Option<Value>);

/// The facts of one node, gathered for comparison; kept to be used again.
#[derive(Debug, Default)]
struct Scratch {
    types: Vec<NameNumber>,
    categories: Vec<NameNumber>,
    entries: Vec<Entry>,
}

impl Scratch {
    fn gather(&mut self, facts: &dyn Facts) {
        self.types.clear();
        self.categories.clear();
        self.entries.clear();
        facts.for_each_type(&mut |component_type| self.types.push(component_type));
        facts.for_each_category(&mut |category| self.categories.push(category));
        facts.for_each_entry(&mut |component_type, property, value| {
            let covered = PropertyIndex::covers(value).then(|| value.clone());
            self.entries.push(((component_type, property), covered));
        });
        self.types.sort_unstable();
        self.categories.sort_unstable();
        self.entries.sort_unstable_by_key(|(name, _)| *name);
    }
}

/// Stands for every value that is not indexed.
static UNCOVERED: Value = Value::List(Vec::new());

impl IndexUpdater {
    pub(super) fn new(index: Index) -> Self {
        Self { index, copied: 0, before: Scratch::default(), after: Scratch::default() }
    }

    /// Adds a node.
    ///
    /// # Panics
    ///
    /// Where the node is in the index.
    pub fn insert(&mut self, node: u32, facts: &dyn Facts) {
        let Self { index, copied, .. } = self;
        let added = own(&mut index.nodes, copied, Bitmap::table_bytes).insert_counted(node, copied);
        index.origin.must(added.then_some(()), || format!("node {node} is not in the index yet").into());
        own(&mut index.kinds, copied, NameBitmaps::table_bytes).insert(facts.kind(), node, copied);
        facts.for_each_type(&mut |component_type| {
            own(&mut index.components, copied, NameBitmaps::table_bytes).insert(component_type, node, copied);
        });
        facts.for_each_category(&mut |category| {
            own(&mut index.categories, copied, NameBitmaps::table_bytes).insert(category, node, copied);
        });
        facts.for_each_entry(&mut |component_type, property, value| {
            insert_value(&mut index.properties, (component_type, property), node, value, copied);
        });
    }

    /// Takes a node away; `facts` are those it was added with, or last replaced by.
    ///
    /// # Panics
    ///
    /// Where the node is not in the index, or a value is not there.
    pub fn remove(&mut self, node: u32, facts: &dyn Facts) {
        let Self { index, copied, .. } = self;
        let removed = own(&mut index.nodes, copied, Bitmap::table_bytes).remove_counted(node, copied);
        index.origin.must(removed.then_some(()), || format!("node {node} is in the index").into());
        own(&mut index.kinds, copied, NameBitmaps::table_bytes).remove(facts.kind(), node, copied);
        facts.for_each_type(&mut |component_type| {
            own(&mut index.components, copied, NameBitmaps::table_bytes).remove(component_type, node, copied);
        });
        facts.for_each_category(&mut |category| {
            own(&mut index.categories, copied, NameBitmaps::table_bytes).remove(category, node, copied);
        });
        facts.for_each_entry(&mut |component_type, property, value| {
            remove_value(&mut index.properties, (component_type, property), node, value, copied, index.origin);
        });
    }

    /// Changes a node from `before` to `after`, touching only what differs.
    ///
    /// # Panics
    ///
    /// Where the node is not in the index, or a value of `before` that is not one of `after` is not there.
    pub fn replace(&mut self, node: u32, before: &dyn Facts, after: &dyn Facts) {
        let has = self.index.nodes.contains(node).then_some(());
        self.index.origin.must(has, || format!("node {node} is in the index").into());
        self.before.gather(before);
        self.after.gather(after);
        let Self { index, copied, before: old, after: new } = self;
        replace_names(&mut index.kinds, node, &[before.kind()], &[after.kind()], copied);
        replace_names(&mut index.components, node, &old.types, &new.types, copied);
        replace_names(&mut index.categories, node, &old.categories, &new.categories, copied);
        for (name, value) in missing(&old.entries, &new.entries) {
            let value = value.as_ref().unwrap_or(&UNCOVERED);
            remove_value(&mut index.properties, *name, node, value, copied, index.origin);
        }
        for (name, value) in missing(&new.entries, &old.entries) {
            insert_value(&mut index.properties, *name, node, value.as_ref().unwrap_or(&UNCOVERED), copied);
        }
    }

    /// Returns how many bytes copy-on-write has copied so far; the fewer versions are published, the fewer.
    pub const fn copied_bytes(&self) -> usize {
        self.copied
    }

    /// Returns the index as it is so far, to look things up in.
    pub const fn index(&self) -> &Index {
        &self.index
    }

    /// Returns the new version.
    pub fn finish(self) -> Index {
        self.index
    }
}

/// Returns the entries of `these` that `those` lack or have with another value; both are sorted by name.
fn missing<'a>(these: &'a [Entry], those: &'a [Entry]) -> impl Iterator<Item = &'a Entry> {
    let same = |(name, value): &Entry| {
        those.binary_search_by_key(name, |(have, _)| *have).is_ok_and(|at| those[at].1 == *value)
    };
    these.iter().filter(move |entry| !same(entry))
}

fn replace_names(
    names: &mut Arc<NameBitmaps>,
    node: u32,
    before: &[NameNumber],
    after: &[NameNumber],
    copied: &mut usize,
) {
    for name in before.iter().filter(|name| after.binary_search(name).is_err()) {
        own(names, copied, NameBitmaps::table_bytes).remove(*name, node, copied);
    }
    for name in after.iter().filter(|name| before.binary_search(name).is_err()) {
        own(names, copied, NameBitmaps::table_bytes).insert(*name, node, copied);
    }
}

fn table_bytes(properties: &Properties) -> usize {
    properties.len() * size_of::<((NameNumber, NameNumber), Lazy<PropertyIndex>)>()
}

fn insert_value(
    properties: &mut Arc<Properties>,
    name: (NameNumber, NameNumber),
    node: u32,
    value: &Value,
    copied: &mut usize,
) {
    let properties = own(properties, copied, table_bytes);
    let at = properties.binary_search_by_key(&name, |(have, _)| *have).unwrap_or_else(|at| {
        properties.insert(at, (name, Lazy::new(PropertyIndex::default())));
        at
    });
    properties[at].1.own(copied, PropertyIndex::table_bytes).insert(node, value, copied);
}

fn remove_value(
    properties: &mut Arc<Properties>,
    name: (NameNumber, NameNumber),
    node: u32,
    value: &Value,
    copied: &mut usize,
    origin: Origin,
) {
    let properties = own(properties, copied, table_bytes);
    let at = properties.binary_search_by_key(&name, |(have, _)| *have).ok();
    let at = origin.must(at, || "the property is in the index".into());
    let index = properties[at].1.own(copied, PropertyIndex::table_bytes);
    index.remove(node, value, copied);
    if index.is_empty() && index.uncovered().is_empty() {
        properties.remove(at);
    }
}
