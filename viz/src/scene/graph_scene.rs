//! Every graph that is shown, as arrays of records: one slot a node, one an edge, one a graph.
//!
//! A slot never moves. An element that is removed keeps its slot and has the version of its removal from then on, so that
//! every version can be shown; one that is added again gets a new slot.

use std::collections::{BTreeSet, HashMap};

use bevy::ecs::resource::Resource;
use bevy::math::{Mat4, Vec3};
use cidgraph::{EdgeId, GraphId, Key, Name, NodeId};

use super::chronicle::Chronicle;
use super::column::Column;
use super::incidence::Incidence;
use super::record::{Bits, EdgeRecord, GroupRecord, NO_VERSION, NodeRecord, Place};
use super::standing::Standing;

/// The most graphs of a scene.
pub const GRAPHS_MAX: usize = 1 << 16;

/// How far a loop reaches above its node's middle, in radii of the node: as `graph.wgsl` draws it.
const LOOP_REACH: f32 = 2.05;

/// What the processor keeps of a node beside its record.
#[derive(Debug, Clone)]
pub struct NodeName {
    /// Its id.
    pub id: NodeId,
    /// Its kind's place among the scene's kinds.
    pub kind: u16,
    /// Its key.
    pub key: Option<Key>,
}

/// How a node stands in the scene.
#[derive(Debug, Clone, Copy)]
pub(super) struct NodeState {
    /// At its graph's last version.
    pub(super) last: Standing,
    /// The colour that it was painted in.
    pub(super) paint: Option<u32>,
    /// The radius that it was given, in units of space.
    pub(super) size: Option<f32>,
}

/// A graph of the scene.
#[derive(Debug)]
pub struct SceneGraph {
    /// Its id.
    pub id: GraphId,
    /// Its name.
    pub name: Name,
    /// The last version that was applied.
    pub version: u64,
    /// Nodes that live at that version.
    pub node_count: usize,
    /// Edges that live at that version.
    pub edge_count: usize,
    /// Whether the last version is shown, whatever it is.
    pub is_live: bool,
    /// The versions at which a transaction ended, in order.
    pub(super) ends: Vec<u64>,
    pub(super) nodes: HashMap<NodeId, u32>,
    pub(super) edges: HashMap<EdgeId, u32>,
    pub(super) added_nodes: u32,
}

impl SceneGraph {
    /// Returns the versions at which a transaction ended, in order, as far as the scene has seen them.
    pub fn transaction_ends(&self) -> &[u64] {
        &self.ends
    }

    pub(super) fn node_ids(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.nodes.keys().copied()
    }

    pub(super) fn edge_ids(&self) -> impl Iterator<Item = EdgeId> + '_ {
        self.edges.keys().copied()
    }
}

/// The arrays that the GPU has copies of.
#[derive(Debug, Default)]
pub struct SceneColumns {
    /// Where nodes stand.
    pub places: Column<Place>,
    /// Where nodes come from while they are on their way; of no meaning once all arrived.
    pub origins: Column<Place>,
    /// What nodes are.
    pub nodes: Column<NodeRecord>,
    /// What edges are.
    pub edges: Column<EdgeRecord>,
    /// The slots of edges whose ends are one node.
    pub loops: Column<u32>,
    /// Where graphs stand.
    pub groups: Column<GroupRecord>,
}

/// Every graph that is shown.
#[derive(Resource)]
pub struct GraphScene {
    pub(crate) columns: SceneColumns,
    pub(crate) chronicle: Chronicle,
    pub(super) graphs: Vec<SceneGraph>,
    pub(super) by_id: HashMap<GraphId, u16>,
    pub(super) names: Vec<NodeName>,
    pub(super) states: Vec<NodeState>,
    pub(super) edge_ids: Vec<EdgeId>,
    pub(super) kinds: Vec<Name>,
    pub(super) kinds_by_name: HashMap<Name, u16>,
    pub(super) incidence: Incidence,
    /// The slots of the nodes that are drawn before the rest.
    raised: BTreeSet<u32>,
    /// How far nodes are on the way from their origins, 1 where all arrived.
    way: f32,
    pub(super) radius_max: f32,
}

