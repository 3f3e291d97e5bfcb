//! What criteria, orders and projections mean, said by looking at one node.

use std::cmp::Ordering;
use std::ops::Bound;

use cidgraph::read_model::{Order, Projection};
use cidgraph::{Component, Criterion, GraphReadModel, NodeQuery, NodeView, OrderBy, Value};

use crate::content::registry;

/// Returns every node in the order of birth.
pub fn all(model: &GraphReadModel) -> Vec<NodeView> {
    model.view().at().nodes().map(|node| model.view().at().node_view(node)).collect()
}

fn value<'a>(node: &'a NodeView, component: &str, property: &str) -> Option<&'a Value> {
    let component = node.components.iter().find(|have| have.component_type == component)?;
    component.properties.get(property)
}

/// Compares values of one type; small numbers, so that floats hold them all.
fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    match (a.as_f64(), b.as_f64()) {
        // −0 is 0, and NaN stands above every number.
        (Some(a), Some(b)) => Some((a + 0.0).total_cmp(&(b + 0.0))),
        (None, None) => (std::mem::discriminant(a) == std::mem::discriminant(b)).then(|| a.cmp(b)),
        _ => None,
    }
}

pub fn holds(criterion: &Criterion, node: &NodeView) -> bool {
    match criterion {
        Criterion::All => true,
        Criterion::Ids(ids) => ids.contains(&node.id),
        Criterion::Kind(kind) => node.kind == *kind,
        Criterion::Component(name) => node.components.iter().any(|have| have.component_type == *name),
        Criterion::Category(category) => {
            node.components.iter().any(|have| registry().category(&have.component_type) == Some(category))
        }
        Criterion::Has { component, property } => value(node, component, property).is_some(),
        Criterion::Equals { component, property, value: wanted } => {
            value(node, component, property).is_some_and(|found| {
                found == wanted || found.as_f64().is_some() && compare(found, wanted) == Some(Ordering::Equal)
            })
        }
        Criterion::Range { component, property, low, high } => {
            value(node, component, property).is_some_and(|found| is_within(found, low, high))
        }
        Criterion::And(criteria) => criteria.iter().all(|criterion| holds(criterion, node)),
        Criterion::Or(criteria) => criteria.iter().any(|criterion| holds(criterion, node)),
        Criterion::Not(criterion) => !holds(criterion, node),
    }
}

fn is_within(found: &Value, low: &Bound<Value>, high: &Bound<Value>) -> bool {
    let low = match low {
        Bound::Unbounded => true,
        Bound::Included(bound) => compare(found, bound).is_some_and(Ordering::is_ge),
        Bound::Excluded(bound) => compare(found, bound).is_some_and(Ordering::is_gt),
    };
    let high = match high {
        Bound::Unbounded => true,
        Bound::Included(bound) => compare(found, bound).is_some_and(Ordering::is_le),
        Bound::Excluded(bound) => compare(found, bound).is_some_and(Ordering::is_lt),
    };
    low && high
}

/// Returns the nodes of a criterion in the order of birth.
pub fn found(model: &GraphReadModel, criterion: &Criterion) -> Vec<NodeView> {
    all(model).into_iter().filter(|node| holds(criterion, node)).collect()
}

fn by_term(term: &Order, a: &(usize, NodeView), b: &(usize, NodeView)) -> Ordering {
    let turn = |order: Ordering| if term.descending { order.reverse() } else { order };
    match &term.by {
        OrderBy::Birth => turn(a.0.cmp(&b.0)),
        OrderBy::Id => turn(a.1.id.cmp(&b.1.id)),
        OrderBy::Key => match (&a.1.key, &b.1.key) {
            (Some(a), Some(b)) => turn(a.cmp(b)),
            (a, b) => a.is_none().cmp(&b.is_none()),
        },
        OrderBy::Kind => turn(a.1.kind.cmp(&b.1.kind)),
        OrderBy::Version => turn(a.1.version.cmp(&b.1.version)),
        OrderBy::Property { component, property } => {
            match (value(&a.1, component, property), value(&b.1, component, property)) {
                (Some(a), Some(b)) => match (a.as_f64(), b.as_f64()) {
                    (Some(a), Some(b)) => turn(a.total_cmp(&b)),
                    _ => turn(a.cmp(b)),
                },
                (a, b) => a.is_none().cmp(&b.is_none()),
            }
        }
    }
}

fn project(projection: &Projection, node: &NodeView) -> NodeView {
    let components = node.components.iter().filter_map(|component| match projection {
        Projection::Everything => Some(component.clone()),
        Projection::Nothing => None,
        Projection::Components(types) => types.contains(&component.component_type).then(|| component.clone()),
        Projection::Properties(names) => {
            let shown =
                |property: &str| names.iter().any(|(of, name)| *of == component.component_type && name == property);
            let kept = component.properties.iter().filter(|(name, _)| shown(name));
            let kept: cidgraph::Properties = kept.map(|(name, value)| (name.clone(), value.clone())).collect();
            (!kept.is_empty()).then(|| Component::new(component.component_type.clone(), kept))
        }
    });
    NodeView { components: components.collect(), ..node.clone() }
}

/// Returns the page of a query that has no cursor, and how many nodes there are on all pages.
pub fn page(model: &GraphReadModel, query: &NodeQuery) -> (Vec<NodeView>, usize) {
    let births: Vec<(usize, NodeView)> = all(model).into_iter().enumerate().collect();
    let mut found: Vec<_> = births.into_iter().filter(|(_, node)| holds(&query.criterion, node)).collect();
    if !query.order.is_empty() {
        found.sort_by(|a, b| {
            let terms = query.order.iter().map(|term| by_term(term, a, b));
            terms.fold(Ordering::Equal, Ordering::then).then_with(|| a.1.id.cmp(&b.1.id))
        });
    }
    let total = found.len();
    let shown = found.iter().skip(query.offset).take(query.limit.unwrap_or(usize::MAX));
    (shown.map(|(_, node)| project(&query.projection, node)).collect(), total)
}
