//! The names that a state has in use, in an order that is a function of the state.
//!
//! A live graph has also names that only refused commands knew, in the order in which they came.

use crate::pool::{ComponentId, ComponentRegistry, NameId, Naming, SetId};
use crate::value::compare_names;

use super::at::At;

/// Component types and their categories, as names of the new naming.
pub type Categories = Vec<(NameId, NameId)>;

/// Calls the names that a state has in use, and the categories of its component types, by their places in DAG-CBOR's key
/// order; tells the categories too.
pub fn naming_of(at: At<'_>, registry: &ComponentRegistry) -> (Naming, Categories) {
    let mut used = Used::new(at);
    at.nodes().for_each(|node| {
        used.kind(at.node_kind(node));
        used.set(at.node_set(node));
    });
    at.edges().for_each(|edge| {
        used.kind(at.edge_kind(edge));
        if let Some(properties) = at.edge_properties(edge) {
            used.component(properties.0);
        }
    });
    let names = at.pool().names();
    let mut categories: Vec<(NameId, NameId)> = Vec::new();
    for component_type in std::mem::take(&mut used.types) {
        let category = registry.category(names.get(component_type)).and_then(|category| names.find(category));
        categories.extend(category.map(|category| (component_type, category)));
    }
    categories.iter().for_each(|(_, category)| used.kind(*category));
    let mut in_use: Vec<NameId> = (0..).zip(&used.names).filter(|(_, used)| **used).map(|(id, _)| NameId(id)).collect();
    in_use.sort_unstable_by(|a, b| compare_names(names.get(*a), names.get(*b)));
    let naming = Naming::anew(names, &in_use);
    let mut categories: Categories = categories
        .into_iter()
        .map(|(component_type, category)| (naming.of(component_type), naming.of(category)))
        .collect();
    categories.sort_unstable();
    (naming, categories)
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
    fn new(at: At<'a>) -> Self {
        Self { at, names: Vec::new(), sets: Vec::new(), components: Vec::new(), types: Vec::new() }
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
}

/// Marks a number and returns whether it was not marked before.
fn mark(marks: &mut Vec<bool>, number: u32) -> bool {
    let index = number as usize;
    if index >= marks.len() {
        marks.resize((index + 1).next_power_of_two(), false);
    }
    !std::mem::replace(&mut marks[index], true)
}
