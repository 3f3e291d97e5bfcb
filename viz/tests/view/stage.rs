//! A view of a small graph, one unit of space a pixel.

use bevy::math::UVec2;
use bevy::prelude::{ClearColor, Color};
use cidgraph::{Component, EdgeId, EdgeView, GraphId, GraphMutation, NodeId, NodeView, Properties, Value};
use cidgraph_viz::headless::{Adapter, AdapterError, HeadlessView};
use cidgraph_viz::scene::GraphScene;

pub(crate) const GRAPH: GraphId = GraphId::from_u64(1);

/// The view's pixels.
pub(crate) const SIZE: UVec2 = UVec2::new(128, 96);

/// The colour behind everything.
pub(crate) const BACKGROUND: [u8; 4] = [20, 24, 28, 255];

/// Opens a view that draws in software; `None` where no driver is installed.
pub(crate) fn software() -> Option<HeadlessView> {
    let opened = open(Adapter::Software);
    is_there(opened.as_ref()).then(|| opened.expect("it is there"))
}

/// Returns whether something is installed that a test needs. Where it is not, the reason is printed; with `CI` set that is
/// a failure.
pub(crate) fn is_there<T, E: std::fmt::Display>(found: Result<T, E>) -> bool {
    match found {
        Ok(_) => true,
        Err(error) if std::env::var_os("CI").is_none() => {
            eprintln!("skipped: {error}");
            false
        }
        Err(error) => panic!("{error}"),
    }
}

/// Opens a view that draws nothing.
pub(crate) fn noop() -> HeadlessView {
    open(Adapter::Noop).unwrap()
}

fn open(adapter: Adapter) -> Result<HeadlessView, AdapterError> {
    let mut view = HeadlessView::open(adapter, SIZE)?;
    let [red, green, blue, _] = BACKGROUND;
    view.world().insert_resource(ClearColor(Color::srgb_u8(red, green, blue)));
    Ok(view)
}

/// Applies a mutation as the graph's next version.
pub(crate) fn apply(view: &mut HeadlessView, mutation: &GraphMutation) {
    let mut scene = view.world().resource_mut::<GraphScene>();
    let version = scene.graphs().first().map_or(0, |graph| graph.version) + 1;
    scene.apply(GRAPH, version, mutation);
}

fn component<const LEN: usize>(component_type: &str, properties: [(&str, Value); LEN]) -> Component {
    Component { component_type: component_type.into(), properties: Properties::from(properties) }
}

/// Adds a node at a pixel from the view's middle, right and up, with a radius of 8.
pub(crate) fn add_node(view: &mut HeadlessView, id: u64, at: (f64, f64), color: &str, shape: &str) {
    add_node_at(view, id, [at.0, at.1, 0.0], color, shape);
}

/// Adds a node with a radius of 8 at a place in space.
pub(crate) fn add_node_at(view: &mut HeadlessView, id: u64, [x, y, z]: [f64; 3], color: &str, shape: &str) {
    let components = vec![
        component("Spatial", [("x", Value::Float(x)), ("y", Value::Float(y)), ("z", Value::Float(z))]),
        component(
            "Visual",
            [("color", Value::text(color)), ("shape", Value::text(shape)), ("size", Value::Float(8.0))],
        ),
    ];
    let node = NodeView { id: NodeId::from_u64(id), key: None, kind: "thing".into(), version: 1, components };
    apply(view, &GraphMutation::NodeAdded { node });
}

/// Connects two nodes.
pub(crate) fn add_edge(view: &mut HeadlessView, source: u64, target: u64) {
    let version = view.world().resource::<GraphScene>().graphs()[0].version + 1;
    let edge = EdgeView {
        id: EdgeId::engine_made(version, 0),
        kind: "to".into(),
        source: NodeId::from_u64(source),
        target: NodeId::from_u64(target),
        properties: Properties::new(),
    };
    apply(view, &GraphMutation::EdgeConnected { edge });
}
