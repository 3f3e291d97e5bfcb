//! The answers to commands on their way back: every command that was taken is answered once, whatever ends before.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::engine::Error;
use crate::id::{CommandId, GraphId};
use crate::writer::{Receipt, WriteError};

use super::error::BridgeError;
use super::event::BridgeEvent;

/// The answers that wait for the frame loop, and how many are still to come.
#[derive(Debug)]
pub(super) struct Answers {
    under_way_max: usize,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    ready: VecDeque<BridgeEvent>,
    /// Commands that were taken and whose answer was not received.
    under_way: usize,
}

impl Answers {
    pub(super) fn new(under_way_max: usize) -> Self {
        Self { under_way_max: under_way_max.max(1), held: Mutex::default() }
    }

    /// Promises an answer to a command.
    pub(super) fn promise(self: &Arc<Self>, command: CommandId, graph: GraphId) -> Result<Promise, BridgeError> {
        let mut held = self.held.lock();
        if held.under_way >= self.under_way_max {
            return Err(BridgeError::Full { under_way: held.under_way });
        }
        held.under_way += 1;
        drop(held);
        Ok(Promise { answers: Arc::clone(self), command, graph, stage: Stage::Waiting })
    }

    /// Takes the answers that are there.
    pub(super) fn take(&self, answered: &mut VecDeque<BridgeEvent>) {
        let mut held = self.held.lock();
        held.under_way -= held.ready.len();
        answered.append(&mut held.ready);
    }

    /// Returns how many commands were taken whose answer was not received.
    pub(super) fn under_way(&self) -> usize {
        self.held.lock().under_way
    }
}

/// How far a command has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nobody has begun with it.
    Waiting,
    /// It may have reached the store.
    Begun,
    /// Nothing is owed any more.
    Kept,
}

/// An answer that is owed; dropped without one, it says what is known.
pub(super) struct Promise {
    answers: Arc<Answers>,
    command: CommandId,
    graph: GraphId,
    stage: Stage,
}

impl Promise {
    pub(super) const fn begin(&mut self) {
        self.stage = Stage::Begun;
    }

    pub(super) fn keep(mut self, outcome: Result<Receipt, Error>) {
        self.answer(outcome);
    }

    /// Takes the promise back: the caller is told otherwise that the command was not taken.
    pub(super) fn withdraw(mut self) {
        self.stage = Stage::Kept;
        self.answers.held.lock().under_way -= 1;
    }

    fn answer(&mut self, outcome: Result<Receipt, Error>) {
        self.stage = Stage::Kept;
        let answered = BridgeEvent::Answered { command: self.command, graph: self.graph, outcome };
        self.answers.held.lock().ready.push_back(answered);
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        let error = match self.stage {
            Stage::Kept => return,
            Stage::Waiting => WriteError::Closed,
            Stage::Begun => WriteError::Unknown { reason: "the bridge's runtime has ended".to_owned() },
        };
        self.answer(Err(error.into()));
    }
}

impl fmt::Debug for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Promise").field("command", &self.command).field("stage", &self.stage).finish_non_exhaustive()
    }
}
