//! What keys and buttons mean, as actions.

use bevy::ecs::prelude::*;
use bevy::input::ButtonInput;
use bevy::input::ButtonState;
use bevy::input::keyboard::{Key, KeyCode, KeyboardInput};
use bevy::input::mouse::{AccumulatedMouseScroll, MouseButton, MouseScrollUnit};
use bevy::math::{Rect, Vec2};
use bevy::prelude::{Camera, Projection, Transform};
use bevy::window::{PrimaryWindow, Window, WindowEvent};

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

/// A button that is held: where it was pressed, and up to where what it draws has followed it.
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
    /// Where the pointer is.
    at: Option<Vec2>,
    held: Option<Held>,
    /// What was typed: a slash and what is searched, or a colon and an action.
    pub(super) typed: Option<String>,
    pictures: u32,
}

/// What is under the pointer.
struct Ground<'a> {
    scene: &'a GraphScene,
    selection: &'a Selection,
    eye: Option<Eye>,
    /// The window's pixels.
    size: Vec2,
    is_shifted: bool,
}

/// Turns the mouse into actions: drawing moves the view, or the node that is selected, with shift a box; the right button
/// turns the view; clicking selects; the wheel zooms; the bottom of the window is a slider through versions.
pub(super) fn use_mouse(
    mut hands: ResMut<Hands>,
    window: Single<&Window, With<PrimaryWindow>>,
    mut events: MessageReader<WindowEvent>,
    keys: Res<ButtonInput<KeyCode>>,
    wheel: Res<AccumulatedMouseScroll>,
    scene: Res<GraphScene>,
    selection: Res<Selection>,
    camera: Single<(&Camera, &Transform, &Projection), With<GraphCamera>>,
    mut hovered: Local<Option<Vec2>>,
    mut actions: MessageWriter<Action>,
) {
    let (camera, transform, projection) = *camera;
    let ground = Ground {
        scene: &scene,
        selection: &selection,
        eye: Eye::of(camera, transform, projection),
        size: window.size(),
        is_shifted: keys.any_pressed([KeyCode::ShiftLeft, KeyCode::ShiftRight]),
    };
    // The figures are written anew where something was typed: not where the pointer has moved.
    let hands = hands.bypass_change_detection();
    for event in events.read() {
        actions.write_batch(hands.follow(event, &ground));
    }
    actions.write_batch(hands.draw(&ground));
    let Some(at) = hands.at else { return };
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
}

impl Hands {
    /// Follows the mouse, and returns what that does. Events come in the order in which they happened: what is pressed and
    /// let go within a frame is so where the pointer was then.
    fn follow(&mut self, event: &WindowEvent, ground: &Ground<'_>) -> Vec<Action> {
        #[expect(clippy::wildcard_enum_match_arm, reason = "all else is not the mouse's, or others follow it")]
        match event {
            WindowEvent::CursorMoved(moved) => self.at = Some(moved.position),
            WindowEvent::CursorLeft(_) if self.held.is_none() => self.at = None,
            WindowEvent::MouseButtonInput(input) if input.state == ButtonState::Pressed => {
                return self.press(input.button, ground).into_iter().collect();
            }
            WindowEvent::MouseButtonInput(input) => return self.let_go(input.button, ground),
            _ => {}
        }
        Vec::new()
    }

    /// Presses a button; while one is held, others do nothing.
    fn press(&mut self, button: MouseButton, ground: &Ground<'_>) -> Option<Action> {
        let at = self.at?;
        if self.held.is_some() || !matches!(button, MouseButton::Left | MouseButton::Right) {
            return None;
        }
        let drawn = ground.drawn(button, at);
        self.held = Some(Held { button, from: at, last: at, drawn });
        (drawn == Drawn::Slider).then(|| ground.version(at))
    }

