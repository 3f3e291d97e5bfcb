//! What is drawn: the colours of known pixels, and pictures as they were when someone last looked at them.

use std::path::Path;

use bevy::math::Vec3;
use bevy::prelude::{OrthographicProjection, PerspectiveProjection, Projection, Transform};
use cidgraph::{Component, GraphMutation, NodeId, Placement, Properties, Value};
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
fn few_nodes_are_seen_however_far_apart_they_are() {
    let Some(mut view) = software() else { return };
    add_node(&mut view, 1, (-40_000.0, 0.0), "red", "circle");
    add_node(&mut view, 2, (40_000.0, 0.0), "blue", "circle");
    let camera = view.camera();
    let far = OrthographicProjection { scale: 1000.0, ..OrthographicProjection::default_2d() };
    view.world().entity_mut(camera).insert(Projection::Orthographic(far));
    let picture = view.picture();
    let reds = (-45..-34).flat_map(|right| (-5..6).map(move |up| (right, up)));
    let reds = reds.filter(|(right, up)| pixel(&picture, *right, *up) == RED).count();
    assert!((9..=25).contains(&reds), "a disc of radius 2.5 has 20 pixels, fewer of them whole: {reds}");
    assert_eq!([pixel(&picture, 40, 0), pixel(&picture, 0, 0)], [BLUE, BACKGROUND]);
}

