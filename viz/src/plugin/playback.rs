//! Going through a graph's versions by itself: forwards or backwards, at any speed, once or for ever.

use bevy::ecs::prelude::*;
use bevy::time::Time;
use cidgraph::GraphId;

use crate::scene::GraphScene;

/// Goes through the versions of a graph.
#[derive(Component, Debug, Clone, Copy)]
pub struct Playback {
    /// The graph.
    pub graph: GraphId,
    /// Versions a second; backwards below 0.
    pub versions_per_second: f64,
    /// Whether it begins again at the other end.
    pub is_loop: bool,
    /// Where it is.
    pub version: f64,
}

/// Shows the next versions; the component goes at the end, unless it begins again.
pub(super) fn play(
    mut commands: Commands,
    time: Res<Time>,
    mut scene: ResMut<GraphScene>,
    mut playbacks: Query<(Entity, &mut Playback)>,
) {
    for (entity, mut playback) in &mut playbacks {
        let Some(graph) = scene.find_graph(playback.graph) else { continue };
        #[expect(clippy::cast_precision_loss, reason = "a version has far fewer than 52 bits")]
        let last = scene.graphs()[usize::from(graph)].version as f64;
        let next = playback.version + playback.versions_per_second * time.delta_secs_f64();
        let is_over = next < 0.0 || next > last;
        playback.version = match (is_over, playback.is_loop) {
            (true, true) => next.rem_euclid(last + 1.0),
            _ => next.clamp(0.0, last),
        };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the last version")]
        scene.show_version(graph, playback.version as u64);
        if is_over && !playback.is_loop {
            commands.entity(entity).remove::<Playback>();
        }
    }
}
