//! What is drawn: the colours of known pixels, and pictures as they were when someone last looked at them.

use std::path::Path;

use bevy::math::Vec3;
use bevy::prelude::{PerspectiveProjection, Projection, Transform};
use cidgraph::{GraphMutation, NodeId};
use cidgraph_viz::headless::{HeadlessView, Picture};
use cidgraph_viz::plugin::GraphContainer;
use cidgraph_viz::render::RenderFacts;
use cidgraph_viz::scene::{Bits, GraphScene};

use super::stage::{BACKGROUND, GRAPH, SIZE, add_edge, add_node, add_node_at, apply, software};

const RED: [u8; 4] = [255, 0, 0, 255];
const BLUE: [u8; 4] = [0, 0, 255, 255];

/// Returns the pixel at so many pixels right of and above the middle.
fn pixel(picture: &Picture, right: i32, up: i32) -> [u8; 4] {
    let x = SIZE.x.cast_signed() / 2 + right;
    let y = SIZE.y.cast_signed() / 2 - up;
    picture.pixel(x.cast_unsigned(), y.cast_unsigned())
}

/// Two nodes and an edge between them.
fn two_nodes() -> Option<HeadlessView> {
    let mut view = software()?;
    add_node(&mut view, 1, (-40.0, 0.0), "red", "circle");
    add_node(&mut view, 2, (40.0, 0.0), "blue", "square");
    add_edge(&mut view, 1, 2);
    Some(view)
}

#[test]
fn nodes_edges_and_background_have_their_colours() {
    let Some(mut view) = two_nodes() else { return };
    let picture = view.picture();
    assert_eq!((picture.width, picture.height), (SIZE.x, SIZE.y));
    assert_eq!(pixel(&picture, -40, 0), RED);
    assert_eq!(pixel(&picture, 40, 0), BLUE);
    assert_eq!(pixel(&picture, 0, 30), BACKGROUND);
    let middle = [pixel(&picture, 0, 0), pixel(&picture, 0, 1)];
    assert_eq!(middle.iter().filter(|color| **color == BACKGROUND).count(), 1, "a line is one pixel wide: {middle:?}");
    assert_eq!(pixel(&picture, -40, 10), BACKGROUND, "outside of a circle of radius 8");
}

#[test]
fn every_version_has_its_picture() {
    let Some(mut view) = two_nodes() else { return };
    apply(&mut view, &GraphMutation::NodeRemoved { node: NodeId::from_u64(1) });
    let colors = |view: &mut HeadlessView, version| {
        view.world().resource_mut::<GraphScene>().show_version(0, version);
        let picture = view.picture();
        [pixel(&picture, -40, 0), pixel(&picture, 40, 0)]
    };
    assert_eq!(colors(&mut view, 1), [RED, BACKGROUND]);
    assert_eq!(colors(&mut view, 3), [RED, BLUE]);
    assert_eq!(colors(&mut view, 4), [BACKGROUND, BLUE]);
    assert_eq!(colors(&mut view, 0), [BACKGROUND, BACKGROUND]);
}

#[test]
fn a_comparison_shows_what_was_added_and_removed() {
    let Some(mut view) = two_nodes() else { return };
    apply(&mut view, &GraphMutation::NodeRemoved { node: NodeId::from_u64(1) });
    view.world().resource_mut::<GraphScene>().compare_with(0, Some(1));
    let picture = view.picture();
    let [red, green, blue, _] = pixel(&picture, -40, 0);
    assert!(red > 2 * green && red > 2 * blue, "removed since version 1");
    let [red, green, blue, _] = pixel(&picture, 40, 0);
    assert!(green > 2 * red && green > 2 * blue, "added since version 1");
}

#[test]
fn a_graph_is_where_its_container_is() {
    let Some(mut view) = two_nodes() else { return };
    view.world().spawn((GraphContainer { graph: GRAPH }, Transform::from_xyz(0.0, 30.0, 0.0)));
    let picture = view.picture();
    assert_eq!([pixel(&picture, -40, 0), pixel(&picture, -40, 30)], [BACKGROUND, RED]);
}

