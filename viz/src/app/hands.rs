//! What keys and buttons mean, as actions.

use bevy::ecs::prelude::*;
use bevy::input::ButtonInput;
use bevy::input::ButtonState;
use bevy::input::keyboard::{Key, KeyCode, KeyboardInput};
use bevy::input::mouse::{AccumulatedMouseScroll, MouseButton, MouseScrollUnit};
use bevy::math::{Rect, Vec2};
use bevy::prelude::{Camera, Projection, Transform};
use bevy::window::{PrimaryWindow, Window};

use crate::render::GraphCamera;
use crate::scene::GraphScene;

use super::action::{Action, InvalidAction};
use super::eye::Eye;
use super::mistake::Mistake;
use super::picking::node_at;
use super::selection::Selection;
use super::time::shown_version;

/// How far a button must be drawn so that it is no click, pixels.
const CLICK_PX: f32 = 4.0;

/// The height of the slider at the window's bottom, pixels.
pub(super) const SLIDER_PX: f32 = 18.0;

/// The versions a second that playing begins with: all in ten seconds.
const PLAY_SECONDS: f64 = 10.0;

/// Pixels of wheel that count as one step of it.
const WHEEL_STEP_PX: f32 = 40.0;

/// Degrees that the view turns when it is drawn by a pixel with the right button.
const TURN_DEGREES: f32 = 0.3;

/// A button that is held: where it was pressed, and where it was in the last frame.
#[derive(Debug, Clone, Copy)]
struct Held {
    button: MouseButton,
    from: Vec2,
    last: Vec2,
    /// What it draws.
    drawn: Drawn,
}

/// What a held button draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Drawn {
    /// The slider.
    Slider,
    /// A box around nodes.
    Box,
    /// A node.
    Node,
    /// The view.
    View,
}

/// What hands are in the middle of.
#[derive(Resource, Debug, Default)]
pub(super) struct Hands {
    held: Option<Held>,
    /// What was typed: a slash and what is searched, or a colon and an action.
    pub(super) typed: Option<String>,
    pictures: u32,
}

