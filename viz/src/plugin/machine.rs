//! State machines as pictures: states in a ring, transitions as arrows, the current state lit, the last transition
//! flashing.

use std::f32::consts::TAU;

use bevy::app::{App, Plugin, Update};
use bevy::ecs::prelude::*;
use bevy::gizmos::gizmos::Gizmos;
use bevy::math::{Isometry3d, Vec3};
use bevy::prelude::{Color, GlobalTransform, Text2d, TextColor, Transform, Visibility};
use bevy::time::Time;
use cidgraph::StateMachineAggregate;

/// The ring's radius and a state's, units of space.
const RING: f32 = StateMachineVisual::RADIUS;
const STATE: f32 = 18.0;

/// How long a transition flashes, seconds.
const FLASH_SECONDS: f32 = 0.6;

const REST: Color = Color::srgb(0.55, 0.6, 0.68);
const LIT: Color = Color::srgb(1.0, 0.85, 0.3);

/// A state machine whose states can be told apart by name.
pub trait NamedStates: StateMachineAggregate {
    /// Returns the names of all states.
    fn states() -> &'static [&'static str];

    /// Returns which state can follow which, by their places among [`states`](Self::states).
    fn transitions() -> &'static [(usize, usize)];

    /// Returns the place of the state that this is in.
    fn state(&self) -> usize;
}

/// A picture of a state machine.
#[derive(Component, Debug, Clone)]
#[require(Transform, Visibility)]
pub struct StateMachineVisual {
    states: Vec<String>,
    transitions: Vec<(usize, usize)>,
    current: usize,
    /// The transition that flashes, and for how long still, seconds.
    flash: Option<((usize, usize), f32)>,
}

impl StateMachineVisual {
    /// The radius of the ring of states, units of space.
    pub const RADIUS: f32 = 100.0;

    /// Makes the picture of a machine in its initial state.
    pub fn of<M: NamedStates>() -> Self {
        let names = M::states().iter().map(|name| (*name).to_owned());
        Self::new(names, M::transitions().iter().copied(), M::initial().state())
    }

    /// Makes a picture of states by name, of transitions by the places of the states, and of a current state.
    ///
    /// # Panics
    /// Where a place is that of no state.
    pub fn new(
        states: impl IntoIterator<Item = String>,
        transitions: impl IntoIterator<Item = (usize, usize)>,
        current: usize,
    ) -> Self {
        let states: Vec<String> = states.into_iter().collect();
        let transitions: Vec<(usize, usize)> = transitions.into_iter().collect();
        let is_state = |place: usize| place < states.len();
        assert!(is_state(current), "the current state is one of the states");
        assert!(transitions.iter().all(|(from, to)| is_state(*from) && is_state(*to)), "a transition joins two states");
        Self { states, transitions, current, flash: None }
    }

    /// Returns the name of the current state.
    pub fn current(&self) -> &str {
        &self.states[self.current]
    }

    /// Returns whether a transition still flashes.
    pub const fn is_flashing(&self) -> bool {
        self.flash.is_some()
    }

    /// Shows the state that a machine is in; a transition into it flashes.
    pub fn follow<M: NamedStates>(&mut self, machine: &M) {
        self.enter(machine.state());
    }

    /// Shows a state, by its place; a transition into it flashes.
    ///
    /// # Panics
    /// Where there is no such state.
    pub fn enter(&mut self, state: usize) {
        assert!(state < self.states.len(), "a state of the machine");
        if state == self.current {
            return;
        }
        let step = (self.current, state);
        if self.transitions.contains(&step) {
            self.flash = Some((step, FLASH_SECONDS));
        }
        self.current = state;
    }

    fn place(&self, state: usize) -> Vec3 {
        let [state, count] =
            [state, self.states.len()].map(|number| u16::try_from(number).map_or(f32::from(u16::MAX), f32::from));
        let angle = TAU / 4.0 - TAU * state / count;
        Vec3::new(angle.cos(), angle.sin(), 0.0) * RING
    }
}

/// Draws every [`StateMachineVisual`].
#[derive(Debug, Clone, Copy, Default)]
pub struct StateMachinePlugin;

impl Plugin for StateMachinePlugin {
    fn build(&self, app: &mut App) {
        app.add_observer(name_states).add_systems(Update, (fade, draw).chain());
    }
}

/// Writes the names beside the states.
fn name_states(added: On<Add, StateMachineVisual>, visuals: Query<&StateMachineVisual>, mut commands: Commands) {
    let Ok(visual) = visuals.get(added.entity) else { return };
    for (state, name) in visual.states.iter().enumerate() {
        let at = visual.place(state) * (1.0 + STATE * 2.0 / RING);
        let label = (Text2d::new(name.clone()), TextColor(REST), Transform::from_translation(at));
        commands.entity(added.entity).with_child(label);
    }
}

fn fade(time: Res<Time>, mut visuals: Query<&mut StateMachineVisual>) {
    for mut visual in visuals.iter_mut().filter(|visual| visual.flash.is_some()) {
        let left = visual.flash.map(|(step, seconds)| (step, seconds - time.delta_secs()));
        visual.flash = left.filter(|(_, seconds)| *seconds > 0.0);
    }
}

fn draw(visuals: Query<(&StateMachineVisual, &GlobalTransform)>, mut gizmos: Gizmos) {
    for (visual, transform) in &visuals {
        let scale = transform.scale().x;
        let is_lit = |step: &(usize, usize)| visual.flash.is_some_and(|(flashing, _)| flashing == *step);
        let rest = visual.transitions.iter().filter(|step| !is_lit(step));
        // What flashes is drawn over the rest.
        for step in rest.chain(visual.transitions.iter().filter(|step| is_lit(step))) {
            let color = if is_lit(step) { LIT } else { REST };
            let (from, to) = (visual.place(step.0), visual.place(step.1));
            if step.0 == step.1 {
                let beside = transform.transform_point(from * (1.0 + STATE * 1.2 / RING));
                gizmos.circle(Isometry3d::new(beside, transform.rotation()), STATE * 0.6 * scale, color);
                continue;
            }
            let gap = (to - from).normalize_or_zero() * STATE;
            let (from, to) = (transform.transform_point(from + gap), transform.transform_point(to - gap));
            gizmos.arrow(from, to, color);
        }
        for state in 0..visual.states.len() {
            let at = Isometry3d::new(transform.transform_point(visual.place(state)), transform.rotation());
            let is_current = state == visual.current;
            gizmos.circle(at, STATE * scale, if is_current { LIT } else { REST });
            if is_current {
                gizmos.circle(at, STATE * scale * 0.7, LIT);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visual() -> StateMachineVisual {
        StateMachineVisual::new(["draft", "sent"].map(str::to_owned), [(0, 1)], 0)
    }

    #[test]
    fn a_transition_flashes_and_another_jump_does_not() {
        let mut visual = visual();
        visual.enter(1);
        assert_eq!((visual.current(), visual.flash), ("sent", Some(((0, 1), FLASH_SECONDS))));
        visual.flash = None;
        visual.enter(0);
        assert_eq!((visual.current(), visual.flash), ("draft", None));
    }

    #[test]
    #[should_panic(expected = "joins two states")]
    fn a_transition_joins_states() {
        StateMachineVisual::new(["draft".to_owned()], [(0, 1)], 0);
    }

    #[test]
    fn states_stand_in_a_ring_from_the_top() {
        let visual = visual();
        assert!(visual.place(0).distance(Vec3::new(0.0, RING, 0.0)) < 1e-3);
        assert!(visual.place(1).distance(Vec3::new(0.0, -RING, 0.0)) < 1e-3);
    }
}