#[test]
fn hidden_nodes_are_not_drawn_and_selected_ones_have_a_bright_rim() {
    let Some(mut view) = two_nodes() else { return };
    let mut scene = view.world().resource_mut::<GraphScene>();
    scene.mark_node(0, Bits::HIDDEN, true);
    scene.mark_node(1, Bits::SELECTED, true);
    let picture = view.picture();
    assert_eq!(pixel(&picture, -40, 0), BACKGROUND);
    assert_eq!(pixel(&picture, 40, 0), BLUE);
    assert_eq!(pixel(&picture, 40 + 7, 0), [255, 255, 255, 255], "the rim of a square of half side 10 × 0.8");
}

#[test]
fn the_gpu_sees_the_nodes_that_are_shown() {
    let Some(mut view) = two_nodes() else { return };
    view.frame();
    assert_eq!(view.seen_nodes(), [0, 1]);
    view.world().resource_mut::<GraphScene>().show_version(0, 1);
    view.frame();
    assert_eq!(view.seen_nodes(), [0]);
}

/// Looks at the graph in perspective, from above, a unit of space a pixel at the origin.
fn look_deep(view: &mut HeadlessView) {
    let camera = view.camera();
    let deep = PerspectiveProjection { near: 0.01, far: 1e6, ..PerspectiveProjection::default() };
    #[expect(clippy::cast_precision_loss, reason = "a view has few pixels")]
    let distance = SIZE.y as f32 / 2.0 / (deep.fov / 2.0).tan();
    let at = Transform::from_xyz(0.0, 0.0, distance).looking_at(Vec3::ZERO, Vec3::Y);
    view.world().entity_mut(camera).insert((at, Projection::Perspective(deep)));
}

#[test]
fn what_is_nearer_hides_what_is_behind_in_perspective() {
    let Some(mut view) = software() else { return };
    add_node_at(&mut view, 1, [0.0, 0.0, 10.0], "red", "square");
    add_node_at(&mut view, 2, [0.0, 0.0, 0.0], "blue", "square");
    let picture = view.picture();
    assert_eq!(pixel(&picture, 0, 0), BLUE, "flat, the later one is above");
    look_deep(&mut view);
    let picture = view.picture();
    assert_eq!(pixel(&picture, 0, 0), RED);
    assert_eq!(pixel(&picture, 0, 30), BACKGROUND);
}

#[test]
fn a_picture_that_is_used_again_is_where_the_camera_has_come() {
    let Some(mut view) = two_nodes() else { return };
    view.frame();
    let camera = view.camera();
    view.world().get_mut::<Transform>(camera).unwrap().translation.x += 5.0;
    let drawn = view.world().resource::<RenderFacts>().read().pictures;
    let picture = view.picture();
    assert_eq!([pixel(&picture, -45, 0), pixel(&picture, 35, 0)], [RED, BLUE]);
    assert_eq!(pixel(&picture, 48, 0), BACKGROUND);
    let reused = view.world().resource::<RenderFacts>().read().pictures - drawn;
    assert!(reused <= 1, "it was drawn again at most once, when the camera rested");
}

#[test]
fn shapes_look_as_they_did() {
    let Some(mut view) = software() else { return };
    let shapes = ["circle", "square", "diamond", "triangle", "hexagon", "ring"];
    for ((shape, color), number) in
        shapes.iter().zip(["red", "orange", "yellow", "green", "cyan", "white"]).zip(0_u32..)
    {
        let at = (f64::from(number % 3) * 40.0 - 40.0, f64::from(number / 3) * 40.0 - 20.0);
        add_node(&mut view, u64::from(number) + 1, at, color, shape);
        if number > 0 {
            add_edge(&mut view, u64::from(number), u64::from(number) + 1);
        }
    }
    compare(&view.picture(), "shapes.png");
}

/// Compares with a picture of the folder `golden`: one pixel in two hundred may differ by more than a little, since drivers
/// differ at edges. `CIDGRAPH_BLESS=1` makes what is drawn now the picture to compare with.
fn compare(picture: &Picture, name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/view/golden").join(name);
    if std::env::var_os("CIDGRAPH_BLESS").is_some() {
        picture.write_png(&path).unwrap();
    }
    let golden = Picture::read_png(&path).unwrap();
    let difference = picture.difference(&golden, 24);
    assert!(difference < 0.005, "{name}: {difference} of the pixels differ");
}
