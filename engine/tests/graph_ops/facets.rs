//! Every difference between two publications must be among the facets that were told.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;

use cidgraph::footprint::{ChangeObserver, Facet};
use cidgraph::pool::NameId;
use cidgraph::{EdgeId, EdgeView, NodeId, NodeView, Value};

use super::commands::{EDGE_KINDS, KINDS, PROPERTIES, TYPES, all_nodes};
use super::compare::Seen;

/// Keeps what it was told last.
#[derive(Debug, Default)]
pub struct Recorder(Mutex<(u64, Vec<Facet>)>);

impl ChangeObserver for Recorder {
    fn is_interested(&self) -> bool {
        true
    }

    fn changed(&self, version: u64, facets: &[Facet]) {
        *self.0.lock().expect("no other thread panicked") = (version, facets.to_vec());
    }
}

/// Checks that what the recorder was told covers all that differs.
pub fn check(recorder: &Arc<Recorder>, before: &Seen, after: &Seen) {
    let (version, facets) = recorder.0.lock().expect("no other thread panicked").clone();
    assert_eq!(version, after.view.version());
    let told = Told { facets: facets.into_iter().collect(), before, after };
    told.check_whole_graph();
    all_nodes().for_each(|node| told.check_node(node));
    told.check_edges();
    TYPES.iter().for_each(|component_type| told.check_type(component_type));
}

struct Told<'a> {
    facets: BTreeSet<Facet>,
    before: &'a Seen,
    after: &'a Seen,
}

impl Told<'_> {
    fn differs<T: PartialEq>(&self, what: impl Fn(&Seen) -> T, facet: impl Fn() -> Facet, name: &str) {
        if what(self.before) != what(self.after) {
            assert!(self.facets.contains(&facet()), "{name} changed and was not told");
        }
    }

    fn name(&self, name: &str) -> NameId {
        self.after.view.at().pool().names().find(name).expect("what was used has a number")
    }

    fn check_whole_graph(&self) {
        self.differs(|seen| seen.view.info().clone(), Facet::graph, "the graph");
        self.differs(|seen| nodes(seen, |_| true), Facet::nodes, "which nodes there are");
        self.differs(|seen| edges(seen, |_| true), Facet::edges, "which edges there are");
        for kind in KINDS {
            let facet = || Facet::kind(self.name(kind));
            self.differs(|seen| nodes(seen, |node| node.kind == kind), facet, kind);
        }
        for kind in EDGE_KINDS {
            let facet = || Facet::edge_kind(self.name(kind));
            self.differs(|seen| edges(seen, |edge| edge.kind == kind), facet, kind);
        }
    }

    fn check_node(&self, node: NodeId) {
        self.differs(|seen| seen.model.nodes.get(&node).cloned(), || Facet::node(node), "a node");
        self.differs(|seen| seen.outgoing(node), || Facet::outgoing(node), "outgoing edges");
        self.differs(|seen| seen.incoming(node), || Facet::incoming(node), "incoming edges");
    }

    fn check_edges(&self) {
        for edge in self.before.model.edges.keys().chain(self.after.model.edges.keys()) {
            let view = |seen: &Seen| seen.model.edges.get(edge).map(|(_, view)| view.clone());
            self.differs(view, || Facet::edge(*edge), "an edge");
            if view(self.before).is_some() && view(self.after).is_some() {
                self.differs(view, Facet::edge_properties, "the properties of an edge that stays");
            }
        }
    }

    fn check_type(&self, component_type: &str) {
        let has = |node: &NodeView| node.components.iter().any(|component| component.component_type == component_type);
        let facet = || Facet::component_type(self.name(component_type));
        self.differs(|seen| nodes(seen, has), facet, component_type);
        let values: BTreeSet<Value> =
            [self.before, self.after].into_iter().flat_map(|seen| values(seen, component_type)).collect();
        for property in PROPERTIES.into_iter().chain(["y", "z", "scale"]) {
            let facet = || Facet::property(self.name(component_type), property);
            let of = |node: &NodeView| property_of(node, component_type, property).cloned();
            let valued = |seen: &Seen| {
                seen.model
                    .nodes
                    .values()
                    .map(|node| (node.id, of(node)))
                    .filter(|(_, value)| value.is_some())
                    .collect::<Vec<_>>()
            };
            self.differs(valued, facet, property);
            for value in &values {
                let facet = || Facet::property_value(self.name(component_type), property, value);
                self.differs(|seen| nodes(seen, |node| of(node).as_ref() == Some(value)), facet, property);
            }
        }
    }
}

fn nodes(seen: &Seen, is_asked: impl Fn(&NodeView) -> bool) -> BTreeSet<NodeId> {
    seen.model.nodes.values().filter(|node| is_asked(node)).map(|node| node.id).collect()
}

fn edges(seen: &Seen, is_asked: impl Fn(&EdgeView) -> bool) -> BTreeSet<EdgeId> {
    seen.model.edges.values().filter(|(_, edge)| is_asked(edge)).map(|(_, edge)| edge.id).collect()
}

fn property_of<'a>(node: &'a NodeView, component_type: &str, property: &str) -> Option<&'a Value> {
    let component = node.components.iter().find(|component| component.component_type == component_type)?;
    component.properties.get(property)
}

fn values(seen: &Seen, component_type: &str) -> Vec<Value> {
    let components = seen.model.nodes.values().flat_map(|node| &node.components);
    let components = components.filter(|component| component.component_type == component_type);
    components.flat_map(|component| component.properties.iter()).map(|(_, value)| value.clone()).collect()
}
