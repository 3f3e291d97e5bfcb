//! What an answer rests on, as facets that an event can touch.
//!
//! Sound: whatever changes an answer touches one of its facets. Where nothing narrower can be said, it rests on the
//! version, which every publication touches.

use crate::algorithm::Direction;
use crate::entity::SPATIAL;
use crate::footprint::Facet;
use crate::id::NodeId;
use crate::index::Number;
use crate::pool::{ComponentRegistry, NameId, Names};
use crate::state::GraphView;
use crate::value::Value;

use super::answer::Answer;
use super::criterion::Criterion;
use super::graph_query::GraphQuery;
use super::node_query::{NodeQuery, OrderBy};
use super::resolved::plain;

/// More nodes than these are not named one by one.
const NODES_MAX: usize = 512;

/// Gathers facets.
pub(super) struct Footprint<'a> {
    names: &'a Names,
    registry: &'a ComponentRegistry,
    facets: Vec<Facet>,
}

impl<'a> Footprint<'a> {
    /// Returns what an answer rests on, sorted, without repetition.
    pub(super) fn of(
        view: &'a GraphView,
        registry: &'a ComponentRegistry,
        query: &GraphQuery,
        answer: &Answer,
    ) -> Box<[Facet]> {
        let mut footprint = Self { names: view.at().pool().names(), registry, facets: Vec::new() };
        footprint.query(view, query, answer);
        let mut facets = footprint.facets;
        facets.sort_unstable();
        facets.dedup();
        facets.into_boxed_slice()
    }

