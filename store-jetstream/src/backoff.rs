//! Trying again: after growing pauses, never the same for two callers, up to a deadline.

use std::sync::Arc;
use std::time::Duration;

use cidgraph::StoreError;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use parking_lot::Mutex;
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use crate::permissions::Access;
use crate::refusals::unavailable;

/// The first pause and the longest.
const PAUSE: (Duration, Duration) = (Duration::from_millis(4), Duration::from_millis(500));

/// How long the first request of a read is waited for.
const PATIENCE: Duration = Duration::from_millis(150);

/// By how much longer each request is waited for than the one before.
const PATIENCE_GROWTH: f64 = 1.5;

/// How long a question is waited for where no time is left: servers that are there answer sooner.
const LAST_CHANCE: Duration = Duration::from_millis(50);

/// How long a small question is waited for before it is asked again beside the first.
const BESIDE: Duration = Duration::from_millis(500);

/// What is said where nobody listens.
pub(crate) const UNANSWERED: &str = "no server that keeps it answers";

/// Why something was not done.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It may be done the next time.
    Transient(String),
    /// Nobody listens: there is no such stream, or its servers are away.
    Unanswered,
    /// It will not.
    Final(StoreError),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Final(error)
    }
}

/// The pauses of one call.
#[derive(Debug)]
pub(crate) struct Backoff {
    until: Instant,
    pause: Duration,
}

impl Backoff {
    pub(crate) fn new(deadline: Duration) -> Self {
        Self { until: Instant::now() + deadline, pause: PAUSE.0 }
    }

    /// Returns the time that is left.
    pub(crate) fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// Pauses, and returns whether there is time to try again.
    pub(crate) async fn pause(&mut self) -> bool {
        let pause = self.pause.mul_f64(0.5 + jitter() / 2.0);
        self.pause = (self.pause * 2).min(PAUSE.1);
        if pause >= self.left() {
            return false;
        }
        sleep(pause).await;
        true
    }
}

/// How long a reader waits in all for servers that do not answer: one deadline for all its calls, so that a command of
/// many ends as soon as one of a single call. What was waited is forgotten once all was answered for as long.
#[derive(Debug, Clone, Default)]
pub(crate) struct Budget(Option<Arc<Mutex<Waited>>>);

#[derive(Debug, Default)]
pub(crate) struct Waited {
    time: Duration,
    /// Up to when time was counted: calls that wait at once wait once.
    last: Option<Instant>,
}

impl Budget {
    /// Makes one for all calls of a reader; by default each call has a deadline of its own.
    pub(crate) fn shared() -> Self {
        Self(Some(Arc::default()))
    }

    fn left(&self, deadline: Duration) -> Duration {
        let Some(waited) = &self.0 else { return deadline };
        let mut waited = waited.lock();
        if waited.last.is_some_and(|last| last.elapsed() > deadline) {
            *waited = Waited::default();
        }
        deadline.saturating_sub(waited.time).max(LAST_CHANCE.min(deadline))
    }

    /// Notes that a call has waited since `started`.
    fn spend(&self, started: Instant) {
        if let Some(waited) = &self.0 {
            let mut waited = waited.lock();
            let from = waited.last.map_or(started, |last| last.max(started));
            waited.time += from.elapsed();
            waited.last = Some(Instant::now());
        }
    }
}

/// How long the next request of a call is waited for: at first shortly, as a server that died does not answer, then
/// longer, as one that is busy does.
#[derive(Debug)]
pub(crate) struct Patience {
    next: Duration,
    most: Duration,
}

impl Patience {
    pub(crate) fn new(first: Duration, most: Duration) -> Self {
        Self { next: first.min(most), most }
    }

    pub(crate) fn take(&mut self) -> Duration {
        let longer = self.next.mul_f64(PATIENCE_GROWTH).min(self.most);
        std::mem::replace(&mut self.next, longer)
    }
}

/// Asks until there is an answer, there cannot be one, or the time is over; each attempt is told how long to wait.
pub(crate) async fn ask<T, Attempt: Future<Output = Result<T, Failure>>>(
    access: &Access,
    budget: &Budget,
    deadline: Duration,
    request_timeout: Duration,
    mut attempt: impl FnMut(Duration) -> Attempt,
) -> Result<T, StoreError> {
    let mut patience = Patience::new(PATIENCE, request_timeout);
    retry(access, budget, deadline, || attempt(patience.take())).await
}

/// Asks, and until `patience` is over asks again and again without giving up what was asked before: who comes back
/// meanwhile answers the newest question, who is only late the oldest. Each attempt is told how long to wait, and ends by
/// itself; the first that ends, also with a failure, ends the asking. Fit for what costs the servers little.
pub(crate) async fn ask_beside<T, Attempt: Future<Output = Result<T, Failure>>>(
    patience: Duration,
    mut attempt: impl FnMut(Duration) -> Attempt,
) -> Result<T, Failure> {
    let until = Instant::now() + patience;
    let mut asked = FuturesUnordered::from_iter([attempt(patience)]);
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let answered = if left > BESIDE { timeout(BESIDE, asked.next()).await } else { Ok(asked.next().await) };
        match answered {
            Ok(answered) => return answered.expect("something is asked"),
            Err(_) => asked.push(attempt(left - BESIDE)),
        }
    }
}

