//! Makes the stream anew, where no copy of it is whole: an event cannot be put into the middle of a stream.
//!
//! First nothing can be appended any more. Then all copies and what was given are merged and verified, and the log is
//! written to a file, brought to the disk and read again; up to here every failure leaves the stream as it was. Only
//! then the stream is deleted, made again with the same configuration, filled, and compared. Versions, CIDs and bytes
//! stay; sequences do where nothing was vacant before.

use std::path::Path;

use async_nats::jetstream::stream::{Config, Info};
use cidgraph::archive::Segment;
use cidgraph::{SealedEvent, StoreError, StoredEvent};

use super::archived::Archived;
use super::car;
use super::members::{Members, await_stream, stream};
use super::merge::{Merged, merge};
use super::resync::update;
use super::survey::survey;
use crate::backoff::Failure;
use crate::log::Log;
use crate::publish::{BATCH_EVENTS_MAX, Sent, messages_behind, publish};
use crate::refusals::{invalid, reason, unavailable};

/// Subjects that nobody publishes to, so that nothing is appended.
const CLOSED_SUBJECTS: &str = "closed.for.repair.";

/// Rebuilds the stream of its copies and of other events; `file` takes the whole log before anything is deleted.
pub(crate) async fn rebuild(log: &Log, supplement: &[SealedEvent], file: &Path) -> Result<Merged, StoreError> {
    close(log).await?;
    let config = match stream(log).await {
        Ok((info, _)) => info.config,
        Err(error) => return Err(reopened(log, error).await),
    };
    let (merged, archived, segments) = match merge_to_file(log, supplement, file).await {
        Ok(merged) => merged,
        Err(error) => return Err(reopened(log, error).await),
    };
    let kept_in =
        |error| unavailable(format!("{}; the whole log is in {}: repair from it", reason(error), file.display()));
    make_anew(log, config, &merged.events).await.map_err(kept_in)?;
    // What the stream holds is not read from its archive, so segments that stay are in nobody's way, unless they hold events
    // at other sequences: then no more can be archived.
    match archived.delete(&segments).await {
        Err(error) if !merged.sequences_kept => Err(unavailable(format!(
            "{}; the stream holds every event, but old segments stay in its archive: delete them",
            reason(error)
        ))),
        Ok(()) | Err(_) => Ok(merged),
    }
}

/// Merges what the copies, the archive and the supplement have into a file; returns the archive and its segments with it.
async fn merge_to_file(
    log: &Log,
    supplement: &[SealedEvent],
    file: &Path,
) -> Result<(Merged, Archived, Vec<Segment>), StoreError> {
    let (found, kept) = survey(log, true).await?;
    if let Some(reason) = found.replicas.iter().find_map(|replica| replica.unreachable.clone()) {
        return Err(unavailable(reason));
    }
    let archived = Archived::open(log).await?;
    let merged = merge(archived.with(kept).await?, supplement)?;
    let segments = archived.segments().await?;
    car::write(file, &merged.events)?;
    let (info, _) = stream(log).await?;
    if info.state.last_sequence != found.last_sequence {
        return Err(unavailable("events were appended while the log was read"));
    }
    Ok((merged, archived, segments))
}

async fn reopened(log: &Log, error: StoreError) -> StoreError {
    match reopen(log).await {
        Ok(()) => error,
        Err(other) => {
            let (first, second) = (reason(error), reason(other));
            unavailable(format!("{first}; the stream {} takes no appends: {second}: repair again", log.name))
        }
    }
}

/// Lets the stream take no more events.
async fn close(log: &Log) -> Result<(), StoreError> {
    let (info, _) = stream(log).await?;
    let subjects = vec![format!("{CLOSED_SUBJECTS}{}.>", log.name)];
    change_subjects(log, info, subjects).await
}

/// Lets the stream take events again, where a repair had stopped that.
pub(crate) async fn reopen(log: &Log) -> Result<(), StoreError> {
    let (info, _) = stream(log).await?;
    change_subjects(log, info, vec![log.subjects.all()]).await
}

async fn change_subjects(log: &Log, info: Info, subjects: Vec<String>) -> Result<(), StoreError> {
    if info.config.subjects == subjects {
        return Ok(());
    }
    update(log, &Config { subjects: subjects.clone(), ..info.config }).await?;
    let changed = |info: &Info, _: &Members| info.config.subjects == subjects;
    await_stream(log, log.connection.deadline, "the stream with other subjects", changed).await.map(drop)
}

async fn make_anew(log: &Log, config: Config, events: &[StoredEvent]) -> Result<(), StoreError> {
    let config = &Config { subjects: vec![log.subjects.all()], ..config };
    log.connection
        .retry(&log.access, || async move {
            let deleted = log.connection.context.delete_stream(&log.name).await;
            let gone = deleted.map(drop).map_err(|error| Failure::Transient(error.to_string()));
            gone.or_else(|failure| if is_gone(&failure) { Ok(()) } else { Err(failure) })?;
            let made = log.connection.context.create_stream(config).await;
            made.map(drop).map_err(|error| Failure::Transient(format!("the stream cannot be made: {error}")))
        })
        .await?;
    let replicas = config.num_replicas;
    let complete = |_: &Info, members: &Members| members.count() == replicas;
    await_stream(log, log.connection.deadline, "the stream's servers", complete).await?;
    fill(log, events, 0).await
}

fn is_gone(failure: &Failure) -> bool {
    matches!(failure, Failure::Transient(reason) if reason.contains("stream not found"))
}

/// Publishes events in their order behind the sequence `last`, which must be the stream's last one.
pub(crate) async fn fill(log: &Log, events: &[StoredEvent], last: u64) -> Result<(), StoreError> {
    let (mut rest, mut last) = (events, last);
    while !rest.is_empty() {
        let (batch, behind) = rest.split_at(batch_len(rest));
        let applied = last + batch.len() as u64;
        log.connection
            .retry(&log.access, || async move {
                match log.last_sequence().await? {
                    sequence if sequence == applied => Ok(()),
                    sequence if sequence == last => send(log, batch, last, applied).await,
                    _ => Err(invalid("somebody else appends to the stream: stop all writers and repair again").into()),
                }
            })
            .await?;
        (rest, last) = (behind, applied);
    }
    Ok(())
}

/// Returns how many events are sent at a time: up to the end of a transaction where that is near enough.
fn batch_len(events: &[StoredEvent]) -> usize {
    let most = events.len().min(BATCH_EVENTS_MAX);
    let end = events[..most].iter().rposition(|stored| stored.event.transaction_remaining == 0);
    end.map_or(most, |end| end + 1)
}

/// Publishes events as one batch.
async fn send(log: &Log, batch: &[StoredEvent], last: u64, applied: u64) -> Result<(), Failure> {
    let messages = messages_behind(&log.subjects, batch, last);
    match publish(&log.connection.client, messages, log.connection.request_timeout).await {
        Sent::Taken(sequence) if sequence == applied => Ok(()),
        Sent::Taken(_) => Err(Failure::Transient("the server's answer is not the expected one".to_owned())),
        Sent::Stale => Err(Failure::Transient("the stream's end is another".to_owned())),
        Sent::Refused(lasting) => Err(log.refusal(lasting, None).into()),
        Sent::Unanswered => Err(Failure::Unanswered),
        Sent::Failed(reason) | Sent::Lost(reason) => Err(Failure::Transient(reason)),
    }
}
