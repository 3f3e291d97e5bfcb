//! Which version is shown.

use bevy::ecs::prelude::*;

use crate::plugin::Playback;
use crate::scene::GraphScene;

use super::action::Action;

/// Goes to versions, plays and compares, in every graph of the scene.
pub(super) fn go_in_time(
    mut commands: Commands,
    mut actions: MessageReader<Action>,
    mut scene: ResMut<GraphScene>,
    playing: Query<Entity, With<Playback>>,
) {
    for action in actions.read() {
        let is_jump = matches!(action, Action::Version(_) | Action::Step(_) | Action::Live);
        if is_jump || matches!(action, Action::Pause | Action::Play(_)) {
            playing.iter().for_each(|entity| commands.entity(entity).despawn());
        }
        for graph in (0..).take(scene.graphs().len()) {
            let shown = shown_version(&scene, graph);
            if let Action::Version(version) = action {
                scene.show_version(graph, *version);
            }
            if let Action::Step(by) = action {
                let last = scene.graphs()[usize::from(graph)].version;
                scene.show_version(graph, shown.saturating_add_signed(*by).min(last));
            }
            if *action == Action::Live {
                scene.show_live(graph);
            }
            if let Action::Compare(version) = action {
                scene.compare_with(graph, *version);
            }
            if let Action::Play(versions_per_second) = action {
                let graph = scene.graphs()[usize::from(graph)].id;
                #[expect(clippy::cast_precision_loss, reason = "a version has far fewer than 52 bits")]
                let version = shown as f64;
                let versions_per_second = *versions_per_second;
                commands.spawn(Playback { graph, versions_per_second, is_loop: false, version });
            }
        }
    }
}

/// Returns the version of a graph that is shown.
pub(super) fn shown_version(scene: &GraphScene, graph: u16) -> u64 {
    u64::from(scene.groups()[usize::from(graph)].version)
}
