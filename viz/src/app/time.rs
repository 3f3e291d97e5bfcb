//! Which version is shown.

use bevy::ecs::prelude::*;

use crate::plugin::Playback;
use crate::scene::{GraphScene, SceneGraph};
use crate::source::Source;

use super::action::Action;
use super::mistake::Mistake;

/// Goes to versions, plays and compares, in every graph of the scene.
pub(super) fn go_in_time(
    mut commands: Commands,
    mut actions: MessageReader<Action>,
    mut scene: ResMut<GraphScene>,
    source: Option<Res<Source>>,
    playing: Query<Entity, With<Playback>>,
    mut mistakes: MessageWriter<Mistake>,
) {
    for (graph, version) in source.iter().flat_map(|source| source.take_moment()) {
        if let Some(graph) = scene.find_graph(graph) {
            scene.show_version(graph, version);
        }
    }
    let is_still = source.as_ref().is_some_and(|source| source.is_still());
    for action in actions.read() {
        let mistake = if is_still && leaves_present(action, &scene) {
            Some("a snapshot has one version".to_owned())
        } else {
            beyond_last(action, &scene)
        };
        if let Some(mistake) = mistake {
            mistakes.write(Mistake(mistake));
            continue;
        }
        let is_jump = matches!(action, Action::Version(_) | Action::Step(_) | Action::Live | Action::Go(_));
        if is_jump || matches!(action, Action::Pause | Action::Play(_) | Action::Loop(_)) {
            playing.iter().for_each(|entity| commands.entity(entity).despawn());
        }
        if let (Action::Go(moment), Some(source)) = (action, &source) {
            source.seek(scene.graphs().iter().map(|graph| graph.id).collect(), moment.clone());
        }
        for graph in (0..).take(scene.graphs().len()) {
            let (shown, id) = (shown_version(&scene, graph), scene.graphs()[usize::from(graph)].id);
            if let Action::Version(version) = action {
                scene.show_version(graph, *version);
            }
            if let Action::Step(by) = action {
                let version = transaction_end(&scene.graphs()[usize::from(graph)], shown, *by);
                scene.show_version(graph, version);
            }
            if *action == Action::Live {
                scene.show_live(graph);
            }
            if let Action::Compare(version) = action {
                scene.compare_with(graph, *version);
            }
            if let Action::Play(versions_per_second) | Action::Loop(versions_per_second) = action {
                #[expect(clippy::cast_precision_loss, reason = "a version has far fewer than 52 bits")]
                let version = shown as f64;
                let is_loop = matches!(action, Action::Loop(_));
                commands.spawn(Playback { graph: id, versions_per_second: *versions_per_second, is_loop, version });
            }
        }
    }
}

/// Returns whether an action asks for another version than the last one.
fn leaves_present(action: &Action, scene: &GraphScene) -> bool {
    if let Action::Version(version) | Action::Compare(Some(version)) = action {
        return scene.graphs().iter().any(|graph| *version < graph.version);
    }
    matches!(action, Action::Step(..0) | Action::Go(_) | Action::Play(_) | Action::Loop(_))
}

/// Returns what is wrong with an action that asks for a version that no graph has come to.
fn beyond_last(action: &Action, scene: &GraphScene) -> Option<String> {
    let (Action::Version(version) | Action::Compare(Some(version))) = action else { return None };
    let last = scene.last_version();
    (*version > last).then(|| format!("no version {version}: the last one is {last}"))
}

/// Returns the end of the transaction so many further on than a version, back below 0; 0 before the first.
fn transaction_end(graph: &SceneGraph, version: u64, by: i64) -> u64 {
    let ends = graph.transaction_ends();
    // Of 0 and the ends, the place of the last one that is not behind the version.
    let place = ends.partition_point(|end| *end <= version);
    let by_at_most = usize::try_from(by.unsigned_abs()).unwrap_or(usize::MAX);
    let place =
        if by < 0 { place.saturating_sub(by_at_most) } else { place.saturating_add(by_at_most).min(ends.len()) };
    place.checked_sub(1).map_or(0, |before| ends[before])
}

/// Returns the version of a graph that is shown.
pub(super) fn shown_version(scene: &GraphScene, graph: u16) -> u64 {
    u64::from(scene.groups()[usize::from(graph)].version)
}

#[cfg(test)]
mod tests {
    use cidgraph::{GraphId, GraphMutation, NodeId, NodeView};

    use super::*;

    #[test]
    fn steps_go_from_transaction_to_transaction() {
        let mut scene = GraphScene::default();
        for version in [2, 3, 7] {
            let id = NodeId::from_u64(version);
            let node = NodeView { id, key: None, kind: "thing".into(), version, components: Vec::new() };
            scene.apply(GraphId::from_u64(1), version, &GraphMutation::NodeAdded { node });
        }
        let step = |version, by| transaction_end(&scene.graphs()[0], version, by);
        assert_eq!([step(0, 1), step(2, 1), step(3, 1), step(7, 1)], [2, 3, 7, 7]);
        assert_eq!([step(7, -1), step(3, -1), step(2, -1), step(0, -1)], [3, 2, 0, 0]);
        assert_eq!([step(5, 1), step(5, -1), step(0, i64::MAX), step(7, i64::MIN)], [7, 2, 7, 0]);
    }
}