    /// Lets a button go; returns what that does.
    fn let_go(&mut self, button: MouseButton, ground: &Ground<'_>) -> Vec<Action> {
        let Some((held, at)) = self.held.zip(self.at).filter(|(held, _)| held.button == button) else {
            return Vec::new();
        };
        let mut actions: Vec<Action> = self.draw(ground).into_iter().collect();
        self.held = None;
        // It may have been drawn out of the window.
        self.at = self.at.filter(|at| Rect::from_corners(Vec2::ZERO, ground.size).contains(*at));
        let is_drawn = held.from.distance(at) > CLICK_PX;
        actions.extend(match (button, held.drawn, is_drawn) {
            (_, Drawn::Slider, _) => None,
            (_, Drawn::View, true) | (MouseButton::Right, ..) => None,
            (_, Drawn::Box, true) => Some(Action::Box(Rect::from_corners(held.from, at))),
            (_, Drawn::Node, true) => Some(Action::Drag(held.from, at)),
            (_, Drawn::Box, false) => Some(Action::Add(at)),
            (_, Drawn::Node | Drawn::View, false) => Some(Action::Select(at)),
        });
        actions
    }

    /// Lets what is drawn follow the pointer.
    fn draw(&mut self, ground: &Ground<'_>) -> Option<Action> {
        let at = self.at?;
        let held = self.held.as_mut()?;
        let by = at - held.last;
        let is_drawn = held.from.distance(at) > CLICK_PX;
        let action = match (held.button, held.drawn) {
            (_, Drawn::Slider) => ground.version(at),
            (MouseButton::Right, Drawn::View) => Action::Turn(by * TURN_DEGREES),
            (_, Drawn::View) if is_drawn => Action::Pan(by),
            _ => return None,
        };
        held.last = at;
        (by != Vec2::ZERO).then_some(action)
    }
}

impl Ground<'_> {
    /// Returns what a button draws that is pressed at a place.
    fn drawn(&self, button: MouseButton, at: Vec2) -> Drawn {
        let node = || node_at(self.scene, self.eye.as_ref()?, at);
        if button != MouseButton::Left {
            Drawn::View
        } else if at.y > self.size.y - SLIDER_PX {
            Drawn::Slider
        } else if self.is_shifted {
            Drawn::Box
        } else if node().is_some_and(|node| self.selection.nodes() == [node]) {
            Drawn::Node
        } else {
            Drawn::View
        }
    }

    /// Returns what shows the version at a place of the slider.
    fn version(&self, at: Vec2) -> Action {
        Action::Version(version_at(self.scene, at.x / self.size.x))
    }
}

