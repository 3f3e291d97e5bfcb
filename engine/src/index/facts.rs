//! What an index needs to know of a node.

use crate::value::Value;

/// The number of an interned name in the pool.
pub type NameNumber = u32;

/// What a node is and holds, told without an allocation.
pub trait Facts {
    /// Returns the node's kind.
    fn kind(&self) -> NameNumber;

    /// Visits the types of the node's components, each once.
    fn for_each_type(&self, visit: &mut dyn FnMut(NameNumber));

    /// Visits the categories of those types; one may come twice.
    fn for_each_category(&self, visit: &mut dyn FnMut(NameNumber));

    /// Visits component type, property and value of every property, each pair of type and property once.
    fn for_each_entry(&self, visit: &mut dyn FnMut(NameNumber, NameNumber, &Value));
}

impl<F: Facts + ?Sized> Facts for &F {
    fn kind(&self) -> NameNumber {
        (**self).kind()
    }

    fn for_each_type(&self, visit: &mut dyn FnMut(NameNumber)) {
        (**self).for_each_type(visit);
    }

    fn for_each_category(&self, visit: &mut dyn FnMut(NameNumber)) {
        (**self).for_each_category(visit);
    }

    fn for_each_entry(&self, visit: &mut dyn FnMut(NameNumber, NameNumber, &Value)) {
        (**self).for_each_entry(visit);
    }
}

/// The facts of a node as slices.
#[derive(Debug, Clone, Copy)]
pub struct NodeFacts<'a> {
    /// The node's kind.
    pub kind: NameNumber,
    /// Its components, at most one of a type.
    pub components: &'a [FactComponent<'a>],
}

/// One component of a node.
#[derive(Debug, Clone, Copy)]
pub struct FactComponent<'a> {
    /// The component's type.
    pub component_type: NameNumber,
    /// The categories of the type.
    pub categories: &'a [NameNumber],
    /// Property and value, a property once.
    pub entries: &'a [(NameNumber, Value)],
}

impl Facts for NodeFacts<'_> {
    fn kind(&self) -> NameNumber {
        self.kind
    }

    fn for_each_type(&self, visit: &mut dyn FnMut(NameNumber)) {
        self.components.iter().for_each(|component| visit(component.component_type));
    }

    fn for_each_category(&self, visit: &mut dyn FnMut(NameNumber)) {
        self.components.iter().flat_map(|component| component.categories).for_each(|category| visit(*category));
    }

    fn for_each_entry(&self, visit: &mut dyn FnMut(NameNumber, NameNumber, &Value)) {
        for component in self.components {
            for (property, value) in component.entries {
                visit(component.component_type, *property, value);
            }
        }
    }
}