/// Turns the mouse into actions: drawing moves the view, or the node that is selected, with shift a box; the right button
/// turns the view; clicking selects; the wheel zooms; the bottom of the window is a slider through versions.
pub(super) fn use_mouse(
    mut hands: ResMut<Hands>,
    window: Single<&Window, With<PrimaryWindow>>,
    buttons: Res<ButtonInput<MouseButton>>,
    keys: Res<ButtonInput<KeyCode>>,
    wheel: Res<AccumulatedMouseScroll>,
    scene: Res<GraphScene>,
    selection: Res<Selection>,
    camera: Single<(&Camera, &Transform, &Projection), With<GraphCamera>>,
    mut hovered: Local<Option<Vec2>>,
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
    if hands.held.is_none() && *hovered != Some(at) {
        *hovered = Some(at);
        actions.write(Action::Hover(at));
    }
    let pressed = [MouseButton::Left, MouseButton::Right].into_iter().find(|button| buttons.just_pressed(*button));
    if let Some(button) = pressed {
        let (camera, transform, projection) = *camera;
        let on_selected = || {
            let eye = Eye::of(camera, transform, projection)?;
            node_at(&scene, &eye, at).filter(|node| selection.nodes() == [*node])
        };
        let drawn = if button != MouseButton::Left {
            Drawn::View
        } else if at.y > window.height() - SLIDER_PX {
            Drawn::Slider
        } else if is_shifted {
            Drawn::Box
        } else if on_selected().is_some() {
            Drawn::Node
        } else {
            Drawn::View
        };
        hands.held = Some(Held { button, from: at, last: at, drawn });
    }
    let Some(held) = hands.held else { return };
    let is_drawn = held.from.distance(at) > CLICK_PX;
    if buttons.just_released(held.button) {
        hands.held = None;
        let action = match (held.button, held.drawn, is_drawn) {
            (_, Drawn::Slider, _) => Action::Version(version_at(&scene, at.x / window.width())),
            (_, Drawn::View, true) | (MouseButton::Right, ..) => return,
            (_, Drawn::Box, true) => Action::Box(Rect::from_corners(held.from, at)),
            (_, Drawn::Node, true) => Action::Drag(held.from, at),
            (_, Drawn::Box, false) => Action::Add(at),
            (_, Drawn::Node | Drawn::View, false) => Action::Select(at),
        };
        actions.write(action);
        return;
    }
    let by = at - held.last;
    let is_first = pressed.is_some();
    match (held.button, held.drawn) {
        (_, Drawn::Slider) if is_first || by != Vec2::ZERO => {
            actions.write(Action::Version(version_at(&scene, at.x / window.width())));
        }
        (MouseButton::Right, Drawn::View) if by != Vec2::ZERO => {
            actions.write(Action::Turn(by * TURN_DEGREES));
        }
        (_, Drawn::View) if is_drawn && by != Vec2::ZERO => {
            actions.write(Action::Pan(by));
        }
        _ => {}
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
    mut mistakes: MessageWriter<Mistake>,
) {
    for key in typed.read().filter(|key| key.state == ButtonState::Pressed) {
        if hands.typed.is_some() {
            match type_key(&mut hands.typed, &key.logical_key) {
                Some(Ok(action)) => drop(actions.write(action)),
                Some(Err(mistake)) => drop(mistakes.write(Mistake(mistake.to_string()))),
                None => {}
            }
        } else if let Key::Character(begun) = &key.logical_key
            && matches!(begun.as_str(), "/" | ":")
        {
            hands.typed = Some(begun.to_string());
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

/// Takes a key of what is typed; returns what it says once it is complete.
fn type_key(typed: &mut Option<String>, key: &Key) -> Option<Result<Action, InvalidAction>> {
    let text = typed.as_mut()?;
    if *key == Key::Enter {
        let complete = typed.take()?;
        return match complete.split_at(1) {
            (_, "") => None,
            ("/", searched) => Some(Ok(Action::Search(searched.to_owned()))),
            (_, line) => Some(line.parse()),
        };
    }
    if let Key::Character(character) = key {
        text.push_str(character);
    }
    if *key == Key::Space {
        text.push(' ');
    }
    if *key == Key::Backspace {
        text.pop();
    }
    if *key == Key::Escape || text.is_empty() {
        *typed = None;
    }
    None
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
        (KeyCode::KeyO, Action::Orbit),
        (KeyCode::KeyL, Action::Layout),
        (KeyCode::KeyU, Action::Undo),
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

    fn typed(begun: &str, keys: &[Key]) -> (Option<String>, Option<Result<Action, InvalidAction>>) {
        let mut typed = Some(begun.to_owned());
        let complete = keys.iter().filter_map(|key| type_key(&mut typed, key)).last();
        (typed, complete)
    }

    fn character(character: &str) -> Key {
        Key::Character(character.into())
    }

    #[test]
    fn a_search_is_typed_and_taken_back() {
        let keys = [character("ab"), Key::Backspace, Key::Space, character("c"), Key::Enter];
        assert_eq!(typed("/", &keys), (None, Some(Ok(Action::Search("a c".to_owned())))));
        assert_eq!(typed("/", &[character("a"), Key::Escape]), (None, None));
        assert_eq!(typed("/", &[Key::Enter]), (None, None));
        assert_eq!(typed("/", &[Key::Backspace, character("x")]), (None, None), "nothing is left to type behind");
    }

    #[test]
    fn any_action_is_typed_behind_a_colon() {
        let (_, complete) = typed(":", &[character("step"), Key::Space, character("3"), Key::Enter]);
        assert_eq!(complete, Some(Ok(Action::Step(3))));
        let (_, complete) = typed(":", &[character("jump"), Key::Enter]);
        assert!(complete.is_some_and(|complete| complete.is_err()));
    }
}
