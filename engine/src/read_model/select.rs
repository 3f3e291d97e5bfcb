//! Finding the nodes of a criterion: the index's sets, then the nodes that the index does not have yet.

use crate::index::{Bitmap, Index};
use crate::state::{At, GraphView};
use crate::topology::NodeIndex;

use super::leaf::{Leaf, ordinal};
use super::resolved::Resolved;

/// A set is looked through node by node where it is this many times smaller than the one it would be joined with.
const LOOK_THROUGH: usize = 16;

/// Returns the nodes of a criterion.
pub(super) fn select(view: &GraphView, criterion: &Resolved) -> Bitmap {
    let at = view.at();
    let mut found = indexed(view.index(), at, criterion);
    for pending in view.pending() {
        if criterion.matches_pending(at, pending) {
            found.insert(ordinal(pending.node));
        } else {
            found.remove(ordinal(pending.node));
        }
    }
    found
}

/// Counts the nodes of a criterion, without making a set where it is one condition or two that both must hold.
pub(super) fn count(view: &GraphView, criterion: &Resolved) -> usize {
    let (at, index) = (view.at(), view.index());
    let (first, second) = match conditions(criterion) {
        [single] => (Leaf::of(single, index, at), None),
        [first, second] => (Leaf::of(first, index, at), Some(Leaf::of(second, index, at))),
        _ => (None, None),
    };
    let (counted, has): (usize, Box<dyn Fn(u32) -> bool + '_>) = match (first, second) {
        (Some(single), None) => (single.len(), Box::new(move |node| single.contains(node))),
        (Some(a), Some(Some(b))) => {
            (a.intersection_len(&b), Box::new(move |node| a.contains(node) && b.contains(node)))
        }
        (None, _) | (Some(_), Some(None)) => return select(view, criterion).len(),
    };
    let (mut gained, mut lost) = (0, 0);
    for pending in view.pending() {
        match (has(ordinal(pending.node)), criterion.matches_pending(at, pending)) {
            (false, true) => gained += 1,
            (true, false) => lost += 1,
            (true, true) | (false, false) => {}
        }
    }
    counted + gained - lost
}

/// Returns the conditions that must all hold: those of a conjunction, else the criterion itself.
fn conditions(criterion: &Resolved) -> &[Resolved] {
    if let Resolved::And(criteria) = criterion { criteria } else { std::slice::from_ref(criterion) }
}

/// Returns the nodes of a criterion as far as the index knows.
fn indexed(index: &Index, at: At<'_>, criterion: &Resolved) -> Bitmap {
    #[expect(clippy::wildcard_enum_match_arm, reason = "a leaf is whatever is not made of others")]
    match criterion {
        Resolved::And(criteria) => all_of(index, at, criteria),
        Resolved::Or(criteria) => {
            criteria.iter().fold(Bitmap::new(), |found, criterion| found.or(&indexed(index, at, criterion)))
        }
        Resolved::Not(criterion) => index.nodes().and_not(&indexed(index, at, criterion)),
        leaf => Leaf::of(leaf, index, at).map_or_else(Bitmap::new, Leaf::into_bitmap),
    }
}

/// Joins conditions from the most selective one on; looks at each node where few are left.
fn all_of(index: &Index, at: At<'_>, criteria: &[Resolved]) -> Bitmap {
    let order = by_selectivity(index, criteria);
    let Some((first, rest)) = order.split_first() else { return index.nodes().clone() };
    let mut found = indexed(index, at, first.1);
    for (estimate, criterion) in rest {
        if found.is_empty() {
            break;
        }
        found = if found.len() * LOOK_THROUGH < *estimate {
            Bitmap::from_sorted(found.iter().filter(|node| criterion.matches(at, NodeIndex::from(*node))))
        } else {
            found.and(&indexed(index, at, criterion))
        };
    }
    found
}

/// Returns conditions with how many nodes each is estimated to have, fewest first.
pub(super) fn by_selectivity<'a>(index: &Index, criteria: &'a [Resolved]) -> Vec<(usize, &'a Resolved)> {
    let mut order: Vec<(usize, &Resolved)> =
        criteria.iter().map(|criterion| (estimate(index, criterion), criterion)).collect();
    order.sort_by_key(|(estimate, _)| *estimate);
    order
}

/// Estimates how many nodes a criterion has, never more than there are.
pub(super) fn estimate(index: &Index, criterion: &Resolved) -> usize {
    let len = |bitmap: Option<&Bitmap>| bitmap.map_or(0, Bitmap::len);
    let all = index.nodes().len();
    let estimated = match criterion {
        Resolved::All => all,
        Resolved::Nothing => 0,
        Resolved::Ids(nodes) => nodes.len(),
        Resolved::Kind(kind) => len(index.kind(kind.0)),
        Resolved::Component(component) => len(index.component(component.0)),
        Resolved::Category(category, _) => len(index.category(category.0)),
        Resolved::Has(component, property) => {
            index.property(component.0, property.0).map_or(0, |index| index.len() + index.uncovered().len())
        }
        Resolved::Equals(component, property, wanted) => index.estimate_equals(component.0, property.0, &wanted.value),
        Resolved::Range(component, property, low, high) => {
            index.estimate_range(component.0, property.0, low.as_ref(), high.as_ref())
        }
        Resolved::And(criteria) => criteria.iter().map(|criterion| estimate(index, criterion)).min().unwrap_or(all),
        Resolved::Or(criteria) => criteria.iter().map(|criterion| estimate(index, criterion)).sum(),
        Resolved::Not(criterion) => all.saturating_sub(estimate(index, criterion)),
    };
    estimated.min(all)
}
