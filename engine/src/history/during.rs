//! Which nodes met a criterion during a stretch of time: ever, always, or newly.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::id::NodeId;
use crate::read_model::{Criterion, GraphReadModel, NodeQuery, Projection};
use crate::view::NodeView;

use super::error::HistoryError;
use super::events::Events;
use super::graph_history::GraphHistory;
use super::moment::Moment;
use super::place::demand_forward;
use super::touched::Touched;

/// When a node must have met a criterion, of the states from one moment to another, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum During {
    /// In one of the states at least.
    Ever,
    /// In every state.
    Always,
    /// Not in the first state, but in a later one.
    Newly,
}

/// A node that was asked for.
struct Found {
    /// Whether it met the criterion in the first state.
    first: bool,
    /// Whether it has met it in every state so far.
    always: bool,
    /// The node as it was when it last met the criterion; `None` while it does.
    last: Option<NodeView>,
}

impl GraphHistory {
    /// Returns the nodes that met a criterion during a stretch of time, in the order of their ids, each as it was in the
    /// last state in which it did.
    ///
    /// The states are those at the ends of transactions; before the first event it is the empty graph. The work is in proportion to the nodes that meet the criterion
    /// at `from` and to the events between.
    ///
    /// # Errors
    /// As of [`at`](Self::at); [`HistoryError::Backwards`].
    pub async fn nodes_during(
        &self,
        criterion: &Criterion,
        during: During,
        from: Moment,
        to: Moment,
    ) -> Result<Vec<NodeView>, HistoryError> {
        let (start, end) = (self.place_or_nothing(from).await?, self.place(to).await?);
        demand_forward((from, start.as_ref()), (to, &end))?;
        let mut state = self.state_or_nothing(start.as_ref()).await?;
        let mut found: BTreeMap<NodeId, Found> = BTreeMap::new();
        let mut query = NodeQuery::of(criterion.clone());
        query.projection = Projection::Nothing;
        for node in state.nodes(&query)?.nodes {
            found.insert(node.id, Found { first: true, always: true, last: None });
        }
        let mut events = Events::between(&self.store, self.graph, state.version(), end.head.version).await?;
        while let Some(transaction) = events.transaction().await? {
            let mut touched = Touched::default();
            transaction.events.iter().for_each(|event| touched.add(event));
            touched.add_children(&state)?;
            if touched.nodes.is_empty() {
                continue;
            }
            let after = self.state(&transaction.place).await?;
            look(&mut found, &touched, criterion, &state, &after);
            state = after;
        }
        let wanted = |found: &Found| match during {
            During::Ever => true,
            During::Always => found.always,
            During::Newly => !found.first,
        };
        let view = |(id, found): (NodeId, Found)| found.last.or_else(|| state.node(id));
        Ok(found.into_iter().filter(|(_, found)| wanted(found)).filter_map(view).collect())
    }
}

/// Looks at the nodes that a transaction touched.
fn look(
    found: &mut BTreeMap<NodeId, Found>,
    touched: &Touched,
    criterion: &Criterion,
    before: &GraphReadModel,
    after: &GraphReadModel,
) {
    let meeting = after.meeting(criterion, touched.nodes.iter().copied());
    for node in &touched.nodes {
        match (found.entry(*node), meeting.binary_search(node).is_ok()) {
            (Entry::Occupied(mut held), true) => held.get_mut().last = None,
            (Entry::Occupied(mut held), false) => {
                let held = held.get_mut();
                held.always = false;
                if held.last.is_none() {
                    held.last = before.node(*node);
                }
            }
            (Entry::Vacant(place), true) => {
                place.insert(Found { first: false, always: false, last: None });
            }
            (Entry::Vacant(_), false) => {}
        }
    }
}
