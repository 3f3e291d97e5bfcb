//! A graph that random bytes make, in a store, with what it was after each of its transactions.

use std::sync::Arc;

use cidgraph::history::HistoryConfig;
use cidgraph::{
    Clock, CommandContext, CommandId, Engine, EventStore, GraphCommand, GraphHistory, GraphReadModel, ManualClock,
    Submission,
};
use cidgraph_store_memory::MemoryStore;

use crate::commands::{Input, command, graph};
use crate::model::{LIMITS, Model};

/// The time between two transactions of a story, nanoseconds.
pub(crate) const TICK_NS: u64 = 10;

/// A graph and what it was.
pub(crate) struct Story {
    pub(crate) engine: Engine,
    /// The state after each transaction, in order.
    pub(crate) states: Vec<GraphReadModel>,
}

impl Story {
    /// Tells the story of some bytes: transactions of up to `commands_max` commands, at times of their own. Folds come
    /// every few rows, so that what is compared with has another base than what is replayed.
    pub(crate) async fn of(bytes: &[u8], commands_max: u8) -> Self {
        let clock = Arc::new(ManualClock::at(TICK_NS));
        let store: Arc<dyn EventStore> = Arc::new(MemoryStore::new());
        let shared: Arc<dyn Clock> = clock.clone();
        let engine = Engine::builder(store).limits(LIMITS).clock(shared).fold_rows_min(24).build();
        let (mut model, mut states) = (Model::default(), Vec::new());
        let mut input = Input::new(bytes);
        for number in 0.. {
            if input.is_empty() {
                break;
            }
            let Some(commands) = transaction(&mut input, &mut model, commands_max) else { continue };
            clock.set(TICK_NS * (states.len() as u64 + 1));
            let context = CommandContext::new(CommandId::from_u64(number), "teller");
            let submission = Submission { context, commands, expected: None };
            engine.submit(graph(), submission).await.expect("the model took it");
            states.push(engine.get_graph(graph()).await.expect("it is there"));
        }
        Self { engine, states }
    }

    /// Returns the graph's past, with nothing at hand.
    pub(crate) fn history(&self) -> GraphHistory {
        self.engine.history(graph())
    }

    /// Returns the graph's past in an engine that keeps next to nothing.
    pub(crate) fn forgetful(&self) -> GraphHistory {
        let history = HistoryConfig { states_max: 1, bytes_max: 0 };
        Engine::builder(Arc::clone(self.engine.store())).history(history).build().history(graph())
    }

    /// Returns the state after the last transaction that ended by a version.
    pub(crate) fn state(&self, version: u64) -> Option<&GraphReadModel> {
        self.states.iter().rev().find(|state| state.version() <= version)
    }

    /// Returns the last version.
    pub(crate) fn last(&self) -> u64 {
        self.states.last().map_or(0, GraphReadModel::version)
    }
}

/// Makes the next transaction, `None` where the model refuses it.
fn transaction(input: &mut Input<'_>, model: &mut Model, commands_max: u8) -> Option<Vec<GraphCommand>> {
    let (mut next, mut commands) = (model.clone(), Vec::new());
    for _ in 0..=input.below(commands_max) {
        let command = command(input, &next);
        if next.execute(graph(), &command) {
            commands.push(command);
        }
    }
    if commands.is_empty() || is_end(&commands) && !input.below(8).is_multiple_of(8) {
        return None;
    }
    *model = next;
    Some(commands)
}

/// Returns whether nothing can come after these commands.
fn is_end(commands: &[GraphCommand]) -> bool {
    commands.iter().any(|command| matches!(command, GraphCommand::ArchiveGraph { .. }))
}

/// Runs an asynchronous test of one story.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(future)
}
