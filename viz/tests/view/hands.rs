//! Hands on a window that is none: what the window system would tell is told by the test.

use std::time::{Duration, Instant};

use bevy::ecs::world::World;
use bevy::input::ButtonState;
use bevy::input::mouse::{MouseButton, MouseButtonInput};
use bevy::math::Vec2;
use bevy::prelude::{Entity, OrthographicProjection, Projection, Transform};
use bevy::window::{CursorMoved, PrimaryWindow, Window, WindowEvent};
use bevy::winit::WinitSettings;
use cidgraph::{GraphMutation, NodeId, NodeView};
use cidgraph_viz::app::{Eye, Layouts, Selection, WindowViewerPlugin};
use cidgraph_viz::headless::{Adapter, HeadlessView};
use cidgraph_viz::scene::GraphScene;

use super::stage::{SIZE, add_node, apply};

/// A view of one node, 20 pixels right of the middle, and its window.
fn window() -> (HeadlessView, Entity) {
    let mut view = HeadlessView::open_with(Adapter::Noop, SIZE, |app| {
        app.init_resource::<WinitSettings>().add_plugins(WindowViewerPlugin);
    })
    .unwrap();
    let pixels = Window { resolution: (SIZE.x, SIZE.y).into(), ..Window::default() };
    let window = view.world().spawn((pixels, PrimaryWindow)).id();
    add_node(&mut view, 1, (20.0, 0.0), "red", "circle");
    view.frame();
    // It has framed the node by itself.
    let camera = view.camera();
    let flat = Projection::Orthographic(OrthographicProjection::default_2d());
    view.world().entity_mut(camera).insert((Transform::IDENTITY, flat));
    (view, window)
}

/// A window frames what stands at once, and all again once what has no place is laid out.
#[test]
fn a_window_shows_what_was_laid_out() {
    let mut view = HeadlessView::open_with(Adapter::Noop, SIZE, |app| {
        app.init_resource::<WinitSettings>().add_plugins(WindowViewerPlugin).insert_resource(Layouts::automatic());
    })
    .unwrap();
    let window = Window { resolution: (SIZE.x, SIZE.y).into(), ..Window::default() };
    view.world().spawn((window, PrimaryWindow));
    add_node(&mut view, 1, (500.0, 0.0), "red", "circle");
    let node = NodeView { id: NodeId::from_u64(2), key: None, kind: "thing".into(), version: 2, components: vec![] };
    apply(&mut view, &GraphMutation::NodeAdded { node });
    let is_over = |world: &World| world.resource::<Layouts>().is_at_rest(world.resource::<GraphScene>());
    let begun = Instant::now();
    while !is_over(view.world()) {
        assert!(begun.elapsed() < Duration::from_secs(60), "the layout ends");
        view.frame();
    }
    (0..3).for_each(|_| view.frame());
    let camera = view.camera();
    let world = view.world();
    let camera = world.entity(camera);
    let (transform, projection) = (camera.get::<Transform>().unwrap(), camera.get::<Projection>().unwrap());
    let eye = Eye::looking(transform, projection, SIZE.as_vec2()).unwrap();
    let scene = world.resource::<GraphScene>();
    for node in 0..2 {
        let place = scene.world_place(node);
        assert!(eye.pixel(place).is_some_and(|(pixel, _)| eye.has(pixel)), "node {node} at {place}");
    }
}

fn to(window: Entity, right: f32, down: f32) -> WindowEvent {
    let position = SIZE.as_vec2() / 2.0 + Vec2::new(right, down);
    WindowEvent::CursorMoved(CursorMoved { window, position, delta: None })
}

fn left(window: Entity, state: ButtonState) -> WindowEvent {
    WindowEvent::MouseButtonInput(MouseButtonInput { button: MouseButton::Left, state, window })
}

/// Makes a frame in which all that happens, and one more in which it is done.
fn frame(view: &mut HeadlessView, events: impl IntoIterator<Item = WindowEvent>) {
    for event in events {
        view.world().write_message(event);
    }
    view.frame();
    view.frame();
}

#[test]
fn a_click_within_a_frame_selects_what_was_under_it() {
    let (mut view, window) = window();
    let clicked = [ButtonState::Pressed, ButtonState::Released].map(|state| left(window, state));
    let [press, release] = clicked;
    frame(&mut view, [to(window, 20.0, 0.0), press, release, to(window, -30.0, 20.0)]);
    assert_eq!(view.world().resource::<Selection>().nodes(), [0]);
}

#[test]
fn what_is_pressed_and_moved_within_a_frame_moves_the_view_from_there() {
    let (mut view, window) = window();
    let camera = view.camera();
    let before = *view.world().get::<Transform>(camera).unwrap();
    frame(&mut view, [to(window, -30.0, 0.0), left(window, ButtonState::Pressed), to(window, -10.0, 5.0)]);
    let moved = view.world().get::<Transform>(camera).unwrap().translation - before.translation;
    assert_eq!(moved.truncate(), Vec2::new(-20.0, 5.0), "a unit a pixel, upwards");
    frame(&mut view, [left(window, ButtonState::Released)]);
    assert_eq!(view.world().resource::<Selection>().nodes(), [] as [u32; 0], "that was no click");
}
