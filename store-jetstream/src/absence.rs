//! Whether the stream's leader is away, as far as a reader knows who may do without it.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::{Instant, timeout};

use crate::backoff::Failure;

/// How long a leader that did not answer is not asked again; longer each time.
const LEFT_ALONE: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(16));

/// How long a leader is waited for, at least, before its place is taken by any server.
pub(crate) const PATIENCE: Duration = Duration::from_millis(500);

/// What a reader knows of the leader. Only who reads and never appends may take another server's word for it: that may
/// lag, so the end of the stream is the end as that server knows it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Absence(Arc<Mutex<Option<Away>>>);

#[derive(Debug, Clone, Copy)]
struct Away {
    until: Instant,
    /// How long it is left alone this time.
    pause: Duration,
}

impl Absence {
    /// Returns whether the leader is not to be asked now.
    pub(crate) fn lasts(&self) -> bool {
        self.0.lock().is_some_and(|away| Instant::now() < away.until)
    }

    /// Notes that the leader did not answer.
    pub(crate) fn note(&self) {
        let mut away = self.0.lock();
        if away.is_some_and(|away| Instant::now() < away.until) {
            // Others, who asked at the same time, have noted it.
            return;
        }
        let pause = away.map_or(LEFT_ALONE.0, |away| (away.pause * 2).min(LEFT_ALONE.1));
        *away = Some(Away { until: Instant::now() + pause, pause });
    }

    fn end(&self) {
        *self.0.lock() = None;
    }
}

/// Asks the leader; where that does not answer and any server's word suffices, asks that one instead.
pub(crate) async fn leader_or_any<T>(
    absence: Option<&Absence>,
    patience: Duration,
    leader: impl Future<Output = Result<T, Failure>>,
    any: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let Some(absence) = absence else {
        return timeout(patience, leader).await.map_err(|late| Failure::Transient(late.to_string()))?;
    };
    if !absence.lasts() {
        match timeout(patience.max(PATIENCE), leader).await {
            Err(_) | Ok(Err(Failure::Transient(_) | Failure::Unanswered)) => absence.note(),
            Ok(answered) => {
                absence.end();
                return answered;
            }
        }
    }
    any.await
}
