//! Waiting for what must come about, with a deadline.

use std::time::Duration;

use crate::store::conformance::{Breach, Subject};
use crate::stream::StreamEvent;
use crate::subscription::{Following, SubscriptionId, SubscriptionManager};

/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(1);

/// Looks until something is there.
///
/// # Errors
/// That of a look; a breach that names `what` where it does not come in time.
pub async fn eventually<T>(
    patience: Duration,
    what: &str,
    mut look: impl AsyncFnMut() -> Result<Option<T>, Breach>,
) -> Result<T, Breach> {
    let looking = async {
        loop {
            if let Some(found) = look().await? {
                return Ok(found);
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    let late = || Err(Breach(format!("{what} did not come within {patience:?}")));
    tokio::time::timeout(patience, looking).await.unwrap_or_else(|_| late())
}

/// Polls a buffered subscription until it has handed out so many events, perhaps more.
///
/// # Errors
/// As [`eventually`]; what the subscription stopped with.
pub async fn take(
    subscriptions: &SubscriptionManager,
    id: SubscriptionId,
    count: usize,
    patience: Duration,
) -> Result<Vec<StreamEvent>, Breach> {
    let mut events = Vec::new();
    eventually(patience, &format!("{count} events of a subscription"), async || {
        events.extend(subscriptions.poll_events(id).await?);
        Ok((events.len() >= count).then(|| std::mem::take(&mut events)))
    })
    .await
}

/// Waits until a processor has applied all that is in the store.
///
/// # Errors
/// Where it ends before, or does not come so far in time.
pub async fn reached(subject: &Subject, following: &mut Following) -> Result<(), Breach> {
    let last = subject.store.last_sequence().await?;
    match tokio::time::timeout(subject.patience(), following.reached(last)).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(Breach(format!("the processor ended before sequence {last}"))),
        Err(_) => Err(Breach(format!("the processor did not come to sequence {last} in time"))),
    }
}
