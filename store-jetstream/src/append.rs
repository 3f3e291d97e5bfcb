//! Appends: one message, or one atomic batch of messages, or several; each aggregate with its check; and what became of
//! them.
//!
//! The server takes an aggregate's first message only where the aggregate's last one has the expected sequence. The
//! same bytes can therefore be sent again at any time: at most one of the copies is taken. What became of a copy whose
//! answer was lost is read from the leader: either the event is there, by its CID, or another one is, or none yet.

use std::time::Duration;

use cidgraph::store::batch::{appended, check_batch};
use cidgraph::{AggregateAppend, AggregateId, Appended, Capabilities, SealedEvent, StoreError};
use futures::{StreamExt, TryStreamExt, stream};
use tokio::time::timeout;

use crate::backoff::{Backoff, Failure, Patience, UNANSWERED};
use crate::message::is_token;
use crate::places::Place;
use crate::publish::{BATCH_EVENTS_MAX, Sent, messages, publish};
use crate::refusals::{invalid, unavailable};
use crate::shared::Shared;
use crate::split::split;

/// Heads that are asked for at the same time.
const HEADS_IN_FLIGHT: usize = 64;

/// How long the first answer to a publish is waited for; to send it again, when it was only late, does no harm.
const PATIENCE: Duration = Duration::from_secs(1);

/// Looks at a batch that is there in part, before it is believed that no more of it comes.
const LOOKS_MAX: usize = 6;

/// What the stream says of a batch.
enum Found {
    /// All of it is there.
    Applied(Appended),
    /// Every aggregate is as expected; its last sequences, 0 where it has none.
    Ready(Vec<u64>),
}

/// What one look at the stream showed.
enum Seen {
    /// What was looked for.
    Found(Found),
    /// An aggregate is not as expected.
    Conflict {
        error: StoreError,
        /// Whether some event of the batch is there nevertheless.
        ours: bool,
    },
}

/// Appends a batch: all of it or nothing, unless it is larger than an atomic batch and may be split.
pub(crate) async fn append(
    shared: &Shared,
    batch: &[AggregateAppend],
    patience: Duration,
) -> Result<Appended, StoreError> {
    if shared.log.absence.is_some() {
        return Err(invalid("the stream was opened to read"));
    }
    let append_events_max = if shared.split_appends { usize::MAX } else { BATCH_EVENTS_MAX };
    check_batch(batch, shared.hash, &Capabilities { append_events_max, ..shared.capabilities })?;
    if !batch.iter().flat_map(|part| &part.events).all(|event| is_token(&event.event_type)) {
        return Err(StoreError::Malformed { reason: "an event type that cannot stand in a subject".into() });
    }
    if batch.iter().map(|part| part.events.len()).sum::<usize>() <= BATCH_EVENTS_MAX {
        return append_atomically(shared, batch, patience).await;
    }
    Box::pin(append_split(shared, batch, patience)).await
}

/// Appends a batch as several, each of them as patiently. Where one fails, those before it stay: sent again, they are
/// recognised and the rest follows.
async fn append_split(shared: &Shared, batch: &[AggregateAppend], patience: Duration) -> Result<Appended, StoreError> {
    let mut applied = 0;
    let mut sequences = (u64::MAX, 0);
    for piece in split(batch, BATCH_EVENTS_MAX)? {
        match append_atomically(shared, &piece, patience).await {
            Ok(answer) => {
                applied += piece.iter().map(|part| part.events.len()).sum::<usize>();
                sequences = (sequences.0.min(answer.first_sequence), sequences.1.max(answer.last_sequence));
            }
            Err(error) if applied == 0 => return Err(error),
            Err(error) => {
                let (last_sequence, cause) = (sequences.1, Box::new(error));
                return Err(StoreError::Partial { events: applied, last_sequence, cause });
            }
        }
    }
    Ok(appended(batch, sequences.0, sequences.1, shared.durability))
}