/// Returns the version at a part of the slider.
fn version_at(scene: &GraphScene, part: f32) -> u64 {
    let last = scene.last_version();
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
    let speed = scene.last_version() as f64 / PLAY_SECONDS;
    let steps = [KeyCode::Digit0, KeyCode::Digit1, KeyCode::Digit2, KeyCode::Digit3];
    if let Some(steps) = (0..).zip(steps).find_map(|(steps, digit)| (digit == key).then_some(steps)) {
        return Some(Action::Neighbours(steps));
    }
    let plain = [
        (KeyCode::KeyF, Action::Fit),
        (KeyCode::KeyO, Action::Orbit),
        (KeyCode::KeyL, Action::Layout),
        (KeyCode::KeyU, Action::Undo),
        (KeyCode::Escape, Action::Deselect),
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
    use bevy::input::mouse::MouseButtonInput;
    use bevy::prelude::OrthographicProjection;
    use bevy::window::CursorMoved;
    use cidgraph::{GraphId, GraphMutation, NodeId, NodeView};

    use super::*;

    /// What the mouse does.
    enum Mouse {
        To(f32, f32),
        Press(MouseButton),
        Release(MouseButton),
        /// A frame ends.
        Frame,
    }

    use Mouse::{Frame, Press, Release, To};

    /// Returns what the mouse does in a window of 100 × 100 pixels over one node, in its middle, which is selected or not.
    fn done(is_selected: bool, is_shifted: bool, mouse: &[Mouse]) -> Vec<Action> {
        let (mut scene, mut selection) = (GraphScene::default(), Selection::default());
        let id = NodeId::from_u64(1);
        let node = NodeView { id, key: None, kind: "thing".into(), version: 1, components: Vec::new() };
        scene.apply(GraphId::from_u64(1), 10, &GraphMutation::NodeAdded { node });
        scene.put(0, [0.0; 3]);
        if is_selected {
            selection.set(&mut scene, vec![0]);
        }
        let size = Vec2::splat(100.0);
        let flat = Projection::Orthographic(OrthographicProjection::default_2d());
        let eye = Eye::looking(&Transform::IDENTITY, &flat, size);
        let ground = Ground { scene: &scene, selection: &selection, eye, size, is_shifted };
        let (window, mut hands) = (Entity::PLACEHOLDER, Hands::default());
        let mut actions = Vec::new();
        for does in mouse {
            let pressed = |button, state| WindowEvent::MouseButtonInput(MouseButtonInput { button, state, window });
            let event = match *does {
                To(x, y) => WindowEvent::CursorMoved(CursorMoved { window, position: Vec2::new(x, y), delta: None }),
                Press(button) => pressed(button, ButtonState::Pressed),
                Release(button) => pressed(button, ButtonState::Released),
                Frame => {
                    actions.extend(hands.draw(&ground));
                    continue;
                }
            };
            actions.extend(hands.follow(&event, &ground));
        }
        actions
    }

    const LEFT: MouseButton = MouseButton::Left;

    #[test]
    fn what_is_pressed_and_moved_within_a_frame_is_drawn_from_where_it_was_pressed() {
        let moved = [To(50.0, 50.0), Press(LEFT), To(80.0, 50.0), Frame, Release(LEFT)];
        assert_eq!(done(false, false, &moved), [Action::Pan(Vec2::new(30.0, 0.0))]);
        let (from, to) = (Vec2::splat(50.0), Vec2::new(80.0, 50.0));
        assert_eq!(done(true, false, &moved), [Action::Drag(from, to)]);
        assert_eq!(done(false, true, &moved), [Action::Box(Rect::from_corners(from, to))]);
        let turned = [To(50.0, 50.0), Press(MouseButton::Right), To(60.0, 50.0), Frame];
        assert_eq!(done(false, false, &turned), [Action::Turn(Vec2::new(10.0 * TURN_DEGREES, 0.0))]);
    }

    #[test]
    fn what_is_let_go_within_the_frame_is_done_too() {
        let at = Vec2::splat(50.0);
        let clicked = [To(50.0, 50.0), Press(LEFT), Release(LEFT), To(90.0, 10.0), Frame];
        assert_eq!(done(false, false, &clicked), [Action::Select(at)], "it was clicked before the pointer went on");
        assert_eq!(done(false, true, &clicked), [Action::Add(at)]);
        let moved = [To(50.0, 50.0), Press(LEFT), To(50.0, 70.0), Release(LEFT), Frame];
        assert_eq!(done(false, false, &moved), [Action::Pan(Vec2::new(0.0, 20.0))]);
        assert_eq!(done(true, false, &moved), [Action::Drag(at, Vec2::new(50.0, 70.0))]);
        let twice = [To(50.0, 50.0), Press(LEFT), Release(LEFT), To(20.0, 20.0), Press(LEFT), Release(LEFT)];
        assert_eq!(done(false, false, &twice), [Action::Select(at), Action::Select(Vec2::splat(20.0))]);
    }

    #[test]
    fn a_click_that_trembles_is_one_and_what_is_drawn_stays_under_the_pointer() {
        let trembling = [To(50.0, 50.0), Press(LEFT), To(52.0, 50.0), Frame, Frame, Release(LEFT)];
        assert_eq!(done(false, false, &trembling), [Action::Select(Vec2::new(52.0, 50.0))]);
        let slow = [To(50.0, 50.0), Press(LEFT), To(53.0, 50.0), Frame, To(56.0, 50.0), Frame, To(57.0, 50.0), Frame];
        let pan = |by| Action::Pan(Vec2::new(by, 0.0));
        assert_eq!(done(false, false, &slow), [pan(6.0), pan(1.0)]);
    }

    #[test]
    fn the_slider_goes_where_it_is_pressed_and_drawn_and_another_button_does_nothing() {
        let slid =
            [To(50.0, 95.0), Press(LEFT), Frame, To(80.0, 40.0), Press(MouseButton::Right), Frame, Release(LEFT)];
        assert_eq!(done(false, false, &slid), [Action::Version(5), Action::Version(8)]);
        let outside = [Press(LEFT), Release(LEFT), Frame];
        assert_eq!(done(false, false, &outside), [], "nobody knows where");
    }

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
