//! What keys and buttons mean, as actions.

use bevy::ecs::prelude::*;
use bevy::input::ButtonInput;
use bevy::input::ButtonState;
use bevy::input::keyboard::{Key, KeyCode, KeyboardInput};
use bevy::input::mouse::{AccumulatedMouseScroll, MouseButton, MouseScrollUnit};
use bevy::math::{Rect, Vec2};
use bevy::window::{PrimaryWindow, Window};

use crate::scene::GraphScene;

use super::action::Action;
use super::time::shown_version;

/// How far a button must be drawn so that it is no click, pixels.
const CLICK_PX: f32 = 4.0;

/// The height of the slider at the window's bottom, pixels.
pub(super) const SLIDER_PX: f32 = 18.0;

/// The versions a second that playing begins with: all in ten seconds.
const PLAY_SECONDS: f64 = 10.0;

/// Pixels of wheel that count as one step of it.
const WHEEL_STEP_PX: f32 = 40.0;

/// A button that is held: where it was pressed, and where it was in the last frame.
#[derive(Debug, Clone, Copy)]
struct Held {
    from: Vec2,
    last: Vec2,
}

/// What hands are in the middle of.
#[derive(Resource, Debug, Default)]
pub(super) struct Hands {
    held: Option<Held>,
    /// What was typed behind a slash.
    pub(super) search: Option<String>,
    pictures: u32,
}

/// Turns the mouse into actions: drawing moves the view, with shift selects a box; clicking selects; the wheel zooms; the
/// bottom of the window is a slider through versions.
pub(super) fn use_mouse(
    mut hands: ResMut<Hands>,
    window: Single<&Window, With<PrimaryWindow>>,
    buttons: Res<ButtonInput<MouseButton>>,
    keys: Res<ButtonInput<KeyCode>>,
    wheel: Res<AccumulatedMouseScroll>,
    scene: Res<GraphScene>,
    mut actions: MessageWriter<Action>,
) {
    let Some(at) = window.cursor_position() else { return };
    let is_shifted = keys.any_pressed([KeyCode::ShiftLeft, KeyCode::ShiftRight]);
    if wheel.delta.y != 0.0 {
        let steps = match wheel.unit {
            MouseScrollUnit::Line => wheel.delta.y,
            MouseScrollUnit::Pixel => wheel.delta.y / WHEEL_STEP_PX,
        };
        actions.write(Action::Zoom(1.2_f32.powf(steps), at));
    }
    if buttons.just_pressed(MouseButton::Left) {
        hands.held = Some(Held { from: at, last: at });
    }
    let Some(held) = hands.held else { return };
    let is_slider = held.from.y > window.height() - SLIDER_PX;
    let is_drawn = held.from.distance(at) > CLICK_PX;
    if buttons.just_released(MouseButton::Left) {
        hands.held = None;
        let action = match (is_slider, is_drawn, is_shifted) {
            (true, ..) | (_, true, false) => return,
            (_, true, true) => Action::Box(Rect::from_corners(held.from, at)),
            (_, false, true) => Action::Add(at),
            (_, false, false) => Action::Select(at),
        };
        actions.write(action);
        return;
    }
    if is_slider && at != held.last || is_slider && buttons.just_pressed(MouseButton::Left) {
        actions.write(Action::Version(version_at(&scene, at.x / window.width())));
    } else if is_drawn && !is_shifted {
        actions.write(Action::Pan(at - held.last));
    }
    hands.held = Some(Held { last: at, ..held });
}

/// Returns the version at a part of the slider.
fn version_at(scene: &GraphScene, part: f32) -> u64 {
    let last = scene.graphs().iter().map(|graph| graph.version).max().unwrap_or(0);
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a version between 0 and the last, which has far fewer than 52 bits"
    )]
    let version = (f64::from(part.clamp(0.0, 1.0)) * last as f64).round() as u64;
    version
}

