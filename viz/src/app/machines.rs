//! The state machine of a workflow node: drawn beside the node whose card is shown.
//!
//! A node's component `StateMachine` names its `states` (a list of texts), its `transitions` (a list of `"from -> to"`) and
//! the `state` that it is in.

use bevy::ecs::prelude::*;
use bevy::math::Vec3;
use bevy::prelude::{Camera, Projection, Transform};
use cidgraph::{Component as Said, Value};

use crate::plugin::StateMachineVisual;
use crate::render::GraphCamera;
use crate::scene::GraphScene;
use crate::source::Source;

use super::card::Card;
use super::eye::Eye;
use super::letters::Letters;
use super::selection::Selection;

/// The component type that holds a state machine.
pub const STATE_MACHINE: &str = "StateMachine";

/// The picture's radius, pixels, and how far from the node its middle is.
const RADIUS_PX: f32 = 70.0;
const ASIDE_PX: f32 = 130.0;

/// The picture of a node's machine.
#[derive(Component, Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown {
    node: u32,
    machine: Machine,
}

/// The states and transitions that a component names.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Machine {
    states: Vec<String>,
    transitions: Vec<(usize, usize)>,
}

/// Reads a component; `None` where it has no `state`. A state that is only in a transition, or only the current one, is
/// one more; a transition that names no two states is none.
fn read(component: &Said) -> Option<(Machine, usize)> {
    let texts = |name| -> Vec<String> {
        let Some(Value::List(values)) = component.properties.get(name) else { return Vec::new() };
        values.iter().filter_map(text).collect()
    };
    let current = text(component.properties.get("state")?)?;
    let mut states = texts("states");
    let mut place = |name: &str| {
        states.iter().position(|state| state == name).unwrap_or_else(|| {
            states.push(name.to_owned());
            states.len() - 1
        })
    };
    let said = texts("transitions");
    let pairs = said.iter().filter_map(|transition| transition.split_once("->"));
    let pairs =
        pairs.map(|(from, to)| (from.trim(), to.trim())).filter(|(from, to)| !from.is_empty() && !to.is_empty());
    let transitions = pairs.map(|(from, to)| (place(from), place(to))).collect();
    let current = place(&current);
    Some((Machine { states, transitions }, current))
}

fn text(value: &Value) -> Option<String> {
    if let Value::Text(text) = value { Some(text.as_str().to_owned()) } else { None }
}

/// Draws the machine of the node whose card is shown, as it is at the version that is shown.
pub(super) fn show_machine(
    mut commands: Commands,
    scene: Res<GraphScene>,
    selection: Res<Selection>,
    card: Res<Card>,
    source: Option<Res<Source>>,
    mut letters: Letters<'_>,
    camera: Single<(&Camera, &Transform, &Projection), (With<GraphCamera>, Without<Shown>)>,
    mut pictures: Query<(Entity, &Shown, &mut StateMachineVisual, &mut Transform)>,
) {
    let wanted = card.node(&selection).and_then(|node| {
        let asked = source.as_ref()?.node()?.node.filter(|asked| asked.id == scene.name(node).id)?;
        let component = asked.components.into_iter().find(|said| said.component_type.as_str() == STATE_MACHINE)?;
        let (machine, current) = read(&component)?;
        Some((Shown { node, machine }, current))
    });
    let is_asked = card.node(&selection).is_some() && source.as_ref().is_some_and(|source| source.node().is_none());
    let (camera, transform, projection) = *camera;
    let place = |node: u32| {
        let eye = Eye::of(camera, transform, projection)?;
        let at = scene.world_place(node);
        let (pixel, unit_px) = eye.pixel(at)?;
        let aside = eye.beside(pixel + bevy::math::Vec2::new(ASIDE_PX, 0.0), at);
        let scale = RADIUS_PX / StateMachineVisual::RADIUS / unit_px;
        Some(Transform::from_translation(aside).with_rotation(transform.rotation).with_scale(Vec3::splat(scale)))
    };
    let mut is_there = false;
    for (entity, shown, mut visual, mut at) in &mut pictures {
        match &wanted {
            Some((wanted, current)) if wanted == shown => {
                is_there = true;
                visual.enter(*current);
                at.set_if_neq(place(shown.node).unwrap_or(*at));
            }
            // While the store is asked for another version, the picture stays.
            None if is_asked && Some(shown.node) == card.node(&selection) => is_there = true,
            _ => commands.entity(entity).despawn(),
        }
    }
    if let Some((wanted, current)) = wanted.filter(|_| !is_there)
        && let Some(at) = place(wanted.node)
    {
        let Machine { states, transitions } = wanted.machine.clone();
        let states = states.into_iter().map(|state| letters.readable(state));
        commands.spawn((StateMachineVisual::new(states, transitions, current), at, wanted));
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use cidgraph::Properties;

    use super::*;

    fn component(states: &[&str], transitions: &[&str], state: &str) -> Said {
        let list = |texts: &[&str]| Value::List(texts.iter().map(Value::text).collect());
        let properties = Properties::from([
            ("states", list(states)),
            ("transitions", list(transitions)),
            ("state", Value::text(state)),
        ]);
        Said { component_type: STATE_MACHINE.into(), properties }
    }

    #[test]
    fn a_component_names_states_and_transitions() {
        let read_one = read(&component(&["draft", "sent"], &["draft -> sent"], "sent"));
        let states = ["draft", "sent"].map(str::to_owned).to_vec();
        assert_eq!(read_one, Some((Machine { states, transitions: vec![(0, 1)] }, 1)));
    }

    #[test]
    fn states_that_are_not_among_the_states_are_further_ones() {
        let read = |transitions: &[&str], state| {
            let (machine, current) = read(&component(&["draft"], transitions, state)).unwrap();
            (machine.states.join(" "), machine.transitions, current)
        };
        assert_eq!(read(&["draft -> sent"], "draft"), ("draft sent".to_owned(), vec![(0, 1)], 0));
        assert_eq!(read(&[], "lost"), ("draft lost".to_owned(), vec![], 1));
        assert_eq!(read(&["draft", "draft ->"], "draft"), ("draft".to_owned(), vec![], 0), "they are no transitions");
    }

    #[test]
    fn without_a_state_there_is_no_machine() {
        let properties = Properties::from([("states", Value::List(vec![Value::text("draft")]))]);
        assert_eq!(read(&Said { component_type: STATE_MACHINE.into(), properties }), None);
    }
}
