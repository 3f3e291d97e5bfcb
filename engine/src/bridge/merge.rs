//! Changes of several transactions put together: structure first and complete, of the rest the last word on each part.
//!
//! What is left does to a graph what all of them did one after another.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use crate::entity::SPATIAL;
use crate::graph::GraphMutation;
use crate::id::{EdgeId, NodeId};

/// Mutations that were added in order.
#[derive(Debug, Default)]
pub(super) struct Merge {
    structure: Vec<GraphMutation>,
    /// `None` where the element was removed since.
    style: Vec<Option<GraphMutation>>,
    /// Where in `style` an element's are.
    of_element: HashMap<Element, Vec<usize>, RandomState>,
    /// How many of `style` there are.
    styles: usize,
    /// How many were overwritten by a later one of the same part.
    pub(super) coalesced: u64,
    /// How many were dropped because their element was removed.
    pub(super) dropped: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Element {
    Node(NodeId),
    Edge(EdgeId),
}

impl Merge {
    /// Returns how many mutations are left.
    pub(super) fn len(&self) -> usize {
        self.structure.len() + self.styles
    }

    /// Adds what comes next.
    pub(super) fn add(&mut self, mutation: GraphMutation) {
        match part(&mutation) {
            Some((element, _)) => self.overwrite(element, mutation),
            None => {
                if let Some(removed) = removed(&mutation) {
                    self.forget(removed);
                }
                self.structure.push(mutation);
            }
        }
    }

    /// Puts a mutation in the place of the one before it of the same part.
    fn overwrite(&mut self, element: Element, mutation: GraphMutation) {
        let places = self.of_element.entry(element).or_default();
        let part_of = |place: usize| self.style[place].as_ref().and_then(part);
        match places.iter().find(|place| part_of(**place) == part(&mutation)) {
            Some(place) => {
                self.style[*place] = Some(mutation);
                self.coalesced += 1;
            }
            None => {
                places.push(self.style.len());
                self.style.push(Some(mutation));
                self.styles += 1;
            }
        }
    }

    fn forget(&mut self, element: Element) {
        for place in self.of_element.remove(&element).unwrap_or_default() {
            self.style[place] = None;
            self.styles -= 1;
            self.dropped += 1;
        }
    }

    /// Returns what is left, in the order in which it is to be applied.
    pub(super) fn into_mutations(self) -> Vec<GraphMutation> {
        let mut mutations = self.structure;
        mutations.extend(self.style.into_iter().flatten());
        mutations
    }
}

impl Extend<GraphMutation> for Merge {
    fn extend<I: IntoIterator<Item = GraphMutation>>(&mut self, mutations: I) {
        mutations.into_iter().for_each(|mutation| self.add(mutation));
    }
}

/// Returns the part of the graph that a mutation sets, whole: an element and its attribute. `None` for structure.
fn part(mutation: &GraphMutation) -> Option<(Element, &str)> {
    match mutation {
        GraphMutation::ComponentSet { node, component } => Some((Element::Node(*node), &component.component_type)),
        GraphMutation::ComponentRemoved { node, component_type } => Some((Element::Node(*node), component_type)),
        GraphMutation::NodeTransformed { node, .. } => Some((Element::Node(*node), SPATIAL)),
        GraphMutation::EdgeChanged { edge, .. } => Some((Element::Edge(*edge), "")),
        GraphMutation::GraphChanged { .. }
        | GraphMutation::NodeAdded { .. }
        | GraphMutation::NodeRemoved { .. }
        | GraphMutation::EdgeConnected { .. }
        | GraphMutation::EdgeRemoved { .. } => None,
    }
}

/// Returns the element that a mutation removes.
const fn removed(mutation: &GraphMutation) -> Option<Element> {
    match mutation {
        GraphMutation::NodeRemoved { node } => Some(Element::Node(*node)),
        GraphMutation::EdgeRemoved { edge } => Some(Element::Edge(*edge)),
        GraphMutation::GraphChanged { .. }
        | GraphMutation::NodeAdded { .. }
        | GraphMutation::EdgeConnected { .. }
        | GraphMutation::ComponentSet { .. }
        | GraphMutation::ComponentRemoved { .. }
        | GraphMutation::NodeTransformed { .. }
        | GraphMutation::EdgeChanged { .. } => None,
    }
}
