//! What is not done: no picture where nothing changed, no upload of what stayed.

use bevy::prelude::Transform;
use cidgraph::{Component, GraphMutation, NodeId, Properties};
use cidgraph_viz::generate::generated_scene;
use cidgraph_viz::headless::HeadlessView;
use cidgraph_viz::render::{Detail, Facts, RenderFacts};
use cidgraph_viz::scene::{GraphScene, GroupRecord, NodeRecord, PastHead, PastRecord, Place};
use wgpu::DeviceType;

use super::stage::{GRAPH, noop};

const NODES: u32 = 20_000;

fn generated() -> HeadlessView {
    let mut view = noop();
    view.world().insert_resource(generated_scene(GRAPH, NODES));
    for _ in 0..3 {
        view.frame();
    }
    view
}

/// Returns what some frames drew and uploaded, `change` before each.
fn work(view: &mut HeadlessView, change: impl Fn(&mut GraphScene, u64)) -> Facts {
    let before = view.world().resource::<RenderFacts>().read();
    for number in 0..10 {
        change(&mut view.world().resource_mut::<GraphScene>(), number);
        view.frame();
    }
    let after = view.world().resource::<RenderFacts>().read();
    Facts {
        pictures: after.pictures - before.pictures,
        draw_calls: after.draw_calls - before.draw_calls,
        bytes_uploaded: after.bytes_uploaded - before.bytes_uploaded,
        ..after
    }
}

#[test]
fn a_still_scene_draws_and_uploads_nothing() {
    let mut view = generated();
    let facts = work(&mut view, |_, _| {});
    assert_eq!((facts.pictures, facts.draw_calls, facts.bytes_uploaded), (0, 0, 0));
    assert_eq!((facts.nodes, facts.edges), (NODES, 2 * NODES));
}

#[test]
fn another_version_is_one_record_and_two_draws() {
    let mut view = generated();
    let facts = work(&mut view, |scene, number| scene.show_version(0, 5 + number));
    assert_eq!(facts.bytes_uploaded, 10 * size_of::<GroupRecord>() as u64);
    assert_eq!((facts.pictures, facts.draw_calls), (10, 20));
}

/// Paints a node in a version of its own.
fn repaint(scene: &mut GraphScene, node: u64, color: u64) {
    let version = scene.graphs()[0].version + 1;
    let properties = Properties::from([("color", format!("#{color:06x}"))]);
    let component = Component { component_type: "Visual".into(), properties };
    scene.apply(GRAPH, version, &GraphMutation::ComponentSet { node: NodeId::from_u64(node), component });
}

#[test]
fn another_version_is_one_record_however_much_changed_between() {
    let mut view = generated();
    let mut scene = view.world().resource_mut::<GraphScene>();
    let first = scene.graphs()[0].version;
    for change in 1..=5000 {
        repaint(&mut scene, 1 + change * 7 % u64::from(NODES), change);
    }
    view.frame();
    work(&mut view, |scene, number| scene.show_version(0, first + number));
    let facts = work(&mut view, |scene, number| scene.show_version(0, first + number * number * 37 % 5000));
    assert_eq!(facts.bytes_uploaded, 10 * size_of::<GroupRecord>() as u64);
    assert_eq!((facts.pictures, facts.draw_calls), (10, 20));
}

#[test]
fn the_past_is_uploaded_once_it_is_looked_at() {
    let mut view = generated();
    let each = (64 * size_of::<NodeRecord>() + size_of::<GroupRecord>()) as u64;
    let facts = work(&mut view, |scene, number| repaint(scene, 1 + number * 100, 7));
    assert_eq!(facts.bytes_uploaded, 10 * each);
    let facts = work(&mut view, |scene, _| scene.show_version(0, 50));
    let heads = u64::from(NODES) * size_of::<PastHead>() as u64;
    let records = 10 * size_of::<PastRecord>() as u64;
    assert_eq!(facts.bytes_uploaded, size_of::<GroupRecord>() as u64 + heads + records);
}

#[test]
fn what_changes_is_uploaded_and_little_beside_it() {
    let mut view = generated();
    let facts = work(&mut view, |scene, number| scene.put(u32::try_from(number).unwrap() * 1000, [1.0, 2.0, 3.0]));
    assert_eq!(facts.bytes_uploaded, 10 * 64 * size_of::<Place>() as u64, "none is on its way, so origins stay");
    let facts =
        work(&mut view, |scene, number| scene.paint_node(u32::try_from(number).unwrap() * 1000 + 500, Some(7), None));
    assert_eq!(facts.bytes_uploaded, 10 * 64 * size_of::<NodeRecord>() as u64);
}

#[test]
fn edges_that_were_thinned_while_something_moved_are_all_drawn_once_nothing_does() {
    let mut view = generated();
    let detail = Detail { moving_edges_max: 1000, ..Detail::of_device(DeviceType::Other) };
    view.world().insert_resource(detail);
    let moving = work(&mut view, |scene, number| scene.show_version(0, 5 + number));
    assert_eq!((moving.edge_stride, moving.edges), (64, 625));
    let still = work(&mut view, |_, _| {});
    assert_eq!((still.edge_stride, still.edges, still.pictures), (1, 2 * NODES, 1));
}

/// Moves the camera a pixel to the right.
fn pan(view: &mut HeadlessView) {
    let camera = view.camera();
    view.world().get_mut::<Transform>(camera).unwrap().translation.x += 1.0;
}

#[test]
fn while_a_flat_camera_moves_a_picture_is_used_again_and_at_rest_it_is_exact() {
    let mut view = generated();
    let detail = Detail { reused_frames_max: 4, ..Detail::of_device(DeviceType::Other) };
    view.world().insert_resource(detail);
    view.frame();
    let pictures = |view: &mut HeadlessView, frames: u32, step: fn(&mut HeadlessView)| {
        let before = view.world().resource::<RenderFacts>().read().pictures;
        for _ in 0..frames {
            step(view);
            view.frame();
        }
        view.world().resource::<RenderFacts>().read().pictures - before
    };
    assert_eq!(pictures(&mut view, 20, pan), 4, "every fifth frame");
    assert!(pictures(&mut view, 10, |_| {}) <= 1, "once more where the last frame was not drawn");
    assert_eq!(pictures(&mut view, 10, |_| {}), 0);
}

#[test]
fn a_million_nodes_open_and_pan() {
    const MANY: u32 = 1_000_000;
    let mut view = noop();
    view.world().insert_resource(Detail::of_device(DeviceType::DiscreteGpu));
    view.world().insert_resource(generated_scene(GRAPH, MANY));
    view.frame();
    let before = view.world().resource::<RenderFacts>().read();
    for _ in 0..10 {
        pan(&mut view);
        view.frame();
    }
    let after = view.world().resource::<RenderFacts>().read();
    assert_eq!((after.nodes, after.edges), (MANY, 2 * MANY));
    assert_eq!((after.pictures - before.pictures, after.bytes_uploaded - before.bytes_uploaded), (10, 0));
}
