//! What names, values, components and component sets are called within one pool.
//!
//! Ids are small numbers in the order in which the content was first seen; they mean nothing outside the pool (and the
//! names beside it) that gave them.

/// An interned name: a kind, a component type or a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NameId(pub u32);

/// A stored value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValueId(pub u32);

/// A stored component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ComponentId(pub u32);

/// A stored set of components, at most one of a type.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SetId(pub u32);

impl SetId {
    /// The set without components, which every pool has.
    pub const EMPTY: Self = Self(0);
}