/// Does something until it is done, it cannot be done, the servers forbid it, or the time is over.
pub(crate) async fn retry<T, Attempt: Future<Output = Result<T, Failure>>>(
    access: &Access,
    budget: &Budget,
    deadline: Duration,
    mut attempt: impl FnMut() -> Attempt,
) -> Result<T, StoreError> {
    let mut backoff = Backoff::new(budget.left(deadline));
    loop {
        let started = Instant::now();
        let attempted = timeout(backoff.left(), access.unless_denied(attempt())).await;
        let reason = match attempted {
            Ok(Ok(Ok(done))) => return Ok(done),
            Ok(Err(error) | Ok(Err(Failure::Final(error)))) => return Err(error),
            Ok(Ok(Err(Failure::Transient(reason)))) => reason,
            Ok(Ok(Err(Failure::Unanswered))) => UNANSWERED.to_owned(),
            Err(_) => "no answer came in time".to_owned(),
        };
        let goes_on = backoff.pause().await;
        budget.spend(started);
        if !goes_on {
            return Err(unavailable(format!("stream {}: {reason}", access.stream())));
        }
    }
}

/// Returns a number from 0 to 1.
fn jitter() -> f64 {
    let [random, ..] = *Uuid::new_v4().as_bytes();
    f64::from(random) / f64::from(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn calls_that_wait_at_once_wait_once() {
        let (access, deadline) =
            (crate::permissions::Permissions::default().to([String::new()]), Duration::from_secs(4));
        let budget = Budget::shared();
        let waiting = |_| async {
            let answered_from = Instant::now() + Duration::from_secs(1);
            let attempt = || async { if Instant::now() < answered_from { Err(Failure::Unanswered) } else { Ok(()) } };
            retry(&access, &budget, deadline, attempt).await.expect("it is answered in time");
        };
        futures::future::join_all((0..40).map(waiting)).await;
        let left = budget.left(deadline);
        assert!(left > Duration::from_secs(2), "{left:?} of {deadline:?} are left");
    }

    #[tokio::test(start_paused = true)]
    async fn what_one_call_waited_the_next_ones_have_not() {
        let access = crate::permissions::Permissions::default().to([String::new()]);
        let deadline = Duration::from_millis(400);
        let (budget, start) = (Budget::shared(), Instant::now());
        for _ in 0..4 {
            let waiting = || std::future::pending::<Result<(), Failure>>();
            let waited = retry(&access, &budget, deadline, waiting).await;
            assert!(matches!(waited, Err(StoreError::Unavailable { .. })), "{waited:?}");
        }
        assert!(start.elapsed() < deadline * 2, "four calls waited for {:?}", start.elapsed());
        assert_eq!(Budget::default().left(deadline), deadline);
        sleep(deadline + LAST_CHANCE).await;
        assert_eq!(budget.left(deadline), deadline, "what is long ago is forgotten");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_asked_beside_is_answered_by_the_first_who_can() {
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        // Who is away until then never answers what was asked before.
        let away = |asked: Instant, back: Duration| async move {
            if asked < start + back { std::future::pending().await } else { Ok::<_, Failure>(asked) }
        };
        let answered = ask_beside(5 * second, |_| away(Instant::now(), 2 * second)).await;
        assert!(answered.is_ok_and(|asked| asked.elapsed() < second && start.elapsed() < 3 * second));
        // Who is late answers the first question, after a time that no single one of the later ones has.
        let (start, late) = (Instant::now(), Duration::from_millis(4900));
        let answered = ask_beside(5 * second, |_| async move {
            sleep(late).await;
            Ok::<_, Failure>(())
        });
        assert!(answered.await.is_ok());
        assert_eq!(start.elapsed(), late);
        let silent = ask_beside(second, |patience| async move {
            sleep(patience).await;
            Err::<(), _>(Failure::Unanswered)
        });
        assert!(matches!(silent.await, Err(Failure::Unanswered)));
        assert!(start.elapsed() < 7 * second);
    }

    #[test]
    fn patience_grows_up_to_its_bound() {
        let mut patience = Patience::new(Duration::from_secs(1), Duration::from_secs(3));
        let taken: Vec<u128> = (0..5).map(|_| patience.take().as_millis()).collect();
        assert_eq!(taken, [1000, 1500, 2250, 3000, 3000]);
        assert_eq!(Patience::new(Duration::from_secs(1), Duration::from_millis(300)).take().as_millis(), 300);
    }
}
