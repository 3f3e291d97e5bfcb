//! Whether the stream's leader is away, as far as a reader knows who may do without it.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// How long a leader that did not answer is not asked again.
const LEFT_ALONE: Duration = Duration::from_secs(2);

/// How long a leader is waited for, at least, before its place is taken by any server.
pub(crate) const PATIENCE: Duration = Duration::from_millis(500);

/// What a reader knows of the leader. Only who reads and never appends may take another server's word for it: that may
/// lag, so the end of the stream is the end as that server knows it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Absence(Arc<Mutex<Option<Instant>>>);

impl Absence {
    /// Returns whether the leader is not to be asked now.
    pub(crate) fn lasts(&self) -> bool {
        self.0.lock().is_some_and(|until| Instant::now() < until)
    }

    /// Notes that the leader did not answer.
    pub(crate) fn note(&self) {
        *self.0.lock() = Some(Instant::now() + LEFT_ALONE);
    }
}
