//! The caller's end of a writer.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::aggregate::Draft;
use crate::clock::Clock;
use crate::id::AggregateId;
use crate::ledger::MemoryLedger;
use crate::store::EventStore;

use super::config::WriterConfig;
use super::group::{GroupLimits, WaitingFor};
use super::metrics::{Counters, WriterMetrics};
use super::replay::{LoadedTip, ReplayError, load};
use super::submission::{Answer, Receipt, Submission, Waiting, WriteError};
use super::task::{Message, Writer};

/// An answer on its way.
pub(crate) type AnswerOf<D> = oneshot::Receiver<Answer<<D as Draft>::Rejection>>;

/// Sends submissions to the writer of one aggregate; clones send to the same one.
pub struct WriterHandle<D: Draft> {
    aggregate: AggregateId,
    queue: mpsc::Sender<Message<D>>,
    counters: Arc<Counters>,
}

/// Loads an aggregate into a fresh draft and starts its writer on the current tokio runtime.
///
/// # Errors
/// [`ReplayError`] where the aggregate cannot be read whole.
///
/// # Panics
/// Outside a tokio runtime with timers.
pub async fn open<D: Draft>(
    store: Arc<dyn EventStore>,
    aggregate: AggregateId,
    mut draft: D,
    config: WriterConfig,
    clock: Arc<dyn Clock>,
) -> Result<WriterHandle<D>, ReplayError> {
    let tip = load(&store, aggregate, &mut draft, config.remembered_transactions_max).await?;
    Ok(spawn(store, tip, draft, config, clock))
}

/// Starts the writer of a loaded aggregate on the current tokio runtime. It ends when it is closed, idle for too long,
/// or when no handle is left.
///
/// # Panics
/// Outside a tokio runtime with timers.
pub fn spawn<D: Draft>(
    store: Arc<dyn EventStore>,
    tip: LoadedTip,
    draft: D,
    config: WriterConfig,
    clock: Arc<dyn Clock>,
) -> WriterHandle<D> {
    spawn_then(store, tip, draft, config, clock, || ())
}

/// Starts a writer and calls `ended` once it has ended.
pub(super) fn spawn_then<D: Draft>(
    store: Arc<dyn EventStore>,
    tip: LoadedTip,
    draft: D,
    config: WriterConfig,
    clock: Arc<dyn Clock>,
    ended: impl FnOnce() + Send + 'static,
) -> WriterHandle<D> {
    let (sender, queue) = mpsc::channel(config.queue_submissions_max);
    let counters = Arc::new(Counters::default());
    let handle = WriterHandle { aggregate: tip.aggregate, queue: sender, counters: Arc::clone(&counters) };
    let capabilities = store.capabilities();
    let writer = Writer {
        limits: GroupLimits::new(&config, capabilities),
        patience: config.deadline.unwrap_or(capabilities.deadline),
        durability: store.durability_of_kept(),
        store,
        clock,
        config,
        draft,
        tip,
        queue,
        counters,
        waiting: VecDeque::new(),
        closing: Vec::new(),
        unresolved: false,
        answered: Instant::now(),
        last_group: 0,
    };
    writer.take_stock();
    let ending = Ending(Arc::clone(&handle.counters));
    drop(tokio::spawn(async move {
        writer.run().await;
        ended();
        drop(ending);
    }));
    handle
}

/// Tells where it is dropped that a writer has ended, in order or with its runtime.
struct Ending(Arc<Counters>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.ended.send_replace(true);
    }
}

impl<D: Draft> WriterHandle<D> {
    /// Returns the aggregate.
    pub const fn aggregate(&self) -> AggregateId {
        self.aggregate
    }

    /// Sends a submission, waiting while the queue is full, and returns its answer. Dropping the future leaves all of
    /// the submission's events or none.
    ///
    /// # Errors
    /// [`WriteError`]; nothing was written but for [`WriteError::Unknown`].
    pub async fn submit(&self, submission: Submission<D::Command>) -> Answer<D::Rejection> {
        match self.enqueue(submission).await {
            Ok(answer) => received(answer).await,
            Err(_) => Err(WriteError::Closed),
        }
    }

