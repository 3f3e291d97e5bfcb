//! What was asked for and could not be done.

use bevy::ecs::prelude::*;

use crate::source::Source;

use super::action::Action;

/// Why something that was asked for was not done.
#[derive(Message, Debug, Clone, PartialEq, Eq)]
pub struct Mistake(pub String);

/// The last mistake, until something else is done.
#[derive(Resource, Debug, Default)]
pub struct LastMistake(Option<String>);

impl LastMistake {
    /// Returns it.
    pub fn get(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

/// Takes over what the source could not do.
pub(super) fn take_from_source(source: Option<Res<Source>>, mut mistakes: MessageWriter<Mistake>) {
    if let Some(source) = source {
        mistakes.write_batch(source.take_mistakes().into_iter().map(Mistake));
    }
}

/// Keeps the last mistake.
pub(super) fn keep_last(
    mut actions: MessageReader<Action>,
    mut mistakes: MessageReader<Mistake>,
    mut last: ResMut<LastMistake>,
) {
    if actions.read().any(|action| !matches!(action, Action::Hover(_))) {
        last.0 = None;
    }
    if let Some(Mistake(text)) = mistakes.read().last() {
        last.0 = Some(text.clone());
    }
}
