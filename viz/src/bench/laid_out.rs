//! A layout beside frames: how long until it is of use, and until it is as good as it gets.

use std::time::{Duration, Instant};

use crate::app::Layouts;
use crate::framing::Framed;
use crate::headless::HeadlessView;
use crate::scene::GraphScene;

use super::frames::{Frames, Pace, Timer};
use super::scenario::{Scenario, Stage};

/// How long a layout took.
#[derive(Debug, Clone, Copy)]
pub(super) struct LaidOut {
    /// Until every node was seen where the seed puts it.
    pub(super) usable: Duration,
    /// Until every node was seen where the last iteration puts it.
    pub(super) refined: Duration,
}

/// Lays out a scene, and makes frames until every node is where it will stay, sixty a second where they are made in time.
pub(super) fn lay_out(view: &mut HeadlessView, mut stage: Stage) -> (Frames, LaidOut) {
    view.world().insert_resource(Layouts::automatic());
    let mut timer = Timer::start(view);
    let (begun, mut pace) = (Instant::now(), Pace::start());
    let (mut usable, mut sent) = (None, 0);
    for number in 0_u32.. {
        timer.frame(view, |view| Scenario::Layout.step(view, number as usize, &stage));
        let world = view.world();
        let (scene, layouts) = (world.resource::<GraphScene>(), world.resource::<Layouts>());
        if layouts.sent() > 0 && scene.way() >= 1.0 {
            usable.get_or_insert_with(|| begun.elapsed());
        }
        if layouts.is_at_rest(scene) {
            break;
        }
        if std::mem::replace(&mut sent, layouts.sent()) != layouts.sent() {
            stage.bounds = Framed::all(scene).map_or(stage.bounds, |framed| framed.middles);
        }
        pace.wait();
    }
    let refined = begun.elapsed();
    view.world().remove_resource::<Layouts>();
    (timer.stop(view), LaidOut { usable: usable.unwrap_or(refined), refined })
}
