//! Lets a server give up its copy and take a new one from the leader.
//!
//! The leader must be a server whose copy is whole: it is asked for before each step, and it keeps its copy through all
//! of them. A server that has another to take its place is removed at once. Otherwise the stream is first kept by one
//! server less; the cluster picks which, so where it is not the damaged one, that one is removed then, and the other
//! takes its copy anew. What the stream is to return to stands in its own metadata, so a repair that was interrupted is
//! finished by the next one.

use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::response::Response;
use async_nats::jetstream::stream::{Config, Info};
use cidgraph::StoreError;
use serde::Deserialize;
use serde_json::{Value, json};

use super::members::{Members, await_stream, stream};
use crate::backoff::Failure;
use crate::log::Log;
use crate::refusals::unavailable;

/// The entry of the stream's metadata that says how many servers are to keep it once the repair is done.
const REPLICAS: &str = "cidgraph-repair-replicas";

#[derive(Debug, Deserialize)]
struct Done {
    #[serde(default)]
    success: bool,
}

/// Lets a server other than the leader take its copy anew from one of the servers `whole`.
pub(crate) async fn resync(log: &Log, whole: &[String], damaged: &str) -> Result<(), StoreError> {
    assert!(!whole.iter().any(|server| server == damaged), "a whole copy is not given up");
    let (info, members) = lead(log, whole).await?;
    let replicas = wanted_replicas(&info);
    if members.has(damaged) && !remove(log, damaged).await? {
        scale(log, &info.config, members.count() - 1, Some(replicas)).await?;
        let (_, members) = lead(log, whole).await?;
        if members.has(damaged) && !remove(log, damaged).await? {
            settle(log).await?;
            return Err(unavailable(format!("the cluster does not let server {damaged} give up its copy")));
        }
    }
    lead(log, whole).await?;
    settle(log).await
}

/// Brings the stream back to as many servers as it is to have, and waits until each has all of it.
pub(crate) async fn settle(log: &Log) -> Result<(), StoreError> {
    let (info, members) = stream(log).await?;
    let replicas = wanted_replicas(&info);
    if members.count() != replicas
        || info.config.num_replicas != replicas
        || info.config.metadata.contains_key(REPLICAS)
    {
        scale(log, &info.config, replicas, None).await?;
    }
    let current = |_: &Info, members: &Members| members.others.iter().all(|(_, current)| *current);
    await_stream(log, log.connection.deadline, "a copy of the stream on every server", current).await?;
    Ok(())
}

fn wanted_replicas(info: &Info) -> usize {
    let noted = info.config.metadata.get(REPLICAS).and_then(|text| text.parse().ok());
    noted.unwrap_or(info.config.num_replicas)
}

/// Waits until one of the servers `whole` leads, asking for it where another one does.
async fn lead(log: &Log, whole: &[String]) -> Result<(Info, Members), StoreError> {
    let (info, members) = stream(log).await?;
    if whole.contains(&members.leader) {
        return Ok((info, members));
    }
    let leads = |_: &Info, members: &Members| whole.contains(&members.leader);
    let subject = format!("STREAM.LEADER.STEPDOWN.{}", log.name);
    for server in whole.iter().cycle().take(2 * whole.len()) {
        let asked: Result<Value, _> =
            log.connection.context.request(subject.clone(), &json!({"placement": {"preferred": server}})).await;
        drop(asked);
        if let Ok(led) =
            await_stream(log, log.connection.request_timeout * 2, "a leader with a whole copy", leads).await
        {
            return Ok(led);
        }
    }
    await_stream(log, log.connection.deadline, "a leader with a whole copy", leads).await
}

/// Removes a server from those that keep the stream; returns `false` where none can take its place.
async fn remove(log: &Log, server: &str) -> Result<bool, StoreError> {
    let subject = format!("STREAM.PEER.REMOVE.{}", log.name);
    let peer = json!({ "peer": server });
    let (subject, peer) = (&subject, &peer);
    let removed = log.connection.retry(&log.access, || async move {
        let answer: Response<Done> = log
            .connection
            .context
            .request(subject.clone(), peer)
            .await
            .map_err(|error| Failure::Transient(error.to_string()))?;
        match answer {
            Response::Ok(done) => Ok(done.success),
            Response::Err { error } => match error.error_code() {
                ErrorCode::PEER_REMAP => Ok(false),
                // It was removed already, by a copy of this request whose answer was lost.
                ErrorCode::CLUSTER_PEER_NOT_MEMBER => Ok(true),
                _ => Err(Failure::Transient(error.to_string())),
            },
        }
    });
    if !removed.await? {
        return Ok(false);
    }
    let gone = |_: &Info, members: &Members| !members.has(server);
    await_stream(log, log.connection.deadline, "the removal of a copy", gone).await?;
    Ok(true)
}

/// Lets as many servers keep the stream; notes how many it is to be in the end.
async fn scale(log: &Log, is: &Config, replicas: usize, noted: Option<usize>) -> Result<(), StoreError> {
    let mut config = is.clone();
    config.num_replicas = replicas;
    match noted {
        Some(noted) => config.metadata.insert(REPLICAS.to_owned(), noted.to_string()),
        None => config.metadata.remove(REPLICAS),
    };
    update(log, &config).await?;
    let scaled = |_: &Info, members: &Members| members.count() == replicas;
    await_stream(log, log.connection.deadline, "another number of copies", scaled).await?;
    Ok(())
}

/// Changes the stream's configuration.
pub(crate) async fn update(log: &Log, config: &Config) -> Result<(), StoreError> {
    log.connection
        .retry(&log.access, || async move {
            let updated = log.connection.context.update_stream(config).await;
            updated.map(drop).map_err(|error| Failure::Transient(format!("the stream cannot be changed: {error}")))
        })
        .await
}
