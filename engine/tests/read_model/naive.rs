//! The obvious answers: every node is looked at, one after another.

use std::cmp::Ordering;
use std::ops::Bound;

use cidgraph::read_model::{Order, Projection};
use cidgraph::{Component, Criterion, GraphReadModel, NodeQuery, NodeView, OrderBy, Properties, Value};

use crate::world::registry;

/// Returns every node in the order of birth.
pub fn all(model: &GraphReadModel) -> Vec<NodeView> {
    let at = model.view().at();
    at.nodes().map(|node| at.node_view(node)).collect()
}

fn property<'a>(node: &'a NodeView, component: &str, property: &str) -> Option<&'a Value> {
    let of_type = node.components.iter().find(|have| have.component_type == component)?;
    of_type.properties.get(property)
}

/// Compares two values of one type, numbers being one type; the numbers of these tests are exact as floats.
fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a.partial_cmp(&b).or_else(|| Some(a.is_nan().cmp(&b.is_nan()))),
        (None, None) if std::mem::discriminant(a) == std::mem::discriminant(b) => Some(a.cmp(b)),
        _ => None,
    }
}

fn is_within(value: &Value, low: &Bound<Value>, high: &Bound<Value>) -> bool {
    let is = |bound: &Value, wanted: fn(Ordering) -> bool| compare(value, bound).is_some_and(wanted);
    let above = match low {
        Bound::Included(bound) => is(bound, Ordering::is_ge),
        Bound::Excluded(bound) => is(bound, Ordering::is_gt),
        Bound::Unbounded => true,
    };
    above
        && match high {
            Bound::Included(bound) => is(bound, Ordering::is_le),
            Bound::Excluded(bound) => is(bound, Ordering::is_lt),
            Bound::Unbounded => true,
        }
}

pub fn meets(node: &NodeView, criterion: &Criterion) -> bool {
    match criterion {
        Criterion::All => true,
        Criterion::Ids(ids) => ids.contains(&node.id),
        Criterion::Kind(kind) => node.kind == *kind,
        Criterion::Component(component) => node.components.iter().any(|have| have.component_type == *component),
        Criterion::Category(category) => {
            let registry = registry();
            node.components.iter().any(|have| registry.category(&have.component_type) == Some(category))
        }
        Criterion::Has { component, property: name } => property(node, component, name).is_some(),
        Criterion::Equals { component, property: name, value } => {
            let is_equal = |have: &Value| compare(have, value) == Some(Ordering::Equal);
            property(node, component, name).is_some_and(is_equal)
        }
        Criterion::Range { component, property: name, low, high } => {
            property(node, component, name).is_some_and(|have| is_within(have, low, high))
        }
        Criterion::And(criteria) => criteria.iter().all(|criterion| meets(node, criterion)),
        Criterion::Or(criteria) => criteria.iter().any(|criterion| meets(node, criterion)),
        Criterion::Not(criterion) => !meets(node, criterion),
    }
}

fn rank<'a>(a: &'a NodeView, b: &'a NodeView, order: &Order) -> Ordering {
    let turned = |ordering: Ordering| if order.descending { ordering.reverse() } else { ordering };
    let optional = |a: Option<Ordering>, has: (bool, bool)| match has {
        (true, true) => turned(a.unwrap()),
        // What has none comes last either way.
        (a, b) => b.cmp(&a),
    };
    match &order.by {
        OrderBy::Birth => Ordering::Equal,
        OrderBy::Id => turned(a.id.cmp(&b.id)),
        OrderBy::Key => optional(Some(a.key.cmp(&b.key)), (a.key.is_some(), b.key.is_some())),
        OrderBy::Kind => turned(a.kind.cmp(&b.kind)),
        OrderBy::Version => turned(a.version.cmp(&b.version)),
        OrderBy::Property { component, property: name } => {
            let (a, b) = (property(a, component, name), property(b, component, name));
            let both = a.zip(b).map(|(a, b)| compare(a, b).unwrap_or_else(|| a.cmp(b)));
            optional(both, (a.is_some(), b.is_some()))
        }
    }
}

fn project(mut node: NodeView, projection: &Projection) -> NodeView {
    let kept = |component: Component| match projection {
        Projection::Everything => Some(component),
        Projection::Nothing => None,
        Projection::Components(types) => types.contains(&component.component_type).then_some(component),
        Projection::Properties(names) => {
            let asked =
                |name: &str| names.iter().any(|(of, property)| *of == component.component_type && property == name);
            let shown = component.properties.iter().filter(|(name, _)| asked(name));
            let properties: Properties = shown.map(|(name, value)| (name.clone(), value.clone())).collect();
            (!properties.is_empty()).then(|| Component::new(component.component_type.clone(), properties))
        }
    };
    node.components = node.components.into_iter().filter_map(kept).collect();
    node
}

/// Returns the page of a query that does not order by birth in reverse, and how many nodes there are on all pages.
pub fn page(model: &GraphReadModel, query: &NodeQuery) -> (Vec<NodeView>, usize) {
    let mut found = all(model);
    found.retain(|node| meets(node, &query.criterion));
    let total = found.len();
    if let Some(at) = query.order.iter().position(|order| order.by == OrderBy::Birth) {
        // Birth leaves nothing equal: what stands behind it orders nothing.
        if query.order[at].descending {
            found.reverse();
        }
        found.sort_by(|a, b| {
            query.order[..at].iter().fold(Ordering::Equal, |so_far, order| so_far.then(rank(a, b, order)))
        });
    } else if !query.order.is_empty() {
        let compare = |a: &NodeView, b: &NodeView| {
            query.order.iter().fold(Ordering::Equal, |so_far, order| so_far.then(rank(a, b, order)))
        };
        found.sort_by(|a, b| compare(a, b).then(a.id.cmp(&b.id)));
    }
    let shown = found.into_iter().skip(query.offset).take(query.limit.unwrap_or(usize::MAX));
    (shown.map(|node| project(node, &query.projection)).collect(), total)
}
