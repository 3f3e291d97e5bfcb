//! Graphs whose nodes have places of their own, put side by side where they would lie upon each other.

use std::collections::BTreeMap;

use bevy::ecs::prelude::*;
use bevy::math::{Rect, Vec2};
use bevy::prelude::Transform;
use cidgraph_layout::{POSITION_MAX, shelves};

use crate::plugin::{GraphBridge, GraphContainer};
use crate::scene::{ALIVE, Bits, GraphScene, nearest};
use crate::source::Source;

use super::action::Action;

/// The room between graphs, in parts of the longest side of one: names have their place there.
const GAP: f32 = 0.1;

/// Where graphs were put, by their places in the scene: each once, as its first nodes stood.
#[derive(Resource, Debug, Clone, Default, PartialEq)]
pub(super) struct Apart(BTreeMap<u16, Vec2>);

impl Apart {
    /// Returns by how much a graph's nodes stand aside of the places that their components say.
    pub(super) fn aside(&self, graph: u16) -> Vec2 {
        self.0.get(&graph).copied().unwrap_or(Vec2::ZERO)
    }

    /// Returns whether every graph was put that has nodes.
    pub(super) fn has_all(&self, scene: &GraphScene) -> bool {
        (0..).zip(scene.graphs()).all(|(graph, at)| at.node_count == 0 || self.0.contains_key(&graph))
    }

    /// Puts the graphs that were not put yet.
    fn put(&mut self, scene: &GraphScene) {
        let graphs = (0..).zip(scene.graphs());
        let new = graphs.filter(|(graph, at)| at.node_count > 0 && !self.0.contains_key(graph));
        let mut new: Vec<_> = new.map(|(graph, at)| ((&at.name, at.id), graph)).collect();
        new.sort();
        // One alone stays where it is.
        let own = if scene.graphs().len() > 1 && !new.is_empty() { own_bounds(scene) } else { BTreeMap::new() };
        let placed: Vec<(u16, Rect)> = new.iter().filter_map(|(_, graph)| Some((*graph, *own.get(graph)?))).collect();
        let stand =
            self.0.iter().filter_map(|(graph, aside)| Some(moved(*own.get(graph)?, *aside))).collect::<Vec<_>>();
        let asides = asides(&placed.iter().map(|(_, bounds)| *bounds).collect::<Vec<_>>(), &stand);
        self.0.extend(new.into_iter().map(|(_, graph)| (graph, Vec2::ZERO)));
        self.0.extend(placed.into_iter().zip(asides).map(|((graph, _), aside)| (graph, aside)));
    }
}

/// Puts graphs that are new, and all of them anew where a layout of all is asked for. One whose container somebody else
/// has moved stays there.
pub(super) fn put_apart(
    mut actions: MessageReader<Action>,
    mut apart: ResMut<Apart>,
    scene: Res<GraphScene>,
    source: Option<Res<Source>>,
    bridge: Option<Res<GraphBridge>>,
    mut containers: Query<(&GraphContainer, &mut Transform)>,
) {
    let is_anew = actions.read().filter(|action| **action == Action::Layout).count() > 0;
    // The first time it is of all that the store had: so it is the same however it comes.
    let is_loading = apart.0.is_empty() && source.zip(bridge).is_some_and(|(source, bridge)| source.is_behind(&bridge));
    if !is_anew && (is_loading || apart.has_all(&scene)) {
        return;
    }
    let before = apart.clone();
    if is_anew {
        apart.0.clear();
    }
    apart.put(&scene);
    for (container, mut transform) in &mut containers {
        let Some(graph) = scene.find_graph(container.graph) else { continue };
        let [was, is] =
            [before.aside(graph), apart.aside(graph)].map(|aside| Transform::from_translation(aside.extend(0.0)));
        if *transform == was {
            transform.set_if_neq(is);
        } else {
            apart.0.insert(graph, Vec2::ZERO);
        }
    }
}

/// Returns the rectangle around the nodes of each graph that live and have a place of their own that can be drawn, radii
/// included.
fn own_bounds(scene: &GraphScene) -> BTreeMap<u16, Rect> {
    let mut bounds: BTreeMap<u16, Rect> = BTreeMap::new();
    for (node, record) in (0..).zip(scene.nodes()).filter(|(_, record)| record.death == ALIVE) {
        let radius = scene.places()[node as usize][3];
        let is_near = |[x, y, _]: &[f32; 3]| [*x, *y, radius].iter().all(|length| length.abs() <= POSITION_MAX);
        let Some([x, y, _]) = scene.own_place(node).filter(is_near) else { continue };
        let around = Rect::from_center_half_size(Vec2::new(x, y), Vec2::splat(radius * scene.radii_reached()));
        let graph = u16::try_from(Bits(record.bits).group()).expect("a group has sixteen bits");
        bounds.entry(graph).and_modify(|bounds| *bounds = bounds.union(around)).or_insert(around);
    }
    bounds
}

