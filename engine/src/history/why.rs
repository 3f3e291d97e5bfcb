//! Why something is as it is: the events without which a node's property, an edge or a path would not be there.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::id::{EdgeId, NodeId};
use crate::read_model::PathView;
use crate::value::Name;

use super::causes::{Causes, ComponentCauses, EdgeCauses, NodeCauses};
use super::error::HistoryError;
use super::events::{EventRef, Events};
use super::graph_history::GraphHistory;
use super::mention::Mention;
use super::moment::Moment;

/// What is asked about.
#[derive(Debug, Clone, PartialEq)]
pub enum Subject {
    /// A node with all that it holds.
    Node(NodeId),
    /// A component of a node, with all its properties.
    Component {
        /// The node.
        node: NodeId,
        /// The component's type.
        component_type: Name,
    },
    /// One property of a node.
    Property {
        /// The node.
        node: NodeId,
        /// The component's type.
        component_type: Name,
        /// The property's name.
        property: Name,
    },
    /// An edge with its ends and properties.
    Edge(EdgeId),
    /// The nodes and edges of a path.
    Path(PathView),
}

/// What an event did that the subject rests on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Because {
    /// It added this node.
    Added(NodeId),
    /// It gave a node this component.
    Component(NodeId, Name),
    /// It set this property of a node, or went on from its value: a move in space does.
    Property(NodeId, Name, Name),
    /// It connected this edge.
    Connected(EdgeId),
    /// It set this property of an edge.
    EdgeProperty(EdgeId, Name),
}

/// An event that the subject rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The event.
    pub event: EventRef,
    /// What it did, sorted.
    pub because: Vec<Because>,
}

impl GraphHistory {
    /// Returns the events that something rests on at a moment, in order. All events up to then are read.
    ///
    /// # Errors
    /// As of [`at`](Self::at); [`HistoryError::NodeNotThere`], [`HistoryError::NothingThere`],
    /// [`HistoryError::UnknownEdge`] where the subject is not there at that moment.
    pub async fn why(&self, subject: &Subject, at: Moment) -> Result<Vec<Cause>, HistoryError> {
        let version = self.place(at).await?.head.version;
        let mut causes = Causes::default();
        match subject {
            Subject::Node(node) | Subject::Component { node, .. } | Subject::Property { node, .. } => {
                causes.nodes.insert(*node, None);
            }
            Subject::Edge(edge) => self.want_edge(&mut causes, *edge, version).await?,
            Subject::Path(PathView { nodes, edges, .. }) => {
                causes.nodes.extend(nodes.iter().map(|node| (*node, None)));
                causes.edges.extend(edges.iter().map(|edge| (*edge, None)));
            }
        }
        let nodes = causes.nodes.keys().map(|node| *node.as_bytes());
        let mention = Mention::of(nodes.chain(causes.edges.keys().map(|edge| *edge.as_bytes())));
        let events = Events::between(&self.store, self.graph, 0, version).await?;
        let mut events = events.only(move |event| mention.may_be_in(&event.header.event_type, &event.payload));
        while let Some(event) = events.event().await? {
            causes.take(&event);
        }
        let mut found = Found { causes: &causes, version, found: BTreeMap::new() };
        found.subject(subject)?;
        let cause = |(_, (event, mut because)): (u64, (Arc<EventRef>, Vec<Because>))| {
            because.sort_unstable();
            because.dedup();
            Cause { event: (*event).clone(), because }
        };
        Ok(found.found.into_iter().map(cause).collect())
    }

    /// Wants an edge and its ends.
    async fn want_edge(&self, causes: &mut Causes, edge: EdgeId, version: u64) -> Result<(), HistoryError> {
        let state = self.at(Moment::Version(version)).await?;
        let view = state.edge(edge).ok_or(HistoryError::UnknownEdge { edge, version })?;
        causes.edges.insert(edge, None);
        causes.nodes.extend([(view.source, None), (view.target, None)]);
        Ok(())
    }
}

/// Gathers the events of a subject.
struct Found<'a> {
    causes: &'a Causes,
    version: u64,
    found: BTreeMap<u64, (Arc<EventRef>, Vec<Because>)>,
}

impl Found<'_> {
    fn subject(&mut self, subject: &Subject) -> Result<(), HistoryError> {
        match subject {
            Subject::Node(node) => {
                let causes = self.added(*node)?;
                for (name, component) in &causes.components {
                    self.component(*node, name, component);
                }
            }
            Subject::Component { node, component_type } => {
                let component = self.component_of(*node, component_type)?;
                self.component(*node, component_type, component);
            }
            Subject::Property { node, component_type, property } => {
                let component = self.component_of(*node, component_type)?;
                let Some(events) = component.properties.get(property) else {
                    return Err(self.nothing(*node, format!("{component_type}.{property}")));
                };
                self.add(&component.attached, Because::Component(*node, component_type.clone()));
                self.property(*node, component_type, property, events);
            }
            Subject::Edge(edge) => {
                let causes = self.connected(*edge)?;
                self.added(causes.ends.0)?;
                self.added(causes.ends.1)?;
                for (name, event) in &causes.properties {
                    self.add(event, Because::EdgeProperty(*edge, name.clone()));
                }
            }
            Subject::Path(PathView { nodes, edges, .. }) => {
                nodes.iter().try_for_each(|node| self.added(*node).map(drop))?;
                edges.iter().try_for_each(|edge| self.connected(*edge).map(drop))?;
            }
        }
        Ok(())
    }

    fn add(&mut self, event: &Arc<EventRef>, because: Because) {
        self.found.entry(event.version).or_insert_with(|| (Arc::clone(event), Vec::new())).1.push(because);
    }

    fn nothing(&self, node: NodeId, what: String) -> HistoryError {
        HistoryError::NothingThere { node, what, version: self.version }
    }
}

impl<'a> Found<'a> {
    fn added(&mut self, node: NodeId) -> Result<&'a NodeCauses, HistoryError> {
        let causes = self.causes.nodes.get(&node).and_then(Option::as_ref);
        let causes = causes.ok_or(HistoryError::NodeNotThere { node, version: self.version })?;
        self.add(&causes.added, Because::Added(node));
        Ok(causes)
    }

    fn connected(&mut self, edge: EdgeId) -> Result<&'a EdgeCauses, HistoryError> {
        let causes = self.causes.edges.get(&edge).and_then(Option::as_ref);
        let causes = causes.ok_or(HistoryError::UnknownEdge { edge, version: self.version })?;
        self.add(&causes.connected, Because::Connected(edge));
        Ok(causes)
    }

    fn component_of(&mut self, node: NodeId, component_type: &Name) -> Result<&'a ComponentCauses, HistoryError> {
        let component = self.added(node)?.components.get(component_type);
        component.ok_or_else(|| self.nothing(node, format!("component {component_type}")))
    }

    fn component(&mut self, node: NodeId, component_type: &Name, component: &ComponentCauses) {
        self.add(&component.attached, Because::Component(node, component_type.clone()));
        for (property, events) in &component.properties {
            self.property(node, component_type, property, events);
        }
    }

    fn property(&mut self, node: NodeId, component_type: &Name, property: &Name, events: &[Arc<EventRef>]) {
        for event in events {
            self.add(event, Because::Property(node, component_type.clone(), property.clone()));
        }
    }
}