    fn query(&mut self, view: &GraphView, query: &GraphQuery, answer: &Answer) {
        match query {
            GraphQuery::Nodes(query) => self.nodes(query, answer),
            GraphQuery::Count(criterion) => self.criterion(criterion),
            GraphQuery::Node(node) => self.node(*node),
            GraphQuery::NodeByKey { kind, key } => self.node(NodeId::of_key(view.info().graph, kind, key)),
            GraphQuery::Edge(edge) => self.facets.push(Facet::edge(*edge)),
            GraphQuery::Neighbors { node, direction, .. } => self.neighbors(*node, *direction, answer),
            GraphQuery::Neighborhood { node, hops, direction, edge_kind } => {
                self.reached(*node, *hops, *direction, edge_kind.as_deref(), answer);
            }
            GraphQuery::BreadthFirst { node, direction } => self.reached(*node, usize::MAX, *direction, None, answer),
            GraphQuery::DepthFirst { node, .. } => {
                self.node(*node);
                self.facets.push(Facet::edges());
            }
            GraphQuery::ShortestPath { source, target, edge_kind, .. } => {
                self.ends(*source, *target);
                self.edges(edge_kind.as_deref());
            }
            GraphQuery::CheapestPath { source, target, .. } => self.weighted_path(*source, *target, true),
            GraphQuery::ShortestPaths { source, target, weight, .. } => {
                self.weighted_path(*source, *target, weight.is_some());
            }
            GraphQuery::AStar { source, target, .. } => {
                self.weighted_path(*source, *target, true);
                self.properties(SPATIAL, &["x", "y", "z"]);
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
            GraphQuery::Metrics => self.version(),
        }
    }

    fn version(&mut self) {
        self.facets.push(Facet::version());
    }

    fn node(&mut self, node: NodeId) {
        self.facets.push(Facet::node(node));
    }

    /// Everything that is shown of some nodes.
    fn shown(&mut self, nodes: impl ExactSizeIterator<Item = NodeId>) {
        if nodes.len() > NODES_MAX {
            self.version();
        } else {
            self.facets.extend(nodes.map(Facet::node));
        }
    }

    fn steps(&mut self, node: NodeId, direction: Direction) {
        if direction.follows_outgoing() {
            self.facets.push(Facet::outgoing(node));
        }
        if direction.follows_incoming() {
            self.facets.push(Facet::incoming(node));
        }
    }

    /// Which edges there are of a kind, of any kind where none is said or nobody knows it yet.
    fn edges(&mut self, edge_kind: Option<&str>) {
        let edge_kind = edge_kind.and_then(|kind| self.names.find(kind));
        self.facets.push(edge_kind.map_or_else(Facet::edges, Facet::edge_kind));
    }

    fn neighbors(&mut self, node: NodeId, direction: Direction, answer: &Answer) {
        self.node(node);
        self.steps(node, direction);
        if let Answer::Neighbors(neighbors) = answer {
            self.shown(neighbors.iter().map(|neighbor| neighbor.node.id));
        }
    }

    fn ends(&mut self, source: NodeId, target: NodeId) {
        self.node(source);
        self.node(target);
    }

    fn weighted_path(&mut self, source: NodeId, target: NodeId, is_weighted: bool) {
        self.ends(source, target);
        self.facets.push(Facet::edges());
        if is_weighted {
            self.facets.push(Facet::edge_properties());
        }
    }

    /// The edges of every node from which a walk went on.
    fn reached(&mut self, start: NodeId, hops: usize, direction: Direction, edge_kind: Option<&str>, answer: &Answer) {
        self.node(start);
        let Answer::Levels(levels) = answer else { return };
        let inner = levels.iter().filter(|(_, distance)| *distance < hops);
        if inner.clone().count() > NODES_MAX {
            self.edges(edge_kind);
        } else {
            inner.for_each(|(node, _)| self.steps(*node, direction));
        }
    }

    fn nodes(&mut self, query: &NodeQuery, answer: &Answer) {
        self.criterion(&query.criterion);
        for order in &query.order {
            match &order.by {
                OrderBy::Birth | OrderBy::Id | OrderBy::Key | OrderBy::Kind => {}
                OrderBy::Version => self.version(),
                OrderBy::Property { component, property } => self.properties(component, &[property]),
            }
        }
        query.after.into_iter().for_each(|after| self.node(after));
        if let Answer::Nodes(page) = answer {
            self.shown(page.nodes.iter().map(|node| node.id));
        }
    }

    fn criterion(&mut self, criterion: &Criterion) {
        match criterion {
            Criterion::All => self.facets.push(Facet::nodes()),
            Criterion::Ids(ids) => self.shown(ids.iter().copied()),
            Criterion::Kind(kind) => self.named(kind, Facet::kind),
            Criterion::Component(component) => self.named(component, Facet::component_type),
            Criterion::Category(category) => {
                let registry = self.registry;
                registry.types_in(category).into_iter().for_each(|name| self.named(name, Facet::component_type));
            }
            Criterion::Has { component, property } | Criterion::Range { component, property, .. } => {
                self.properties(component, &[property]);
            }
            Criterion::Equals { component, property, value } => self.equals(component, property, value),
            Criterion::And(criteria) | Criterion::Or(criteria) => {
                // Without conditions it is every node, or none.
                if criteria.is_empty() {
                    self.facets.push(Facet::nodes());
                }
                criteria.iter().for_each(|criterion| self.criterion(criterion));
            }
            Criterion::Not(criterion) => {
                self.facets.push(Facet::nodes());
                self.criterion(criterion);
            }
        }
    }

    /// The facet of a name; a name that nobody knows yet can come with any event.
    fn named(&mut self, name: &str, facet: impl Fn(NameId) -> Facet) {
        self.facets.push(self.names.find(name).map_or_else(Facet::version, facet));
    }

    fn equals(&mut self, component: &str, property: &str, value: &Value) {
        let value = plain(value);
        let twin = Number::of(&value).and_then(Number::twin);
        for value in std::iter::once(value).chain(twin) {
            self.named(component, |component| Facet::property_value(component, property, &value));
        }
    }

    fn properties(&mut self, component: &str, properties: &[&str]) {
        for property in properties {
            self.named(component, |component| Facet::property(component, property));
        }
    }
}
