//! The front door of any kind of aggregate: a command in, its events durable and chained, a receipt out.

use std::sync::Arc;

use crate::aggregate::StateMachineAggregate;
use crate::clock::Clock;
use crate::command::CommandContext;
use crate::id::AggregateId;
use crate::store::EventStore;
use crate::writer::{Receipt, Registry, ReplayError, Submission, WriteError, WriterConfig};

use super::machine_draft::{MachineDrafts, Published};

/// Submits commands to the aggregates of one kind in a store.
///
/// Several may share a store, of the same kind or of others, in this process or elsewhere: where another one appends
/// first, the command is decided again on what is there then.
#[derive(Debug)]
pub struct TransactionalCommandHandler<A: StateMachineAggregate> {
    registry: Registry<MachineDrafts<A>>,
}

impl<A: StateMachineAggregate> TransactionalCommandHandler<A> {
    /// Makes a handler without open aggregates; they load on demand.
    pub fn new(store: Arc<dyn EventStore>, config: WriterConfig, clock: Arc<dyn Clock>) -> Self {
        Self { registry: Registry::new(store, MachineDrafts::default(), config, clock) }
    }

    /// Decides a command and makes its events durable, as one transaction.
    ///
    /// # Errors
    /// [`WriteError::Rejected`] with the aggregate's own reason; else why nothing was, or may have been, written.
    pub async fn handle(
        &self,
        aggregate: AggregateId,
        context: CommandContext,
        command: A::Command,
    ) -> Result<Receipt, WriteError<A::Rejection>> {
        self.submit(aggregate, Submission::one(context, command)).await
    }

    /// Decides several commands, each on top of those before it, as one transaction.
    ///
    /// # Errors
    /// As [`handle`](Self::handle); where one command is refused, none takes effect.
    pub async fn submit(
        &self,
        aggregate: AggregateId,
        submission: Submission<A::Command>,
    ) -> Result<Receipt, WriteError<A::Rejection>> {
        self.registry.submit(aggregate, submission).await
    }

    /// Returns an aggregate's state with all that this handler has acknowledged; the initial one where nothing has
    /// happened to it. What others append is in it once this handler has written again or loaded anew.
    ///
    /// # Errors
    /// [`ReplayError`] where the aggregate cannot be read whole.
    pub async fn state(&self, aggregate: AggregateId) -> Result<Arc<Published<A>>, ReplayError> {
        Ok(self.registry.open(aggregate).await?.reader.current())
    }

    /// Returns the open aggregates.
    pub const fn registry(&self) -> &Registry<MachineDrafts<A>> {
        &self.registry
    }
}
