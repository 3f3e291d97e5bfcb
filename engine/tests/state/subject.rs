//! The writer's half: events appended to a generation, taken back, and folded.

use std::sync::Arc;

use cidgraph::pool::{ComponentId, Names, PoolBase, PoolWriter};
use cidgraph::state::{Base, Extent, Folded, Generation, fold, fold_history};
use cidgraph::topology::{EdgeIndex, NewEdgeRow, NodeIndex, Stamp};
use cidgraph::{EdgeEntity, EdgeId, NodeEntity, NodeId, Properties};

use crate::model::{Event, State};

pub struct Subject {
    pub generation: Arc<Generation>,
    writer: PoolWriter,
    stamp: Stamp,
    /// Edges of the version at `stamp`.
    edges: u32,
    undo: Vec<Undo>,
}

enum Undo {
    NodeDeath(NodeIndex),
    NodeChange(NodeIndex),
    EdgeDeath(EdgeIndex),
    EdgeChange(EdgeIndex),
}

/// A place to which a draft can be taken back.
pub struct Savepoint {
    extent: Extent,
    stamp: Stamp,
    undo: usize,
}

impl Subject {
    pub fn new(names: &Arc<Names>) -> Self {
        Self::on(names, Arc::new(Base::default()), Arc::new(PoolBase::new()))
    }

    fn on(names: &Arc<Names>, base: Arc<Base>, pool: Arc<PoolBase>) -> Self {
        let writer = PoolWriter::new(Arc::clone(names), pool);
        let stamp = base.last_stamp();
        let generation = Arc::new(Generation::new(base, Arc::clone(writer.pool())));
        Self { generation, writer, stamp, edges: 0, undo: Vec::new() }
    }

    /// Goes on with what was folded of this one, as it was at the fold.
    pub fn successor(&self, folded: &Folded) -> Self {
        Self::on(self.writer.pool().names(), Arc::clone(&folded.base), Arc::clone(&folded.pool))
    }

    /// Builds a state from nothing, the last nodes and edges first.
    pub fn backwards(state: &State) -> Self {
        let mut subject = Self::new(&Arc::new(Names::new()));
        for edge in state.edges.iter().rev() {
            subject.writer.pool().names().intern(&edge.kind);
        }
        for node in state.nodes.iter().rev() {
            let entity = NodeEntity {
                id: node.id,
                kind: node.kind.clone(),
                key: node.key.clone(),
                components: node.components.clone(),
            };
            subject.add_node(&entity, Stamp::try_from(node.version).unwrap());
        }
        for edge in state.edges.iter().rev() {
            let made = edge.id.as_engine_made();
            let entity = EdgeEntity {
                id: made.is_none().then_some(edge.id),
                kind: edge.kind.clone(),
                source: edge.source,
                target: edge.target,
                properties: edge.properties.clone(),
            };
            let (version, index) = made.unwrap_or((1, 0));
            subject.add_edge(&entity, Stamp::try_from(version).unwrap(), index);
        }
        subject
    }

    pub fn version(&self) -> u64 {
        self.generation.at(self.stamp).version()
    }

    /// Begins the next version.
    pub fn begin(&mut self) {
        self.stamp += 1;
        self.edges = 0;
    }

    /// Appends an event to the version that was begun and returns its place among the version's edges.
    pub fn apply(&mut self, event: &Event) -> u32 {
        let index = self.edges;
        match event {
            Event::AddNode(node) => self.add_node(node, self.stamp),
            Event::RemoveNode(id) => self.remove_node(*id),
            Event::ChangeNode(id, components) => {
                let (node, set) = (self.node(*id), self.writer.intern_set(components));
                self.generation.change_node(node, set, self.stamp);
                self.undo.push(Undo::NodeChange(node));
            }
            Event::AddEdge(edge) => {
                self.edges += 1;
                self.add_edge(edge, self.stamp, index);
            }
            Event::ChangeEdge(id, properties) => {
                let (edge, properties) = (self.edge(*id), self.properties(properties));
                self.generation.change_edge(edge, properties, self.stamp);
                self.undo.push(Undo::EdgeChange(edge));
            }
            Event::RemoveEdge(id) => self.remove_edge(self.edge(*id)),
        }
        index
    }

    /// Marks the end of the present version.
    pub fn savepoint(&self) -> Savepoint {
        Savepoint { extent: self.generation.extent(), stamp: self.stamp, undo: self.undo.len() }
    }

    /// Takes back all that happened since.
    pub fn rollback(&mut self, savepoint: &Savepoint) {
        for undo in self.undo.drain(savepoint.undo..).rev() {
            match undo {
                Undo::NodeDeath(node) => self.generation.set_node_death(node, 0),
                Undo::NodeChange(node) => self.generation.unchange_node(node),
                Undo::EdgeDeath(edge) => self.generation.set_edge_death(edge, 0),
                Undo::EdgeChange(edge) => self.generation.unchange_edge(edge),
            }
        }
        self.generation.void(savepoint.extent, savepoint.stamp);
        self.stamp = savepoint.stamp;
    }

    /// Makes what happened so far final.
    pub fn publish(&mut self) {
        self.undo.clear();
    }

    pub fn fold(&self, version: u64) -> Folded {
        fold(self.generation.at(self.generation.stamp(version)), self.generation.extent())
    }

    pub fn fold_history(&self, version: u64) -> Folded {
        fold_history(self.generation.at(self.generation.stamp(version)), self.generation.extent())
    }

    fn add_node(&mut self, node: &NodeEntity, birth: Stamp) {
        let kind = self.writer.pool().names().intern(&node.kind);
        let set = self.writer.intern_set(&node.components);
        self.generation.add_node(node, kind, set, birth);
    }

    fn add_edge(&mut self, edge: &EdgeEntity, birth: Stamp, index: u32) {
        let kind = self.writer.pool().names().intern(&edge.kind).0;
        let properties = self.properties(&edge.properties).map_or(0, |component| component.0 + 1);
        let (source, target) = (self.last_node(edge.source), self.last_node(edge.target));
        let row = NewEdgeRow { source, target, kind, birth, index, properties, caller_id: edge.id };
        self.generation.add_edge(row);
    }

    fn remove_node(&mut self, id: NodeId) {
        let node = self.node(id);
        let at = self.generation.at(self.stamp);
        let edges: Vec<EdgeIndex> = at.outgoing(node).chain(at.incoming(node)).map(|step| step.edge).collect();
        for edge in edges {
            // A loop stands in both lists.
            if self.generation.at(self.stamp).contains_edge(edge) {
                self.remove_edge(edge);
            }
        }
        self.generation.set_node_death(node, self.stamp);
        self.undo.push(Undo::NodeDeath(node));
    }

    fn remove_edge(&mut self, edge: EdgeIndex) {
        self.generation.set_edge_death(edge, self.stamp);
        self.undo.push(Undo::EdgeDeath(edge));
    }

    fn properties(&mut self, properties: &Properties) -> Option<ComponentId> {
        let component_type = self.writer.pool().names().intern("");
        (!properties.is_empty()).then(|| self.writer.intern_component(component_type, properties))
    }

    fn node(&self, id: NodeId) -> NodeIndex {
        self.generation.at(self.stamp).find_node(id).unwrap()
    }

    /// Returns a node whenever it was born; edges may be appended in any order of versions.
    fn last_node(&self, id: NodeId) -> NodeIndex {
        self.generation.at(Stamp::MAX - 1).find_node(id).unwrap()
    }

    fn edge(&self, id: EdgeId) -> EdgeIndex {
        self.generation.at(self.stamp).find_edge(id).unwrap()
    }
}
