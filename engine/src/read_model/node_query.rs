//! A query for nodes: which, in which order, which page, what of each.

use crate::id::NodeId;
use crate::value::Name;

use super::criterion::Criterion;

/// What a list of nodes is ordered by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum OrderBy {
    /// The order in which the nodes were added.
    Birth,
    /// The node's id.
    Id,
    /// The caller's own name, numbers before text; nodes without one come last.
    Key,
    /// The kind's name.
    Kind,
    /// The version of the last event that changed the node.
    Version,
    /// A property; nodes without it come last.
    Property {
        /// The component type.
        component: Name,
        /// The property.
        property: Name,
    },
}

/// One term of an order. What all terms leave equal is ordered by id.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Order {
    /// What is compared.
    pub by: OrderBy,
    /// Whether the greatest comes first.
    pub descending: bool,
}

/// What is shown of each node.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub enum Projection {
    /// All components.
    #[default]
    Everything,
    /// Id, key, kind and version alone.
    Nothing,
    /// Components of these types.
    Components(Vec<Name>),
    /// These properties, by component type and property.
    Properties(Vec<(Name, Name)>),
}

/// A query for nodes.
///
/// ```
/// use cidgraph::{Criterion, NodeQuery, OrderBy};
///
/// let query = NodeQuery::of(Criterion::kind("Person"))
///     .order_by(OrderBy::Property { component: "Score".into(), property: "points".into() }, true)
///     .offset(20)
///     .limit(10);
/// # assert_eq!(query.limit, Some(10));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NodeQuery {
    /// Which nodes.
    pub criterion: Criterion,
    /// In which order: that of birth where nothing is said.
    pub order: Vec<Order>,
    /// How many of the first are left out.
    pub offset: usize,
    /// How many are shown at most.
    pub limit: Option<usize>,
    /// The last node of the page before, which must be there; for the order of birth alone.
    pub after: Option<NodeId>,
    /// What is shown of each.
    pub projection: Projection,
}

impl NodeQuery {
    /// Returns whether the nodes come in the order in which they were added.
    pub(super) fn is_by_birth(&self) -> bool {
        match self.order.as_slice() {
            [] => true,
            [first, ..] => first.by == OrderBy::Birth && !first.descending,
        }
    }

    /// Asks for the nodes of a criterion, all of them, in the order in which they were added.
    pub const fn of(criterion: Criterion) -> Self {
        let projection = Projection::Everything;
        Self { criterion, order: Vec::new(), offset: 0, limit: None, after: None, projection }
    }

    /// Orders by a further term.
    #[must_use]
    pub fn order_by(mut self, by: OrderBy, descending: bool) -> Self {
        self.order.push(Order { by, descending });
        self
    }

    /// Leaves the first nodes out.
    #[must_use]
    pub const fn offset(mut self, offset: usize) -> Self {
        self.offset = offset;
        self
    }

    /// Shows at most so many nodes.
    #[must_use]
    pub const fn limit(mut self, limit: usize) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Goes on behind the last node of the page before.
    #[must_use]
    pub const fn after(mut self, node: NodeId) -> Self {
        self.after = Some(node);
        self
    }

    /// Shows only components of some types.
    #[must_use]
    pub fn components<N: Into<Name>>(mut self, types: impl IntoIterator<Item = N>) -> Self {
        self.projection = Projection::Components(types.into_iter().map(Into::into).collect());
        self
    }

    /// Shows only some properties, by component type and property.
    #[must_use]
    pub fn properties<C: Into<Name>, P: Into<Name>>(mut self, names: impl IntoIterator<Item = (C, P)>) -> Self {
        let names = names.into_iter().map(|(component, property)| (component.into(), property.into()));
        self.projection = Projection::Properties(names.collect());
        self
    }

    /// Shows no components.
    #[must_use]
    pub fn ids_only(mut self) -> Self {
        self.projection = Projection::Nothing;
        self
    }
}
