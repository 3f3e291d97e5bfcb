//! Ordering, paging and projecting the nodes of a query.

use std::cmp::Ordering;

use crate::algorithm::CancelToken;
use crate::entity::Key;
use crate::id::NodeId;
use crate::index::Bitmap;
use crate::pool::NameId;
use crate::state::At;
use crate::topology::NodeIndex;
use crate::value::{Name, Value};
use crate::view::NodeView;

use super::answer::NodePage;
use super::effort::{Effort, NODES_A_PIECE};
use super::graph_query::QueryError;
use super::node_query::{NodeQuery, OrderBy, Projection};
use super::resolved::property_of;

/// What a node is compared by in one term of an order.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Birth(u32),
    Id(NodeId),
    Key(Key),
    Kind(Name),
    Version(u64),
    Property(Value),
}

/// Makes the page of a query from all nodes that it found.
pub(super) fn page(
    at: At<'_>,
    query: &NodeQuery,
    found: &Bitmap,
    cancel: &CancelToken,
) -> Result<NodePage, QueryError> {
    let total = found.len();
    let nodes = match query.after {
        _ if query.is_by_birth() => by_birth(at, query, found)?,
        None => ordered(at, query, found, cancel)?,
        Some(_) => return Err(QueryError::InvalidParameter { what: "after", expected: "the order of birth" }),
    };
    let mut shown = Vec::with_capacity(nodes.len());
    for run in nodes.chunks(NODES_A_PIECE) {
        cancel.check()?;
        shown.extend(run.iter().map(|node| project(at, &query.projection, *node)));
    }
    Ok(NodePage { nodes: shown, total })
}

fn by_birth(at: At<'_>, query: &NodeQuery, found: &Bitmap) -> Result<Vec<NodeIndex>, QueryError> {
    let limit = query.limit.unwrap_or(usize::MAX);
    let first = match query.after {
        // Where the last node of the page before is gone, nobody knows any more where to go on.
        Some(node) => at.find_node(node).ok_or(QueryError::UnknownNode { node })?.index() + 1,
        None => 0,
    };
    let first = u32::try_from(first).expect("node ordinals have 32 bits");
    let start = found.select(found.rank(first).saturating_add(query.offset));
    let shown = start.map(|start| found.iter_from(start).take(limit).map(NodeIndex::from).collect());
    Ok(shown.unwrap_or_default())
}

/// A node and what it is compared by.
type Ranked = (Vec<Option<Rank>>, NodeId, u32);

fn ordered(at: At<'_>, query: &NodeQuery, found: &Bitmap, cancel: &CancelToken) -> Result<Vec<NodeIndex>, QueryError> {
    let by: Vec<Term> = query.order.iter().map(|order| Term::of(at, &order.by, order.descending)).collect();
    let compare = |a: &Ranked, b: &Ranked| {
        let terms = by.iter().zip(a.0.iter().zip(&b.0)).map(|(term, (a, b))| term.compare(a.as_ref(), b.as_ref()));
        terms.fold(Ordering::Equal, Ordering::then).then_with(|| a.1.cmp(&b.1))
    };
    let end = query.limit.map_or(usize::MAX, |limit| query.offset.saturating_add(limit));
    let first = |nodes: &mut Vec<Ranked>| {
        if end < nodes.len() {
            nodes.select_nth_unstable_by(end, compare);
            nodes.truncate(end);
        }
    };
    let ranked = |nodes: &[u32]| {
        let ranked = |node: &u32| {
            let ranks = by.iter().map(|term| term.rank(at, *node)).collect();
            (ranks, at.node_id(NodeIndex::from(*node)), *node)
        };
        let mut nodes: Vec<Ranked> = nodes.iter().map(ranked).collect();
        first(&mut nodes);
        nodes
    };
    let nodes: Vec<u32> = found.iter().collect();
    // Where all are asked for, what takes long is to sort and to copy them.
    let effort = if end < nodes.len() { Effort::Rank } else { Effort::Alone };
    let pieces = effort.in_pieces(&nodes, cancel, ranked)?;
    let together = |mut nodes: Vec<Ranked>, piece| {
        nodes.extend(piece);
        nodes
    };
    let mut nodes = pieces.into_iter().reduce(together).unwrap_or_default();
    first(&mut nodes);
    nodes.sort_unstable_by(compare);
    Ok(nodes.into_iter().skip(query.offset).map(|(_, _, node)| NodeIndex::from(node)).collect())
}

/// One term of an order, with its names looked up.
struct Term<'a> {
    by: &'a OrderBy,
    property: Option<(NameId, NameId)>,
    descending: bool,
}

impl<'a> Term<'a> {
    fn of(at: At<'_>, by: &'a OrderBy, descending: bool) -> Self {
        let names = at.pool().names();
        let property = match by {
            OrderBy::Property { component, property } => names.find(component).zip(names.find(property)),
            OrderBy::Birth | OrderBy::Id | OrderBy::Key | OrderBy::Kind | OrderBy::Version => None,
        };
        Self { by, property, descending }
    }

    fn rank(&self, at: At<'_>, ordinal: u32) -> Option<Rank> {
        let node = NodeIndex::from(ordinal);
        match self.by {
            OrderBy::Birth => Some(Rank::Birth(ordinal)),
            OrderBy::Id => Some(Rank::Id(at.node_id(node))),
            OrderBy::Key => at.node_key(node).map(Rank::Key),
            OrderBy::Kind => Some(Rank::Kind(at.name(at.node_kind(node)))),
            OrderBy::Version => Some(Rank::Version(at.node_version(node))),
            OrderBy::Property { .. } => {
                let (component, property) = self.property?;
                property_of(at, node, component, property).map(Rank::Property)
            }
        }
    }

    /// Compares two ranks; what has none comes last either way.
    fn compare(&self, a: Option<&Rank>, b: Option<&Rank>) -> Ordering {
        match (a, b) {
            (Some(Rank::Property(a)), Some(Rank::Property(b))) => self.turn(compare_values(a, b)),
            (Some(a), Some(b)) => self.turn(a.cmp(b)),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        }
    }

    const fn turn(&self, order: Ordering) -> Ordering {
        if self.descending { order.reverse() } else { order }
    }
}

/// Compares numbers as numbers, all else in the order of values.
fn compare_values(a: &Value, b: &Value) -> Ordering {
    match (crate::index::Number::of(a), crate::index::Number::of(b)) {
        (Some(a), Some(b)) => a.compare(b),
        _ => a.cmp(b),
    }
}

fn project(at: At<'_>, projection: &Projection, node: NodeIndex) -> NodeView {
    let mut view = match projection {
        Projection::Everything => return at.node_view(node),
        Projection::Nothing => return bare(at, node),
        Projection::Components(_) | Projection::Properties(_) => at.node_view(node),
    };
    match projection {
        Projection::Everything | Projection::Nothing => {}
        Projection::Components(types) => view.components.retain(|component| types.contains(&component.component_type)),
        Projection::Properties(names) => {
            for component in &mut view.components {
                let shown = |property: &Name| {
                    names.iter().any(|(of, name)| *of == component.component_type && name == property)
                };
                let kept = component.properties.iter().filter(|(property, _)| shown(property));
                component.properties = kept.map(|(property, value)| (property.clone(), value.clone())).collect();
            }
            view.components.retain(|component| !component.properties.is_empty());
        }
    }
    view
}

fn bare(at: At<'_>, node: NodeIndex) -> NodeView {
    NodeView {
        id: at.node_id(node),
        key: at.node_key(node),
        kind: at.name(at.node_kind(node)),
        version: at.node_version(node),
        components: Vec::new(),
    }
}