impl Default for GraphScene {
    fn default() -> Self {
        Self {
            columns: SceneColumns::default(),
            chronicle: Chronicle::default(),
            graphs: Vec::new(),
            by_id: HashMap::new(),
            names: Vec::new(),
            states: Vec::new(),
            edge_ids: Vec::new(),
            kinds: Vec::new(),
            kinds_by_name: HashMap::new(),
            incidence: Incidence::default(),
            raised: BTreeSet::new(),
            way: 1.0,
            radius_max: 0.0,
        }
    }
}

impl std::fmt::Debug for GraphScene {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GraphScene").field("graphs", &self.graphs).finish_non_exhaustive()
    }
}

impl GraphScene {
    /// Returns what is another where anything in the picture is another: a number that grows with every change, and how far
    /// nodes are on their way.
    pub const fn revision(&self) -> (u64, f32) {
        // A loop comes with its edge.
        let SceneColumns { places, origins, nodes, edges, groups, loops: _ } = &self.columns;
        let columns = places.revision() + origins.revision() + nodes.revision() + edges.revision();
        (columns + groups.revision() + self.chronicle.records.revision(), self.way)
    }

    /// Returns the graphs in the order they came.
    pub fn graphs(&self) -> &[SceneGraph] {
        &self.graphs
    }

    /// Returns the last version that a graph has come to, of that with the most.
    pub fn last_version(&self) -> u64 {
        self.graphs.iter().map(|graph| graph.version).max().unwrap_or(0)
    }

    /// Returns the place of a graph among [`graphs`](Self::graphs); one that is new to the scene is added.
    ///
    /// # Panics
    /// Where the scene holds [`GRAPHS_MAX`] graphs.
    pub fn graph(&mut self, id: GraphId) -> u16 {
        if let Some(graph) = self.by_id.get(&id) {
            return *graph;
        }
        let graph = u16::try_from(self.graphs.len()).expect("a scene holds at most 65,536 graphs");
        self.by_id.insert(id, graph);
        self.graphs.push(SceneGraph {
            id,
            name: Name::default(),
            version: 0,
            node_count: 0,
            edge_count: 0,
            is_live: true,
            ends: Vec::new(),
            nodes: HashMap::new(),
            edges: HashMap::new(),
            added_nodes: 0,
        });
        self.columns.groups.push(GroupRecord {
            world_from_group: Mat4::IDENTITY.to_cols_array_2d(),
            version: 0,
            compare: NO_VERSION,
            scale: 1.0,
            padding: 0,
        });
        graph
    }

    /// Returns the place of a graph of the scene among [`graphs`](Self::graphs).
    pub fn find_graph(&self, id: GraphId) -> Option<u16> {
        self.by_id.get(&id).copied()
    }

    /// Returns the nodes' records, by slot.
    pub fn nodes(&self) -> &[NodeRecord] {
        self.columns.nodes.items()
    }

    /// Returns the edges' records, by slot.
    pub fn edges(&self) -> &[EdgeRecord] {
        self.columns.edges.items()
    }

    /// Returns the nodes' places in their groups, by slot.
    pub fn places(&self) -> &[Place] {
        self.columns.places.items()
    }

    /// Returns the groups' records.
    pub fn groups(&self) -> &[GroupRecord] {
        self.columns.groups.items()
    }

    /// Returns what a slot's node is called.
    pub fn name(&self, node: u32) -> &NodeName {
        &self.names[node as usize]
    }

    /// Returns the id of a slot's edge.
    pub fn edge_id(&self, edge: u32) -> EdgeId {
        self.edge_ids[edge as usize]
    }