/// What is rare is in boxes of its own: a future is as large as the largest thing that it may wait for, and each append
/// makes one.
async fn append_atomically(
    shared: &Shared,
    batch: &[AggregateAppend],
    patience: Duration,
) -> Result<Appended, StoreError> {
    let log = &shared.log;
    let mut backoff = Backoff::new(patience);
    let mut patience = Patience::new(PATIENCE, log.connection.request_timeout);
    let mut forbidden = log.access.watch();
    let is_ours =
        |subject: &str| batch.iter().flat_map(|part| &part.events).any(|event| log.subjects.of_event(event) == subject);
    let mut lost = None;
    let mut known = known(shared, batch);
    loop {
        let ready = match known.take() {
            Some(sequences) => Ok(Found::Ready(sequences)),
            None => Box::pin(look(shared, batch, backoff.left())).await,
        };
        let sequences = match ready {
            Ok(Found::Applied(appended)) => return Ok(appended),
            Ok(Found::Ready(sequences)) => sequences,
            Err(error) => return Err(given_up(lost, error)),
        };
        if backoff.left().is_zero() {
            return Err(given_up(lost, unavailable("no time was left to send it")));
        }
        let messages = messages(&log.subjects, batch, &sequences);
        let waited = patience.take();
        let sent = tokio::select! {
            biased;
            sent = publish(&log.connection.client, messages, waited.min(backoff.left())) => sent,
            denied = forbidden.denied(is_ours) => return Err(given_up(lost, denied)),
        };
        let reason = match sent {
            Sent::Taken(last) => return Ok(taken(shared, batch, last)),
            Sent::Refused(lasting) => return Err(given_up(lost, log.refusal(lasting, shared.max_bytes))),
            Sent::Unanswered => match Box::pin(log.unanswered(waited.min(backoff.left()))).await {
                Failure::Final(error) => return Err(given_up(lost, error)),
                Failure::Transient(_) | Failure::Unanswered => format!("stream {}: {UNANSWERED}", log.name),
            },
            Sent::Stale if lost.is_none() => {
                // The first look at the stream needs no pause: it mostly finds a conflict.
                match Box::pin(look(shared, batch, backoff.left())).await? {
                    Found::Applied(appended) => return Ok(appended),
                    Found::Ready(_) => "the stream's leader is changing".to_owned(),
                }
            }
            Sent::Stale => "the stream's leader is changing".to_owned(),
            Sent::Failed(reason) => reason,
            Sent::Lost(reason) => lost.insert(reason).clone(),
        };
        if !backoff.pause().await {
            return Err(given_up(lost, unavailable(reason)));
        }
    }
}

/// Returns what to say where an append ends without an answer: once a copy was lost, only its absence for ever (a
/// conflict) or damage is certain.
fn given_up(lost: Option<String>, error: StoreError) -> StoreError {
    match (lost, error) {
        (Some(reason), StoreError::Unavailable { .. } | StoreError::Refused { .. }) => StoreError::Unknown { reason },
        (_, error) => error,
    }
}

/// Returns the expected sequences where all are remembered.
fn known(shared: &Shared, batch: &[AggregateAppend]) -> Option<Vec<u64>> {
    let sequence = |part: &AggregateAppend| match part.expected.cid() {
        None => Some(0),
        Some(_) => {
            let place = shared.heads.get(part.aggregate)?;
            part.expected.holds(Some(place.head)).then_some(place.sequence)
        }
    };
    batch.iter().map(sequence).collect()
}

/// Looks at the stream through its leader for as long as there is time.
async fn look(shared: &Shared, batch: &[AggregateAppend], left: Duration) -> Result<Found, StoreError> {
    let looked = timeout(left, look_patiently(shared, batch, left)).await;
    looked.unwrap_or_else(|_| Err(unavailable("no answer came in time")))
}

/// Heads are read one after the other, so a copy of the batch that is applied
/// meanwhile shows in some of them only: then it looks again.
async fn look_patiently(shared: &Shared, batch: &[AggregateAppend], left: Duration) -> Result<Found, StoreError> {
    let mut backoff = Backoff::new(left);
    for _ in 1..LOOKS_MAX {
        match look_once(shared, batch, backoff.left()).await? {
            Seen::Found(found) => return Ok(found),
            Seen::Conflict { error, ours: false } => return Err(error),
            Seen::Conflict { ours: true, .. } if backoff.pause().await => {}
            Seen::Conflict { .. } => return Err(unavailable("the append is being applied")),
        }
    }
    match look_once(shared, batch, backoff.left()).await? {
        Seen::Found(found) => Ok(found),
        Seen::Conflict { error, .. } => Err(error),
    }
}

