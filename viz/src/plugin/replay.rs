//! Transactions shown again, one after the other, at a pace.

use std::collections::VecDeque;

use bevy::ecs::prelude::*;
use bevy::time::Time;
use cidgraph::GraphUpdate;

use super::bridge::messages_of;
use super::message::{EventSource, GraphMutationEvent};

/// Shows transactions one after the other; the component goes once all were shown.
#[derive(Component, Debug)]
pub struct TransactionReplay {
    /// What is still to be shown.
    pub transactions: VecDeque<GraphUpdate>,
    /// Transactions a second, above 0.
    pub per_second: f32,
    due: f32,
}

impl TransactionReplay {
    /// Makes a replay of so many transactions a second.
    pub fn new(transactions: impl IntoIterator<Item = GraphUpdate>, per_second: f32) -> Self {
        Self { transactions: transactions.into_iter().collect(), per_second, due: 0.0 }
    }
}

pub(super) fn replay(
    mut commands: Commands,
    time: Res<Time>,
    mut replays: Query<(Entity, &mut TransactionReplay)>,
    mut messages: MessageWriter<GraphMutationEvent>,
) {
    for (entity, mut replay) in &mut replays {
        replay.due += time.delta_secs() * replay.per_second;
        while replay.due >= 1.0 {
            replay.due -= 1.0;
            let Some(update) = replay.transactions.pop_front() else { break };
            let source = EventSource::Replay { sequence: update.last_sequence };
            messages.write_batch(messages_of(update, source));
        }
        if replay.transactions.is_empty() {
            commands.entity(entity).remove::<TransactionReplay>();
        }
    }
}
