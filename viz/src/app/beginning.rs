//! What a window shows first: the version that was asked for, once all is there that the store held when it was opened.

use bevy::ecs::prelude::*;

use crate::plugin::GraphBridge;
use crate::source::Source;

use super::action::Action;

/// Which version is shown first, and which it is compared with.
#[derive(Resource, Debug, Clone, Copy)]
pub struct Beginning {
    /// The version; `None` for the last, and all that follow.
    pub at: Option<u64>,
    /// The other version; `None` for none.
    pub compare: Option<u64>,
}

/// Goes to the version once it is there.
pub(super) fn begin(
    mut commands: Commands,
    beginning: Res<Beginning>,
    source: Option<Res<Source>>,
    bridge: Option<Res<GraphBridge>>,
    mut actions: MessageWriter<Action>,
) {
    if source.zip(bridge).is_some_and(|(source, bridge)| source.is_behind(&bridge)) {
        return;
    }
    let Beginning { at, compare } = *beginning;
    actions.write_batch(at.map(Action::Version));
    actions.write_batch(compare.map(|version| Action::Compare(Some(version))));
    commands.remove_resource::<Beginning>();
}
