//! Several graphs in one scene: side by side, and where containers say.

use bevy::math::Vec3;
use bevy::prelude::{Text, Transform};
use cidgraph::{Component, GraphId, GraphMutation, NodeId, NodeView, Properties, Value};
use cidgraph_viz::app::{Action, BoardPlugin, ViewerPlugin};
use cidgraph_viz::headless::{Adapter, HeadlessView};
use cidgraph_viz::plugin::GraphContainer;
use cidgraph_viz::scene::GraphScene;

use super::stage::SIZE;

/// How far from each other nodes are at least that do not touch: a radius is 0.45.
const APART: f32 = 0.9;

/// Adds a node to a graph, at x 0.
fn add(view: &mut HeadlessView, graph: u64) {
    let spatial = Properties::from([("x", Value::Int(0)), ("y", Value::Int(0))]);
    let components = vec![Component { component_type: "Spatial".into(), properties: spatial }];
    let node = NodeView { id: NodeId::from_u64(1), key: None, kind: "thing".into(), version: 1, components };
    let mut scene = view.world().resource_mut::<GraphScene>();
    scene.apply(GraphId::from_u64(graph), 1, &GraphMutation::NodeAdded { node });
}

fn places(view: &mut HeadlessView) -> Vec<Vec3> {
    let scene = view.world().resource::<GraphScene>();
    (0..).take(scene.nodes().len()).map(|node| scene.world_place(node)).collect()
}

#[test]
fn the_figures_name_a_few_graphs() {
    let mut view = HeadlessView::open_with(Adapter::Noop, SIZE, |app| {
        app.add_plugins((ViewerPlugin, BoardPlugin { has_times: false }));
    })
    .unwrap();
    (1..=10).for_each(|graph| add(&mut view, graph));
    (0..2).for_each(|_| view.frame());
    let world = view.world();
    let mut texts = world.query::<&Text>();
    let figures = texts.iter(world).find(|text| text.0.starts_with("nodes 10")).unwrap();
    assert_eq!(figures.0.matches("version 1 of 1").count(), 8, "{}", figures.0);
    assert!(figures.0.contains("and 2 more graphs"), "{}", figures.0);
}

#[test]
fn graphs_that_would_lie_upon_each_other_stand_side_by_side() {
    let mut view = HeadlessView::open_with(Adapter::Noop, SIZE, |app| {
        app.add_plugins(ViewerPlugin);
    })
    .unwrap();
    let elsewhere = Transform::from_xyz(0.0, 500.0, 0.0);
    view.world().spawn((GraphContainer { graph: GraphId::from_u64(3) }, elsewhere));
    (1..=3).for_each(|graph| add(&mut view, graph));
    view.frame();
    let put = places(&mut view);
    assert!(put[0].distance(put[1]) > APART, "{put:?}");
    assert_eq!(put[2], elsewhere.translation, "somebody else has put it there");
    add(&mut view, 4);
    view.frame();
    let later = places(&mut view);
    assert_eq!(later[..3], put, "what stood stays");
    assert!(put.iter().all(|place| place.distance(later[3]) > APART), "{later:?}");
    view.world().write_message(Action::Layout);
    view.frame();
    let anew = places(&mut view);
    assert!((0..4).all(|one| (0..one).all(|other| anew[one].distance(anew[other]) > APART)), "{anew:?}");
    view.frame();
    assert_eq!(places(&mut view), anew);
}