/// Returns by how much to move rectangles so that none lies upon another, nor upon those that stand; by nothing where none
/// does.
fn asides(rectangles: &[Rect], stand: &[Rect]) -> Vec<Vec2> {
    let overlap = |a: &Rect, b: &Rect| a.min.cmplt(b.max).all() && b.min.cmplt(a.max).all();
    let is_alone = |(place, a): (usize, &Rect)| !rectangles[..place].iter().chain(stand).any(|b| overlap(a, b));
    if rectangles.iter().enumerate().all(is_alone) {
        return vec![Vec2::ZERO; rectangles.len()];
    }
    let longest = rectangles.iter().map(|bounds| bounds.size().max_element()).fold(0.0, f32::max);
    let sizes: Vec<[f64; 2]> = rectangles.iter().map(|bounds| bounds.size().to_array().map(f64::from)).collect();
    let corners = shelves(&sizes, f64::from(longest * GAP));
    // Right of all that stands, the first row as high as its top.
    let around = stand.iter().copied().reduce(|all, one| all.union(one));
    let origin = around.map_or(Vec2::ZERO, |around| Vec2::new(around.max.x + longest * GAP, around.max.y));
    let aside = |(bounds, corner): (&Rect, [f64; 2])| origin + Vec2::from(corner.map(nearest)) - bounds.min;
    rectangles.iter().zip(corners).map(aside).collect()
}

fn moved(bounds: Rect, by: Vec2) -> Rect {
    Rect { min: bounds.min + by, max: bounds.max + by }
}

#[cfg(test)]
mod tests {
    use cidgraph::{Component, GraphId, GraphMutation, NodeId, NodeView, Properties, Value};

    use super::*;

    #[test]
    fn what_lies_upon_another_is_put_aside() {
        let square = Rect::new(0.0, 0.0, 10.0, 10.0);
        assert_eq!(asides(&[square, moved(square, Vec2::new(10.0, 0.0))], &[]), [Vec2::ZERO; 2], "they only touch");
        for stand in [&[][..], &[square], &[moved(square, Vec2::splat(-4.0)), square]] {
            let rectangles = [square, square, moved(square, Vec2::splat(3.0)), Rect::new(5.0, 0.0, 6.0, 40.0)];
            let put: Vec<Rect> = rectangles
                .iter()
                .zip(asides(&rectangles, stand))
                .map(|(bounds, aside)| moved(*bounds, aside))
                .collect();
            for (place, a) in put.iter().enumerate() {
                let others = put[..place].iter().chain(stand);
                assert!(others.into_iter().all(|b| a.intersect(*b).is_empty()), "{put:?} {stand:?}");
            }
        }
    }

    fn add(scene: &mut GraphScene, graph: u64, x: Option<f64>) -> u16 {
        let spatial = |x| Properties::from([("x", Value::Float(x)), ("y", Value::Float(0.0))]);
        let components: Vec<Component> =
            x.map(|x| Component { component_type: "Spatial".into(), properties: spatial(x) }).into_iter().collect();
        let id = GraphId::from_u64(graph);
        let version = scene.find_graph(id).map_or(0, |graph| scene.graphs()[usize::from(graph)].version) + 1;
        let node = NodeView { id: NodeId::from_u64(version), key: None, kind: "thing".into(), version, components };
        scene.apply(id, version, &GraphMutation::NodeAdded { node });
        scene.graph(id)
    }

    #[test]
    fn a_graph_is_put_once_and_stays() {
        let (mut scene, mut apart) = (GraphScene::default(), Apart::default());
        let [first, second, free] = [(1, Some(0.0)), (2, Some(0.0)), (3, None)].map(|(id, x)| add(&mut scene, id, x));
        assert!(!apart.has_all(&scene));
        apart.put(&scene);
        let before = [first, second].map(|graph| apart.aside(graph));
        assert_ne!(before[0], before[1]);
        assert_eq!(apart.aside(free), Vec2::ZERO, "its nodes are laid out");
        for x in [3.0, 7.0, -5.0, 1e300] {
            add(&mut scene, 2, Some(x));
        }
        assert!(apart.has_all(&scene));
        let third = add(&mut scene, 4, Some(0.0));
        apart.put(&scene);
        assert_eq!([first, second].map(|graph| apart.aside(graph)), before);
        let [of_second, of_third] = [second, third].map(|graph| moved(own_bounds(&scene)[&graph], apart.aside(graph)));
        assert!(of_second.intersect(of_third).is_empty() && of_third.size().x < 10.0, "{of_second:?} {of_third:?}");
    }

    #[test]
    fn a_graph_alone_is_not_moved() {
        let (mut scene, mut apart) = (GraphScene::default(), Apart::default());
        let first = add(&mut scene, 1, Some(5.0));
        apart.put(&scene);
        assert_eq!(apart.aside(first), Vec2::ZERO);
        let second = add(&mut scene, 2, Some(5.0));
        apart.put(&scene);
        assert_eq!(apart.aside(first), Vec2::ZERO, "it was there before");
        assert_ne!(apart.aside(second), Vec2::ZERO);
    }
}
