//! The plugin that shows graphs in a Bevy application.

use bevy::app::{App, Plugin, PostUpdate, Update};
use bevy::ecs::prelude::*;
use bevy::transform::TransformSystems;

use crate::render::GraphRenderPlugin;
use crate::scene::GraphScene;

use super::bridge::{GraphBridge, receive};
use super::element::{
    HIGHLIGHTED, Highlighted, SELECTED, Selected, add_containers, follow_containers, follow_elements, hide_mark,
    show_mark,
};
use super::machine::StateMachinePlugin;
use super::message::{CommandAnswered, GraphMutationEvent};
use super::playback::play;
use super::replay::replay;

/// When the view's systems run in `Update`.
#[derive(SystemSet, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GraphSystems {
    /// Messages are written.
    Receive,
    /// Messages change the scene.
    Apply,
}

/// Shows the graphs whose changes are written as [`GraphMutationEvent`]s, or come over a
/// [`GraphBridge`](super::GraphBridge), to every [`GraphCamera`](crate::render::GraphCamera).
#[derive(Debug, Clone, Copy, Default)]
pub struct EventSourcedGraphPlugin;

impl Plugin for EventSourcedGraphPlugin {
    fn build(&self, app: &mut App) {
        app.add_plugins((GraphRenderPlugin, StateMachinePlugin))
            .init_resource::<GraphScene>()
            .add_message::<GraphMutationEvent>()
            .add_message::<CommandAnswered>()
            .configure_sets(Update, (GraphSystems::Receive, GraphSystems::Apply).chain())
            .add_systems(Update, (receive, replay).in_set(GraphSystems::Receive))
            .add_systems(Update, (apply_mutations, play, add_containers).chain().in_set(GraphSystems::Apply))
            .add_systems(PostUpdate, follow_elements.before(TransformSystems::Propagate))
            .add_systems(PostUpdate, follow_containers.after(TransformSystems::Propagate))
            .add_observer(show_mark::<Selected, SELECTED>)
            .add_observer(hide_mark::<Selected, SELECTED>)
            .add_observer(show_mark::<Highlighted, HIGHLIGHTED>)
            .add_observer(hide_mark::<Highlighted, HIGHLIGHTED>);
    }
}

fn apply_mutations(
    mut scene: ResMut<GraphScene>,
    mut messages: MessageReader<GraphMutationEvent>,
    bridge: Option<Res<GraphBridge>>,
) {
    for message in messages.read() {
        scene.apply(message.graph, message.version, &message.mutation);
    }
    // A transaction that changes nothing that is seen comes without mutations.
    for (graph, version) in bridge.iter().flat_map(|bridge| bridge.received()) {
        scene.come_to(*graph, *version);
    }
}