#[test]
fn a_square_has_four_corners() {
    let Some(mut view) = software() else { return };
    add_node(&mut view, 1, (0.0, 0.0), "red", "square");
    let visual = [("color", Value::text("red")), ("shape", Value::text("square")), ("size", Value::Float(40.0))];
    let component = Component { component_type: "Visual".into(), properties: Properties::from(visual) };
    apply(&mut view, &GraphMutation::ComponentSet { node: NodeId::from_u64(1), component });
    let picture = view.picture();
    // Its sides are 64 pixels long; the last two at each side are its rim.
    for (right, up) in [(-29, -29), (-29, 29), (29, -29), (29, 29), (0, 0)] {
        assert_eq!(pixel(&picture, right, up), RED, "{right} {up}");
    }
    assert_eq!(pixel(&picture, 34, 34), BACKGROUND);
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

/// The colours and heights that the first node of [`a_long_past`] has in turn.
const COLORS: [&str; 4] = ["#ff0000", "#00ff00", "#0000ff", "#ffff00"];
const HEIGHTS: [i8; 3] = [-30, 0, 30];

/// Two nodes and an edge; with versions 4 to 103 the first node gets another colour, then another height, and so on.
fn a_long_past() -> Option<HeadlessView> {
    let mut view = two_nodes()?;
    let node = NodeId::from_u64(1);
    for version in 4..=103 {
        let turn = version / 2;
        let mutation = if version % 2 == 0 {
            let color = Value::text(COLORS[turn % COLORS.len()]);
            let properties = Properties::from([("color", color), ("size", Value::Float(8.0))]);
            GraphMutation::ComponentSet { node, component: Component { component_type: "Visual".into(), properties } }
        } else {
            let height = Value::Int(HEIGHTS[turn % HEIGHTS.len()].into());
            let properties = Properties::from([("x", Value::Int(-40)), ("y", height)]);
            GraphMutation::NodeTransformed { node, placement: Placement::of(&properties), properties }
        };
        apply(&mut view, &mutation);
    }
    Some(view)
}

#[test]
fn a_node_that_changed_often_is_at_every_version_as_it_was() {
    let Some(mut view) = a_long_past() else { return };
    let opaque = [[255, 0, 0, 255], [0, 255, 0, 255], [0, 0, 255, 255], [255, 255, 0, 255]];
    for version in [3, 4, 5, 6, 50, 51, 77, 102, 103, 64, 3] {
        view.world().resource_mut::<GraphScene>().show_version(0, version);
        let picture = view.picture();
        let (before, turn) = (version < 4, usize::try_from(version / 2).unwrap());
        let color = if before { RED } else { opaque[turn % opaque.len()] };
        let moves = turn - usize::from(version % 2 == 0);
        let height = if version < 5 { 0 } else { i32::from(HEIGHTS[moves % HEIGHTS.len()]) };
        for other in HEIGHTS.map(i32::from) {
            let expected = if other == height { color } else { BACKGROUND };
            assert_eq!(pixel(&picture, -40, other), expected, "version {version} at {other}");
        }
        let middle = |up| (-1..=1).any(|by| pixel(&picture, 0, up + by) != BACKGROUND);
        assert_eq!([-15, 0, 15].map(middle), [-30, 0, 30].map(|up| up == height), "the edge at version {version}");
        assert_eq!(view.seen_nodes(), [0, 1]);
    }
}

#[test]
fn a_painted_node_was_always_painted() {
    let Some(mut view) = a_long_past() else { return };
    let mut scene = view.world().resource_mut::<GraphScene>();
    scene.paint_node(0, Some(0xff00_ffff), Some(14.0));
    scene.show_version(0, 3);
    let picture = view.picture();
    assert_eq!([pixel(&picture, -40, 0), pixel(&picture, -40, 9)], [[255, 255, 0, 255]; 2]);
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
fn what_is_selected_is_drawn_before_the_rest() {
    let Some(mut view) = software() else { return };
    add_node(&mut view, 1, (0.0, 0.0), "red", "circle");
    add_node(&mut view, 2, (3.0, 0.0), "blue", "circle");
    assert_eq!(pixel(&view.picture(), 0, 0), BLUE);
    view.world().resource_mut::<GraphScene>().mark_node(0, Bits::SELECTED, true);
    assert_eq!(pixel(&view.picture(), 0, 0), RED);
    let mut scene = view.world().resource_mut::<GraphScene>();
    scene.mark_node(0, Bits::SELECTED, false);
    scene.mark_node(1, Bits::SELECTED, true);
    assert_eq!(pixel(&view.picture(), 0, 0), BLUE);
}

#[test]
fn an_edge_from_a_node_to_itself_is_a_circle_above_it() {
    let Some(mut view) = two_nodes() else { return };
    add_edge(&mut view, 1, 1);
    let is_seen = |picture: &Picture, rights: std::ops::RangeInclusive<i32>, ups: std::ops::RangeInclusive<i32>| {
        rights
            .flat_map(|right| ups.clone().map(move |up| (right, up)))
            .any(|(right, up)| pixel(picture, right, up) != BACKGROUND)
    };
    // The circle's radius is 0.7 of the node's, its middle half of its radius above the node's rim.
    let picture = view.picture();
    let sides = [(-40..=-40, 15..=17), (-47..=-45, 10..=12), (-35..=-33, 10..=12)];
    assert_eq!(sides.clone().map(|(rights, ups)| is_seen(&picture, rights, ups)), [true; 3]);
    assert!(!is_seen(&picture, -41..=-39, 10..=13), "there is nothing in it");
    assert!(!is_seen(&picture, 30..=50, 12..=20), "the other node has none");
    look_deep(&mut view);
    let picture = view.picture();
    assert_eq!(sides.map(|(rights, ups)| is_seen(&picture, rights, ups)), [true; 3], "in perspective too");
    view.world().resource_mut::<GraphScene>().show_version(0, 3);
    assert!(!is_seen(&view.picture(), -48..=-32, 10..=17), "before it was connected");
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
fn what_stands_out_is_drawn_before_what_is_nearer_in_perspective() {
    let Some(mut view) = software() else { return };
    add_node_at(&mut view, 1, [0.0, 0.0, 10.0], "red", "square");
    add_node_at(&mut view, 2, [0.0, 0.0, 0.0], "blue", "square");
    look_deep(&mut view);
    view.world().resource_mut::<GraphScene>().mark_node(1, Bits::HIGHLIGHTED, true);
    assert_eq!(pixel(&view.picture(), 0, 0), BLUE);
    view.world().resource_mut::<GraphScene>().mark_node(1, Bits::HIGHLIGHTED, false);
    assert_eq!(pixel(&view.picture(), 0, 0), RED);
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
