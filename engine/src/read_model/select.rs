//! Finding the nodes of a criterion: the index's sets, then the nodes that the index does not have yet.

use crate::algorithm::{CancelToken, Cancelled};
use crate::index::{Bitmap, Index};
use crate::state::{GraphView, PendingNode};

use super::effort::Effort;
use super::leaf::{Asked, Leaf, ordinal};
use super::resolved::Resolved;

/// A set is looked through node by node where it is this many times smaller than the one it would be joined with.
const LOOK_THROUGH: usize = 16;

/// More pending nodes than these are joined to a set all at once.
const ONE_BY_ONE_MAX: usize = 1024;

/// Returns the nodes of a criterion.
pub(super) fn select(view: &GraphView, criterion: &Resolved, cancel: &CancelToken) -> Result<Bitmap, Cancelled> {
    let asked = Asked { at: view.at(), cancel };
    let mut found = indexed(view.index(), asked, criterion)?;
    if let Some(unborn) = view.unborn() {
        found = found.and(&Bitmap::from_range(0..unborn));
    }
    let pending = view.pending();
    if pending.len() > ONE_BY_ONE_MAX {
        return corrected(&found, asked, criterion, pending);
    }
    for pending in pending {
        if criterion.matches_pending(asked.at, pending) {
            found.insert(ordinal(pending.node));
        } else {
            found.remove(ordinal(pending.node));
        }
    }
    Ok(found)
}

/// Corrects a set for many nodes that the index lacks.
fn corrected(
    found: &Bitmap,
    asked: Asked<'_>,
    criterion: &Resolved,
    pending: &[PendingNode],
) -> Result<Bitmap, Cancelled> {
    let meeting = |pending: &[PendingNode]| {
        let meeting = pending.iter().filter(|pending| criterion.matches_pending(asked.at, pending));
        meeting.map(|pending| ordinal(pending.node)).collect::<Vec<u32>>()
    };
    let meeting = Effort::Look.in_pieces(pending, asked.cancel, meeting)?;
    let lacking = Bitmap::from_sorted(pending.iter().map(|pending| ordinal(pending.node)));
    Ok(found.and_not(&lacking).or(&Bitmap::from_sorted(meeting.into_iter().flatten())))
}

/// Counts the nodes of a criterion, without making a set where it is one condition or two that both must hold, and the
/// indices lack few nodes.
pub(super) fn count(view: &GraphView, criterion: &Resolved, cancel: &CancelToken) -> Result<usize, Cancelled> {
    let select = || select(view, criterion, cancel).map(|found| found.len());
    if view.pending().len() > ONE_BY_ONE_MAX || view.unborn().is_some() {
        return select();
    }
    let (asked, index) = (Asked { at: view.at(), cancel }, view.index());
    let (first, second) = match conditions(criterion) {
        [single] => (Leaf::of(single, index, asked)?, None),
        [first, second] => (Leaf::of(first, index, asked)?, Some(Leaf::of(second, index, asked)?)),
        _ => (None, None),
    };
    let (counted, has): (usize, Box<dyn Fn(u32) -> bool + '_>) = match (first, second) {
        (Some(single), None) => (single.len(), Box::new(move |node| single.contains(node))),
        (Some(a), Some(Some(b))) => {
            (a.intersection_len(&b), Box::new(move |node| a.contains(node) && b.contains(node)))
        }
        (None, _) | (Some(_), Some(None)) => return select(),
    };
    let (mut gained, mut lost) = (0, 0);
    for pending in view.pending() {
        match (has(ordinal(pending.node)), criterion.matches_pending(asked.at, pending)) {
            (false, true) => gained += 1,
            (true, false) => lost += 1,
            (true, true) | (false, false) => {}
        }
    }
    Ok(counted + gained - lost)
}

/// Returns the conditions that must all hold: those of a conjunction, else the criterion itself.
fn conditions(criterion: &Resolved) -> &[Resolved] {
    if let Resolved::And(criteria) = criterion { criteria } else { std::slice::from_ref(criterion) }
}

/// Returns the nodes of a criterion as far as the index knows.
fn indexed(index: &Index, asked: Asked<'_>, criterion: &Resolved) -> Result<Bitmap, Cancelled> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "a leaf is whatever is not made of others")]
    match criterion {
        Resolved::And(criteria) => all_of(index, asked, criteria),
        Resolved::Or(criteria) => {
            criteria.iter().try_fold(Bitmap::new(), |found, criterion| Ok(found.or(&indexed(index, asked, criterion)?)))
        }
        Resolved::Not(criterion) => Ok(index.nodes().and_not(&indexed(index, asked, criterion)?)),
        leaf => Ok(Leaf::of(leaf, index, asked)?.map_or_else(Bitmap::new, Leaf::into_bitmap)),
    }
}

/// Joins conditions from the most selective one on; looks at each node where few are left.
fn all_of(index: &Index, asked: Asked<'_>, criteria: &[Resolved]) -> Result<Bitmap, Cancelled> {
    let order = by_selectivity(index, criteria);
    let Some((first, rest)) = order.split_first() else { return Ok(index.nodes().clone()) };
    let mut found = indexed(index, asked, first.1)?;
    for (estimate, criterion) in rest {
        if found.is_empty() {
            break;
        }
        found = if found.len() * LOOK_THROUGH < *estimate {
            asked.scan(criterion, &found)?
        } else {
            found.and(&indexed(index, asked, criterion)?)
        };
    }
    Ok(found)
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