async fn look_once(shared: &Shared, batch: &[AggregateAppend], left: Duration) -> Result<Seen, StoreError> {
    let aggregates: Vec<AggregateId> = batch.iter().map(|part| part.aggregate).collect();
    let lasts = stream::iter(aggregates).map(|aggregate| shared.log.last(aggregate, left));
    let lasts: Vec<_> = lasts.buffered(HEADS_IN_FLIGHT).try_collect().await?;
    let places: Vec<_> = lasts.iter().map(|last| last.as_ref().map(Place::from)).collect();
    let mut heads = batch.iter().zip(&places).map(|(part, place)| (part, place.map(|place| place.head)));
    let Some((part, actual)) = heads.find(|(part, head)| !part.expected.holds(*head)) else {
        let sequences = places.iter().map(|place| place.map_or(0, |place| place.sequence)).collect();
        return Ok(Seen::Found(Found::Ready(sequences)));
    };
    let error = StoreError::Conflict { aggregate: part.aggregate, expected: part.expected, actual };
    match bounds(shared, batch, &places).await? {
        Some((first, last)) => Ok(Seen::Found(Found::Applied(appended(batch, first, last, shared.durability)))),
        None => Ok(Seen::Conflict { error, ours: any_is_there(shared, batch, &places).await? }),
    }
}

/// Returns whether an aggregate holds an event of the batch.
async fn any_is_there(
    shared: &Shared,
    batch: &[AggregateAppend],
    places: &[Option<Place>],
) -> Result<bool, StoreError> {
    for (part, place) in batch.iter().zip(places) {
        if let (Some(first), Some(head)) = (part.events.first(), *place)
            && head.head.version >= first.version
            && sequence_of(shared, first, head).await?.is_some()
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Returns the first and last sequence of a batch that is there already, `None` where it is not.
async fn bounds(
    shared: &Shared,
    batch: &[AggregateAppend],
    places: &[Option<Place>],
) -> Result<Option<(u64, u64)>, StoreError> {
    let mut bounds = (u64::MAX, 0);
    for (part, place) in batch.iter().zip(places) {
        let (first, last) = (part.events.first(), part.events.last());
        let (Some(first), Some(last), Some(head)) = (first, last, *place) else { return Ok(None) };
        if head.head.version < last.version {
            return Ok(None);
        }
        // Each event names the one before it, so where the last one is there, all of them are.
        let Some(last_sequence) = sequence_of(shared, last, head).await? else { return Ok(None) };
        let Some(first_sequence) = sequence_of(shared, first, head).await? else { return Ok(None) };
        bounds = (bounds.0.min(first_sequence), bounds.1.max(last_sequence));
    }
    Ok(Some(bounds))
}

/// Returns where an event stands, `None` where another one has its version.
async fn sequence_of(shared: &Shared, event: &SealedEvent, head: Place) -> Result<Option<u64>, StoreError> {
    if event.version == head.head.version {
        return Ok((head.head == event.head()).then_some(head.sequence));
    }
    // In a box, as the compiler follows the nested types of futures only so deep.
    let stored = Box::pin(shared.read(event.aggregate, event.version, 1)).await?;
    Ok(stored.first().filter(|stored| stored.event.head() == event.head()).map(|stored| stored.sequence))
}

/// Answers a batch that was just taken, and remembers its heads.
fn taken(shared: &Shared, batch: &[AggregateAppend], last_sequence: u64) -> Appended {
    let events = batch.iter().map(|part| part.events.len() as u64).sum::<u64>();
    assert!(last_sequence >= events, "a batch has consecutive sequences, the first of them not below 1");
    let before = last_sequence - events;
    let mut sequence = before;
    for part in batch {
        sequence += part.events.len() as u64;
        shared.heads.remember(part.aggregate, Place { head: part.head(), sequence });
    }
    appended(batch, before + 1, last_sequence, shared.durability)
}
