//! What an answer rests on, as facets that an event can touch.
//!
//! Sound: whatever changes an answer touches one of its facets. Where that cannot be said, there is no footprint and the
//! answer is not cached.

use crate::algorithm::Direction;
use crate::entity::SPATIAL;
use crate::footprint::Facet;
use crate::id::NodeId;
use crate::index::Number;
use crate::pool::{ComponentRegistry, NameId, Names};
use crate::state::GraphView;
use crate::value::Value;
use crate::view::NodeView;

use super::answer::Answer;
use super::criterion::Criterion;
use super::graph_query::GraphQuery;
use super::node_query::{NodeQuery, OrderBy};

/// More nodes than these are not named one by one: every edge is then taken as looked at.
const NODES_MAX: usize = 512;

/// Gathers facets.
pub(super) struct Footprint<'a> {
    names: &'a Names,
    registry: &'a ComponentRegistry,
    facets: Vec<Facet>,
}

impl<'a> Footprint<'a> {
    /// Returns what an answer rests on, sorted, without repetition; `None` where that cannot be said.
    pub(super) fn of(
        view: &'a GraphView,
        registry: &'a ComponentRegistry,
        query: &GraphQuery,
        answer: &Answer,
    ) -> Option<Box<[Facet]>> {
        let mut footprint = Self { names: view.at().generation().pool().names(), registry, facets: Vec::new() };
        footprint.query(view, query, answer)?;
        let mut facets = footprint.facets;
        facets.sort_unstable();
        facets.dedup();
        Some(facets.into_boxed_slice())
    }

    fn query(&mut self, view: &GraphView, query: &GraphQuery, answer: &Answer) -> Option<()> {
        match query {
            GraphQuery::Nodes(query) => self.nodes(query, answer)?,
            GraphQuery::Count(criterion) => self.criterion(criterion)?,
            GraphQuery::Node(node) => self.node(*node),
            GraphQuery::NodeByKey { kind, key } => {
                self.node(NodeId::of_key(view.info().graph, kind, key));
            }
            GraphQuery::Edge(edge) => self.facets.push(Facet::edge(*edge)),
            GraphQuery::Neighbors { node, direction, .. } => {
                self.node(*node);
                self.steps(*node, *direction);
                if let Answer::Neighbors(neighbors) = answer {
                    self.facets.extend(neighbors.iter().map(|neighbor| Facet::node(neighbor.node.id)));
                }
            }
            GraphQuery::Neighborhood { node, hops, direction, .. } => self.reached(*node, *hops, *direction, answer),
            GraphQuery::BreadthFirst { node, direction } => self.reached(*node, usize::MAX, *direction, answer),
            GraphQuery::DepthFirst { node, .. } => {
                self.node(*node);
                self.facets.push(Facet::edges());
            }
            GraphQuery::ShortestPath { source, target, .. } => self.path(*source, *target, false),
            GraphQuery::CheapestPath { source, target, .. } => self.path(*source, *target, true),
            GraphQuery::ShortestPaths { source, target, weight, .. } => {
                self.path(*source, *target, weight.is_some());
            }
            GraphQuery::AStar { source, target, .. } => {
                self.path(*source, *target, true);
                self.facets.push(Facet::component_type(self.names.find(SPATIAL)?));
                self.properties(SPATIAL, &["x", "y", "z"])?;
            }
            GraphQuery::WeakComponents
            | GraphQuery::StrongComponents
            | GraphQuery::TopologicalOrder
            | GraphQuery::Cycle
            | GraphQuery::PageRank { .. }
            | GraphQuery::LabelPropagation { .. }
            | GraphQuery::LocalClustering { .. }
            | GraphQuery::DegreeDistribution { .. } => self.facets.extend([Facet::nodes(), Facet::edges()]),
            // They name the version.
            GraphQuery::Metrics => return None,
        }
        Some(())
    }

    fn node(&mut self, node: NodeId) {
        self.facets.push(Facet::node(node));
    }

    fn steps(&mut self, node: NodeId, direction: Direction) {
        if direction.follows_outgoing() {
            self.facets.push(Facet::outgoing(node));
        }
        if direction.follows_incoming() {
            self.facets.push(Facet::incoming(node));
        }
    }

    fn path(&mut self, source: NodeId, target: NodeId, is_weighted: bool) {
        self.facets.extend([Facet::node(source), Facet::node(target), Facet::edges()]);
        if is_weighted {
            self.facets.push(Facet::edge_properties());
        }
    }

    /// The edges of every node from which a walk went on.
    fn reached(&mut self, start: NodeId, hops: usize, direction: Direction, answer: &Answer) {
        self.node(start);
        let Answer::Levels(levels) = answer else { return };
        let inner = levels.iter().filter(|(_, distance)| *distance < hops);
        if inner.clone().count() > NODES_MAX {
            self.facets.push(Facet::edges());
            return;
        }
        let inner: Vec<NodeId> = inner.map(|(node, _)| *node).collect();
        inner.into_iter().for_each(|node| self.steps(node, direction));
    }

    fn nodes(&mut self, query: &NodeQuery, answer: &Answer) -> Option<()> {
        self.criterion(&query.criterion)?;
        for order in &query.order {
            match &order.by {
                OrderBy::Birth | OrderBy::Id | OrderBy::Key | OrderBy::Kind => {}
                // Any change of any node can change it.
                OrderBy::Version => return None,
                OrderBy::Property { component, property } => self.properties(component, &[property])?,
            }
        }
        if let Some(after) = query.after {
            self.node(after);
        }
        if let Answer::Nodes(page) = answer {
            self.facets.extend(page.nodes.iter().map(|node: &NodeView| Facet::node(node.id)));
        }
        Some(())
    }

    fn criterion(&mut self, criterion: &Criterion) -> Option<()> {
        match criterion {
            Criterion::All => self.facets.push(Facet::nodes()),
            Criterion::Ids(ids) => self.facets.extend(ids.iter().map(|id| Facet::node(*id))),
            Criterion::Kind(kind) => self.facets.push(Facet::kind(self.names.find(kind)?)),
            Criterion::Component(component) => {
                self.facets.push(Facet::component_type(self.names.find(component)?));
            }
            Criterion::Category(category) => {
                self.names.find(category)?;
                for component in self.registry.types_in(category) {
                    self.facets.push(Facet::component_type(self.names.find(component)?));
                }
            }
            Criterion::Has { component, property } | Criterion::Range { component, property, .. } => {
                self.properties(component, &[property])?;
            }
            Criterion::Equals { component, property, value } => self.equals(component, property, value)?,
            Criterion::And(criteria) | Criterion::Or(criteria) => {
                // Without conditions it is every node, or none.
                if criteria.is_empty() {
                    self.facets.push(Facet::nodes());
                }
                for criterion in criteria {
                    self.criterion(criterion)?;
                }
            }
            Criterion::Not(criterion) => {
                self.facets.push(Facet::nodes());
                self.criterion(criterion)?;
            }
        }
        Some(())
    }

    fn equals(&mut self, component: &str, property: &str, value: &Value) -> Option<()> {
        let component = self.names.find(component)?;
        self.names.find(property)?;
        self.facets.push(Facet::property_value(component, property, value));
        if let Some(number) = Number::of(value)
            && let Some(twin) = number.twin()
        {
            self.facets.push(Facet::property_value(component, property, &twin));
        }
        Some(())
    }

    fn properties(&mut self, component: &str, properties: &[&str]) -> Option<()> {
        let component: NameId = self.names.find(component)?;
        for property in properties {
            self.names.find(property)?;
            self.facets.push(Facet::property(component, property));
        }
        Some(())
    }
}