/// Turns keys into actions.
pub(super) fn use_keys(
    mut hands: ResMut<Hands>,
    keys: Res<ButtonInput<KeyCode>>,
    mut typed: MessageReader<KeyboardInput>,
    scene: Res<GraphScene>,
    playing: Query<(), With<crate::plugin::Playback>>,
    mut actions: MessageWriter<Action>,
) {
    for key in typed.read().filter(|key| key.state == ButtonState::Pressed) {
        if hands.search.is_some() {
            if let Some(action) = type_search(&mut hands.search, &key.logical_key) {
                actions.write(action);
            }
        } else if key.logical_key == Key::Character("/".into()) {
            hands.search = Some(String::new());
        } else if key.logical_key == Key::Character("?".into()) {
            actions.write(Action::Help);
        } else if key.key_code == KeyCode::F12 {
            hands.pictures += 1;
            actions.write(Action::Screenshot(format!("cidgraph-{}.png", hands.pictures).into()));
        } else if let Some(action) = action_of(key.key_code, &keys, &scene, !playing.is_empty()) {
            actions.write(action);
        }
    }
}

/// Takes a key of a search; returns the search once it is complete.
fn type_search(search: &mut Option<String>, key: &Key) -> Option<Action> {
    let text = search.as_mut()?;
    if let Key::Character(typed) = key {
        text.push_str(typed);
    }
    if *key == Key::Space {
        text.push(' ');
    }
    if *key == Key::Backspace {
        text.pop();
    }
    if *key == Key::Escape {
        *search = None;
        return None;
    }
    (*key == Key::Enter).then(|| search.take().filter(|text| !text.is_empty()).map(Action::Search)).flatten()
}

fn action_of(key: KeyCode, keys: &ButtonInput<KeyCode>, scene: &GraphScene, is_playing: bool) -> Option<Action> {
    let step = if keys.any_pressed([KeyCode::ShiftLeft, KeyCode::ShiftRight]) { 100 } else { 1 };
    let shown = (0..).take(scene.graphs().len()).map(|graph| shown_version(scene, graph)).max().unwrap_or(0);
    #[expect(clippy::cast_precision_loss, reason = "a version has far fewer than 52 bits")]
    let speed = scene.graphs().iter().map(|graph| graph.version).max().unwrap_or(0) as f64 / PLAY_SECONDS;
    let steps = [KeyCode::Digit0, KeyCode::Digit1, KeyCode::Digit2, KeyCode::Digit3];
    if let Some(steps) = (0..).zip(steps).find_map(|(steps, digit)| (digit == key).then_some(steps)) {
        return Some(Action::Neighbours(steps));
    }
    let plain = [
        (KeyCode::KeyF, Action::Fit),
        (KeyCode::Escape, Action::Select(Vec2::splat(f32::MIN / 4.0))),
        (KeyCode::Space, if is_playing { Action::Pause } else { Action::Play(speed) }),
        (KeyCode::ArrowLeft, Action::Step(-step)),
        (KeyCode::ArrowRight, Action::Step(step)),
        (KeyCode::Home, Action::Version(0)),
        (KeyCode::End, Action::Live),
        (KeyCode::KeyC, Action::Compare(Some(shown))),
        (KeyCode::KeyX, Action::Compare(None)),
        (KeyCode::KeyQ, Action::Quit),
    ];
    plain.into_iter().find_map(|(of, action)| (of == key).then_some(action))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_typed_and_taken_back() {
        let mut search = Some(String::new());
        let mut press = |key| type_search(&mut search, &key);
        assert_eq!(press(Key::Character("ab".into())), None);
        assert_eq!(press(Key::Backspace), None);
        assert_eq!(press(Key::Space), None);
        assert_eq!(press(Key::Character("c".into())), None);
        assert_eq!(press(Key::Enter), Some(Action::Search("a c".to_owned())));
        assert_eq!(search, None);
        let mut search = Some("a".to_owned());
        assert_eq!(type_search(&mut search, &Key::Escape), None);
        assert_eq!(search, None);
    }
}
