//! The names that a state has in use, in an order that is a function of the state.
//!
//! A live graph has also names that only refused commands knew, in the order in which they came.

use crate::pool::{ComponentId, ComponentRegistry, NameId, Naming, SetId};
use crate::topology::{EdgeIndex, NodeIndex};
use crate::value::compare_names;

use super::at::At;
use super::ever::Ever;
use super::generation::Extent;

/// Component types and their categories, as names of the new naming.
pub type Categories = Vec<(NameId, NameId)>;

/// Calls the names that a state has in use, and the categories of its component types, by their places in DAG-CBOR's key
/// order; tells the categories too.
pub fn naming_of(at: At<'_>, registry: &ComponentRegistry) -> (Naming, Categories) {
    let mut used = Used::new(at);
    at.nodes().for_each(|node| used.node(node));
    at.edges().for_each(|edge| used.edge(edge));
    used.naming(registry)
}

/// Does as [`naming_of`] for the names that were in use at any version from the base's first one up to that of `at`, whose
/// rows lie within `extent`.
pub fn naming_of_history(at: At<'_>, extent: Extent, registry: &ComponentRegistry) -> (Naming, Categories) {
    let ever = Ever::new(at, extent);
    let mut used = Used::new(at);
    for node in (0..ever.node_bound()).map(NodeIndex::new) {
        if let Some(span) = ever.node_span(node) {
            used.node(node);
            ever.node_changes(node, span.birth).iter().for_each(|change| used.set(SetId(change.value)));
        }
    }
    for edge in (0..ever.edge_bound()).map(EdgeIndex::new) {
        if let Some(span) = ever.edge_span(edge) {
            used.edge(edge);
            let former = ever.edge_changes(edge, span.birth);
            former.iter().filter_map(|change| change.value.checked_sub(1)).for_each(|value| used.component(value));
        }
    }
    used.naming(registry)
}

/// What was met so far.
struct Used<'a> {
    at: At<'a>,
    names: Vec<bool>,
    sets: Vec<bool>,
    components: Vec<bool>,
    /// The component types of nodes.
    types: Vec<NameId>,
}

impl<'a> Used<'a> {
    const fn new(at: At<'a>) -> Self {
        Self { at, names: Vec::new(), sets: Vec::new(), components: Vec::new(), types: Vec::new() }
    }

    fn node(&mut self, node: NodeIndex) {
        self.kind(self.at.node_kind(node));
        self.set(self.at.node_set(node));
    }

    fn edge(&mut self, edge: EdgeIndex) {
        self.kind(self.at.edge_kind(edge));
        if let Some(properties) = self.at.edge_properties(edge) {
            self.component(properties.0);
        }
    }

    fn kind(&mut self, name: NameId) {
        mark(&mut self.names, name.0);
    }

    fn set(&mut self, set: SetId) {
        if !mark(&mut self.sets, set.0) {
            return;
        }
        for component in self.at.pool().components(set) {
            let component_type = self.at.pool().component_type(component);
            if !self.types.contains(&component_type) {
                self.types.push(component_type);
            }
            self.component(component.0);
        }
    }

    fn component(&mut self, component: u32) {
        if !mark(&mut self.components, component) {
            return;
        }
        let (pool, component) = (self.at.pool(), ComponentId(component));
        self.kind(pool.component_type(component));
        pool.entries(component).for_each(|(property, _)| self.kind(property));
    }

    /// Calls what was met, and the categories of the component types among it, by their places.
    fn naming(mut self, registry: &ComponentRegistry) -> (Naming, Categories) {
        let names = self.at.pool().names();
        let mut categories: Vec<(NameId, NameId)> = Vec::new();
        for component_type in std::mem::take(&mut self.types) {
            let category = registry.category(names.get(component_type)).and_then(|category| names.find(category));
            categories.extend(category.map(|category| (component_type, category)));
        }
        categories.iter().for_each(|(_, category)| self.kind(*category));
        let used = (0..).zip(&self.names).filter(|(_, used)| **used);
        let mut in_use: Vec<NameId> = used.map(|(id, _)| NameId(id)).collect();
        in_use.sort_unstable_by(|a, b| compare_names(names.get(*a), names.get(*b)));
        let naming = Naming::anew(names, &in_use);
        let mut categories: Categories = categories
            .into_iter()
            .map(|(component_type, category)| (naming.of(component_type), naming.of(category)))
            .collect();
        categories.sort_unstable();
        (naming, categories)
    }
}

/// Marks a number and returns whether it was not marked before.
fn mark(marks: &mut Vec<bool>, number: u32) -> bool {
    let index = number as usize;
    if index >= marks.len() {
        marks.resize((index + 1).next_power_of_two(), false);
    }
    !std::mem::replace(&mut marks[index], true)
}