    /// Returns the name of a kind.
    pub fn kind(&self, kind: u16) -> &Name {
        &self.kinds[usize::from(kind)]
    }

    /// Returns the largest radius that a node ever had, in units of the world.
    pub fn radius_max(&self) -> f32 {
        self.radius_max * self.columns.groups.items().iter().map(|group| group.scale).fold(0.0, f32::max)
    }

    /// Returns the slot of a node that lives at its graph's last version.
    pub fn find_node(&self, graph: u16, node: NodeId) -> Option<u32> {
        self.graphs[usize::from(graph)].nodes.get(&node).copied()
    }

    /// Returns the slot of an edge that lives at its graph's last version.
    pub fn find_edge(&self, graph: u16, edge: EdgeId) -> Option<u32> {
        self.graphs[usize::from(graph)].edges.get(&edge).copied()
    }

    /// Returns the slots of a node's edges, newest first, of all versions.
    pub fn edges_of(&self, node: u32) -> impl Iterator<Item = u32> + '_ {
        self.incidence.of(node, |edge| self.columns.edges.get(edge).source)
    }

    /// Returns where a node is on its way, in the world.
    pub fn world_place(&self, node: u32) -> Vec3 {
        self.world_disc(node).0
    }

    /// Returns where a node is on its way and its radius at the version that is shown, in the world.
    pub fn world_disc(&self, node: u32) -> (Vec3, f32) {
        let group = self.columns.groups.get(Bits(self.columns.nodes.get(node).bits).group());
        let [x, y, z, radius] = self.place_now(node);
        let place = Mat4::from_cols_array_2d(&group.world_from_group).transform_point3(Vec3::new(x, y, z));
        (place, radius * group.scale)
    }

    /// Returns how far nodes reach, in their radii: an edge that ever led from a node to itself is a circle above it.
    pub fn radii_reached(&self) -> f32 {
        if self.columns.loops.is_empty() { 1.0 } else { LOOP_REACH }
    }

    /// Puts a graph somewhere else.
    pub fn transform(&mut self, graph: u16, world_from_group: Mat4) {
        let columns = [world_from_group.x_axis, world_from_group.y_axis, world_from_group.z_axis];
        let scale = columns.iter().map(|axis| axis.truncate().length()).fold(0.0, f32::max);
        self.set_group(graph, |group| {
            group.world_from_group = world_from_group.to_cols_array_2d();
            group.scale = scale;
        });
    }

    /// Sets or takes away a mark of [`Bits`] of a node.
    pub fn mark_node(&mut self, node: u32, mark: u32, is_set: bool) {
        let bits = Bits(self.columns.nodes.get(node).bits).with(mark, is_set).0;
        if bits != self.columns.nodes.get(node).bits {
            self.columns.nodes.get_mut(node).bits = bits;
            if bits & (Bits::SELECTED | Bits::HIGHLIGHTED) == 0 {
                self.raised.remove(&node);
            } else {
                self.raised.insert(node);
            }
        }
    }

    /// Returns the slots of the nodes that are selected or stand out, in order: they are drawn before the rest.
    pub fn raised(&self) -> impl Iterator<Item = u32> + '_ {
        self.raised.iter().copied()
    }

    /// Sets or takes away a mark of [`Bits`] of an edge.
    pub fn mark_edge(&mut self, edge: u32, mark: u32, is_set: bool) {
        let bits = Bits(self.columns.edges.get(edge).bits).with(mark, is_set).0;
        if bits != self.columns.edges.get(edge).bits {
            self.columns.edges.get_mut(edge).bits = bits;
        }
    }

    /// Gives a node a colour (red, green, blue and opacity, a byte each, red lowest) and a radius instead of those that its
    /// components say; `None` gives those back.
    pub fn paint_node(&mut self, node: u32, color: Option<u32>, radius: Option<f32>) {
        let state = &mut self.states[node as usize];
        (state.paint, state.size) = (color, radius);
        self.draw(node);
    }

    /// Returns the graph of a node, by its place among [`graphs`](Self::graphs).
    pub fn graph_of(&self, node: u32) -> &SceneGraph {
        &self.graphs[Bits(self.columns.nodes.get(node).bits).group() as usize]
    }

    /// Returns the place that a node has by its component at its graph's last version, in its graph's space; `None` where
    /// it has none of its own.
    pub fn own_place(&self, node: u32) -> Option<[f32; 3]> {
        self.states[node as usize].last.place
    }

    /// Returns the place at which a node without one of its own stands, in its graph's space.
    pub fn given_place(&self, node: u32) -> [f32; 3] {
        self.chronicle.heads.get(node).given
    }

    /// Puts a node somewhere at once, until something else moves it.
    pub fn put(&mut self, node: u32, place: [f32; 3]) {
        self.columns.places.get_mut(node)[..3].copy_from_slice(&place);
        self.stay(node);
    }

    /// Lets a node be at its place, not on its way there.
    pub(super) fn stay(&mut self, node: u32) {
        if self.way < 1.0 {
            *self.columns.origins.get_mut(node) = self.columns.places.get(node);
        }
    }

    /// Puts a graph's nodes back to where they are known to stand, wherever they were [`put`](Self::put).
    pub fn stand_as_known(&mut self, graph: GraphId) {
        let Some(graph) = self.find_graph(graph) else { return };
        for node in (0..).take(self.names.len()) {
            if Bits(self.columns.nodes.get(node).bits).group() == u32::from(graph) {
                self.draw(node);
            }
        }
    }

    /// Sends all nodes that have no place of their own to new places, by slot. They are on their way until
    /// [`advance`](Self::advance) has brought them there.
    ///
    /// # Panics
    /// Where `places` has not one place a slot.
    pub fn send(&mut self, places: &[[f32; 3]]) {
        assert_eq!(places.len(), self.names.len(), "one place a slot");
        let way = std::mem::replace(&mut self.way, 0.0);
        let origins = self.columns.origins.all_mut();
        for (origin, place) in origins.iter_mut().zip(self.columns.places.items()) {
            *origin = between(*origin, *place, way);
        }
        let heads = self.chronicle.heads.all_mut();
        for (((target, place), state), head) in
            self.columns.places.all_mut().iter_mut().zip(places).zip(&self.states).zip(heads)
        {
            head.given = *place;
            if state.last.place.is_none() {
                target[..3].copy_from_slice(place);
            }
        }
    }

    /// Brings nodes further on their way by a part of it; returns whether some still are.
    pub fn advance(&mut self, part: f32) -> bool {
        self.way = (self.way + part).min(1.0);
        self.way < 1.0
    }

    /// Returns how far nodes are on their way, 1 where all arrived.
    pub const fn way(&self) -> f32 {
        self.way
    }

    /// Returns all places to be changed at once, by slot: for a simulation that moves nodes itself every frame.
    pub fn places_mut(&mut self) -> &mut [Place] {
        self.way = 1.0;
        self.columns.places.all_mut()
    }

    /// Returns where a node is on its way at the version that is shown, in its graph's space, and its radius.
    pub fn place_now(&self, node: u32) -> Place {
        let now = between(self.columns.origins.get(node), self.columns.places.get(node), self.way);
        let Some(past) = self.past_of(node) else { return now };
        let is_placed = self.states[node as usize].last.place.is_some();
        let [x, y, z] = match past.own_place() {
            Some(place) => place,
            None if is_placed => self.given_place(node),
            None => [now[0], now[1], now[2]],
        };
        [x, y, z, self.states[node as usize].size.unwrap_or(past.radius)]
    }
}

fn between(from: Place, to: Place, way: f32) -> Place {
    std::array::from_fn(|axis| from[axis] * (1.0 - way) + to[axis] * way)
}
