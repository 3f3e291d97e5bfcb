//! Nodes and edges that come, change and go, in the arrays and in what is kept beside them.

use cidgraph::{EdgeId, Name, NodeId};

use super::graph_scene::{GraphScene, NodeName, NodeState};
use super::look::EDGE_COLOR;
use super::record::{ALIVE, Bits, EdgeRecord, GroupRecord, NodeRecord, gpu_version};
use super::standing::Standing;
use super::sunflower::sunflower;

impl GraphScene {
    pub(super) fn kind_of(&mut self, kind: &Name) -> u16 {
        if let Some(known) = self.kinds_by_name.get(kind) {
            return *known;
        }
        let new = u16::try_from(self.kinds.len()).unwrap_or(u16::MAX);
        if new < u16::MAX {
            self.kinds.push(kind.clone());
            self.kinds_by_name.insert(kind.clone(), new);
        }
        new.min(u16::MAX - 1)
    }

    /// Notes that a graph has come to a version.
    pub(super) fn reach(&mut self, graph: u16, version: u64) {
        let at = &mut self.graphs[usize::from(graph)];
        if at.version == version {
            return;
        }
        at.version = version;
        at.ends.push(version);
        if at.is_live {
            self.set_group(graph, |group| group.version = gpu_version(version));
        }
    }

    pub(super) fn add_node(&mut self, graph: u16, name: NodeName, standing: Standing, birth: u32) {
        let slot = u32::try_from(self.names.len()).expect("the scene counts its slots in 32 bits");
        let at = &mut self.graphs[usize::from(graph)];
        let [x, y] = sunflower(at.added_nodes);
        let given = [x, y, 0.0];
        at.added_nodes += 1;
        at.node_count += 1;
        at.nodes.insert(name.id, slot);
        self.names.push(name);
        self.states.push(NodeState { last: standing, paint: None, size: None });
        self.chronicle.add_node(birth, given);
        self.incidence.add_node();
        let [x, y, z] = standing.place.unwrap_or(given);
        let place = [x, y, z, standing.radius()];
        self.radius_max = self.radius_max.max(standing.radius());
        self.columns.places.push(place);
        self.columns.origins.push(place);
        let bits = Bits::new(standing.look.shape as u8, graph).with(Bits::PLACED, standing.place.is_some()).0;
        self.columns.nodes.push(NodeRecord { color: standing.look.color, bits, birth, death: ALIVE });
    }

    pub(super) fn last_standing(&self, node: u32) -> Standing {
        self.states[node as usize].last
    }

    /// Takes over that a node stands otherwise from a version on.
    pub(super) fn change(&mut self, node: u32, version: u32, standing: Standing) {
        let was = std::mem::replace(&mut self.states[node as usize].last, standing);
        if was != standing {
            self.chronicle.note(node, version, &was);
            self.draw(node);
        }
    }

    /// Brings the arrays up to how a node stands.
    pub(super) fn draw(&mut self, node: u32) {
        let NodeState { last, paint, size } = self.states[node as usize];
        let record = self.columns.nodes.get(node);
        let bits = Bits(record.bits & !0xff | last.look.shape as u32)
            .with(Bits::PLACED, last.place.is_some())
            .with(Bits::PAINTED, paint.is_some())
            .with(Bits::SIZED, size.is_some());
        let drawn = NodeRecord { color: paint.unwrap_or(last.look.color), bits: bits.0, ..record };
        if drawn != record {
            *self.columns.nodes.get_mut(node) = drawn;
        }
        let radius = size.unwrap_or(last.radius());
        self.radius_max = self.radius_max.max(radius);
        let [x, y, z] = last.place.unwrap_or(self.given_place(node));
        let place = [x, y, z, radius];
        if self.columns.places.get(node) != place {
            *self.columns.places.get_mut(node) = place;
            self.stay(node);
        }
    }

    /// Adds an edge between two nodes that live; one whose nodes the scene does not have is left out.
    pub(super) fn add_edge(&mut self, graph: u16, id: EdgeId, source: NodeId, target: NodeId, birth: u32) {
        let slot = u32::try_from(self.columns.edges.len()).expect("the scene counts its slots in 32 bits");
        let at = &mut self.graphs[usize::from(graph)];
        let (Some(source), Some(target)) = (at.nodes.get(&source).copied(), at.nodes.get(&target).copied()) else {
            return;
        };
        at.edge_count += 1;
        at.edges.insert(id, slot);
        self.edge_ids.push(id);
        self.incidence.add_edge(source, target);
        if source == target {
            self.columns.loops.push(slot);
        }
        let bits = Bits::new(0, graph).0;
        self.columns.edges.push(EdgeRecord { source, target, color: EDGE_COLOR, bits, birth, death: ALIVE });
    }

    pub(super) fn remove_node(&mut self, graph: u16, id: NodeId, death: u32) {
        let Some(slot) = self.graphs[usize::from(graph)].nodes.remove(&id) else { return };
        self.graphs[usize::from(graph)].node_count -= 1;
        self.columns.nodes.get_mut(slot).death = death;
        let edges: Vec<u32> = self.edges_of(slot).collect();
        edges.into_iter().for_each(|edge| self.end_edge(graph, edge, death));
    }

    pub(super) fn remove_edge(&mut self, graph: u16, id: EdgeId, death: u32) {
        if let Some(slot) = self.find_edge(graph, id) {
            self.end_edge(graph, slot, death);
        }
    }

    fn end_edge(&mut self, graph: u16, edge: u32, death: u32) {
        if self.columns.edges.get(edge).death == ALIVE {
            self.columns.edges.get_mut(edge).death = death;
            let at = &mut self.graphs[usize::from(graph)];
            at.edge_count -= 1;
            at.edges.remove(&self.edge_ids[edge as usize]);
        }
    }

    pub(super) fn set_group(&mut self, graph: u16, change: impl FnOnce(&mut GroupRecord)) {
        let before = self.columns.groups.get(u32::from(graph));
        let mut after = before;
        change(&mut after);
        if after != before {
            *self.columns.groups.get_mut(u32::from(graph)) = after;
        }
    }
}