    /// Sends a submission where there is room in the queue, and returns its answer.
    ///
    /// # Errors
    /// [`WriteError::Full`] at once where there is none, else as [`submit`](Self::submit).
    pub async fn try_submit(&self, submission: Submission<D::Command>) -> Result<Receipt, WriteError<D::Rejection>> {
        let (waiting, answer) = waiting::<D>(submission);
        match self.queue.try_send(Message::Submit(waiting)) {
            Ok(()) => received(answer).await,
            Err(mpsc::error::TrySendError::Full(_)) => Err(WriteError::Full),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(WriteError::Closed),
        }
    }

    /// Puts a submission into the queue; gives it back where the writer is closed.
    pub(super) async fn enqueue(
        &self,
        submission: Submission<D::Command>,
    ) -> Result<AnswerOf<D>, Submission<D::Command>> {
        let (waiting, answer) = waiting::<D>(submission);
        match self.queue.send(Message::Submit(waiting)).await {
            Ok(()) => Ok(answer),
            Err(mpsc::error::SendError(Message::Submit(waiting))) => Err(waiting.submission),
            Err(mpsc::error::SendError(Message::Close(_) | Message::CloseUnused(_))) => {
                unreachable!("a submission was sent")
            }
        }
    }

    /// Takes no more submissions, waits for those under way, and ends the writer.
    pub async fn close(&self) {
        self.tell(Message::Close).await;
    }

    /// Closes it where nothing ever happened to the aggregate and no submission waits.
    pub(super) async fn close_unused(&self) {
        self.tell(Message::CloseUnused).await;
    }

    /// Sends word in the order of submissions and waits until it is done.
    async fn tell(&self, message: impl FnOnce(oneshot::Sender<()>) -> Message<D>) {
        let (done, finished) = oneshot::channel();
        if self.queue.send(message(done)).await.is_ok() {
            drop(finished.await);
        }
    }

    /// Waits until the writer has ended: the store holds what it was to write.
    pub(super) async fn ended(&self) {
        // An error would say that nobody is left who could tell, but this handle is.
        drop(self.counters.ended.subscribe().wait_for(|ended| *ended).await);
    }

    /// Returns whether the writer takes no more submissions.
    pub fn is_closed(&self) -> bool {
        self.queue.is_closed()
    }

    /// Returns what the writer has done so far.
    pub fn metrics(&self) -> WriterMetrics {
        self.counters.read(self.queue.max_capacity() - self.queue.capacity())
    }

    /// Enters the bytes on the heap that the writer and its draft took, beside what readers see, when it was opened or
    /// last at rest.
    pub fn enter(&self, ledger: &mut MemoryLedger) {
        ledger.enter_all(&self.counters.memory.lock());
    }
}

fn waiting<D: Draft>(submission: Submission<D::Command>) -> (WaitingFor<D>, AnswerOf<D>) {
    let (reply, answer) = oneshot::channel();
    (Waiting { submission, reply, conflicts: 0, since: Instant::now() }, answer)
}

/// Waits for an answer; a writer that ended without one was torn down with its runtime, after the submission may have
/// been sent to the store.
pub(crate) async fn received<R: std::error::Error + 'static>(answer: oneshot::Receiver<Answer<R>>) -> Answer<R> {
    let gone = |_| Err(WriteError::Unknown { reason: "the writer was torn down".to_owned() });
    answer.await.unwrap_or_else(gone)
}

impl<D: Draft> Clone for WriterHandle<D> {
    fn clone(&self) -> Self {
        Self { aggregate: self.aggregate, queue: self.queue.clone(), counters: Arc::clone(&self.counters) }
    }
}

impl<D: Draft> fmt::Debug for WriterHandle<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriterHandle").field("aggregate", &self.aggregate).finish_non_exhaustive()
    }
}
