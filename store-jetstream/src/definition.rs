//! The stream's configuration: made where there is none, checked where there is one, never changed.

use async_nats::ServerInfo;
use async_nats::jetstream::context::CreateStreamErrorKind;
use async_nats::jetstream::stream::{Config, DiscardPolicy, Info, PersistenceMode, RetentionPolicy, StorageType};
use async_nats::jetstream::{Context, ErrorCode};
use cidgraph::{HashKind, Refusal, StoreError};
use serde::Deserialize;
use serde_json::json;

use crate::backoff::Failure;
use crate::config::JetStreamConfig;
use crate::connection::Connection;
use crate::message::Subjects;
use crate::pages::stream_info;
use crate::permissions::Access;
use crate::refusals::invalid;

/// The entry of the stream's metadata that names the hash function.
const HASH: &str = "cidgraph-hash";

/// Codes that do not go away by trying again: replicas without a cluster, no JetStream for the account, a definition
/// that the server does not take.
const LASTING: [ErrorCode; 3] = [
    ErrorCode::STREAM_REPLICAS_NOT_SUPPORTED,
    ErrorCode::JETSTREAM_NOT_ENABLED_FOR_ACCOUNT,
    ErrorCode::STREAM_INVALID_CONFIG,
];

/// Replicas of a stream that is made in a cluster where nobody says how many.
const REPLICAS_IN_CLUSTER: usize = 3;

/// Makes the stream, or checks the one there is.
pub(crate) async fn ensure(
    connection: &Connection,
    access: &Access,
    config: &JetStreamConfig,
    server: &ServerInfo,
) -> Result<Info, StoreError> {
    let mut wanted = wanted(config)?;
    if config.replicas_by_servers {
        wanted.num_replicas = if server.cluster.is_some() { REPLICAS_IN_CLUSTER } else { 1 };
    }
    let (definition, context) = (&wanted, &connection.context);
    let info = connection.retry(access, || async move {
        match stream_info(context, &definition.name).await {
            Err(Failure::Final(StoreError::Refused { refusal: Refusal::Missing { .. } })) => {
                create(context, definition).await
            }
            // Nobody answers for long where the server that we are connected to has no JetStream.
            Err(Failure::Unanswered) if !server.jetstream => Err(invalid("the server has no JetStream").into()),
            found => found,
        }
    });
    let info = info.await?;
    check(config, &info)?;
    Ok(info)
}

/// Checks that a stream is as it is wanted.
pub(crate) fn check(config: &JetStreamConfig, info: &Info) -> Result<(), StoreError> {
    let mut wanted = wanted(config)?;
    if config.replicas_by_servers {
        wanted.num_replicas = info.config.num_replicas;
    }
    match mismatch(&wanted, &info.config) {
        None => Ok(()),
        Some((field, is, wanted)) => {
            let stream = &info.config.name;
            Err(invalid(format!("the stream {stream} has {field} {is}, not {wanted}; it was not changed")))
        }
    }
}

/// Creates the stream; where another was faster, returns that one.
async fn create(context: &Context, wanted: &Config) -> Result<Info, Failure> {
    match context.create_stream(wanted).await {
        Ok(stream) => Ok(stream.cached_info().clone()),
        Err(error) => {
            let reason = format!("the stream cannot be made: {error}");
            let CreateStreamErrorKind::JetStream(cause) = error.kind() else { return Err(Failure::Transient(reason)) };
            match cause.error_code() {
                ErrorCode::STREAM_NAME_EXIST => stream_info(context, &wanted.name).await,
                ErrorCode::STREAM_SUBJECT_OVERLAP => Err(overlap(context, wanted).await.into()),
                code if LASTING.contains(&code) => Err(invalid(reason).into()),
                _ => Err(Failure::Transient(reason)),
            }
        }
    }
}

/// The answer to a question for the names of streams.
#[derive(Debug, Default, Deserialize)]
struct Names {
    #[serde(default)]
    streams: Option<Vec<String>>,
}

/// Says which streams have subjects of the one that is wanted.
async fn overlap(context: &Context, wanted: &Config) -> StoreError {
    let subjects = wanted.subjects.join(" ");
    let names: Result<Names, _> = context.request("STREAM.NAMES", &json!({ "subject": &subjects })).await;
    let others = names.unwrap_or_default().streams.unwrap_or_default().join(", ");
    let others = if others.is_empty() { "another stream".to_owned() } else { format!("the stream {others}") };
    invalid(format!(
        "the stream {} cannot be made: {others} has its subjects {subjects}; use that stream, or give this one another \
         subject_prefix",
        wanted.name
    ))
}

fn wanted(config: &JetStreamConfig) -> Result<Config, StoreError> {
    let max_bytes = config.max_bytes.map_or(Ok(-1), i64::try_from);
    let max_message_bytes = config.max_message_bytes.map_or(Ok(-1), i32::try_from);
    Ok(Config {
        name: config.stream.clone(),
        description: Some("Cidgraph's events".to_owned()),
        subjects: vec![Subjects::new(&config.subject_prefix).all()],
        storage: StorageType::File,
        retention: RetentionPolicy::Limits,
        discard: DiscardPolicy::New,
        max_bytes: max_bytes.map_err(|_| invalid("max_bytes is beyond 2^63"))?,
        max_messages: -1,
        max_messages_per_subject: -1,
        max_message_size: max_message_bytes.map_err(|_| invalid("max_message_bytes is beyond 2^31"))?,
        max_consumers: -1,
        num_replicas: config.replicas,
        duplicate_window: config.duplicate_window,
        allow_direct: true,
        allow_atomic_publish: true,
        metadata: [(HASH.to_owned(), hash_name(config.hash).to_owned())].into(),
        ..Config::default()
    })
}

const fn hash_name(hash: HashKind) -> &'static str {
    match hash {
        HashKind::Sha2_256 => "sha2-256",
        HashKind::Blake3 => "blake3",
    }
}

/// Returns the first field that differs in a way that matters, with what it is and what it should be.
fn mismatch(wanted: &Config, is: &Config) -> Option<(&'static str, String, String)> {
    fields(is).into_iter().zip(fields(wanted)).find_map(|((field, is), (_, wanted))| {
        let differs = is != wanted;
        differs.then_some((field, is, wanted))
    })
}

/// Returns the fields on which the store's promises rest, as text.
fn fields(config: &Config) -> [(&'static str, String); 24] {
    let unbounded = |limit: i64| if limit <= 0 { "unlimited".to_owned() } else { limit.to_string() };
    let hash = config.metadata.get(HASH).map_or("absent", String::as_str);
    let asynchronous = config.persist_mode == Some(PersistenceMode::Async);
    [
        ("subjects", config.subjects.join(" ")),
        ("storage", format!("{:?}", config.storage)),
        ("retention", format!("{:?}", config.retention)),
        ("discard", format!("{:?}", config.discard)),
        ("discard_new_per_subject", config.discard_new_per_subject.to_string()),
        ("max_age", format!("{:?}", config.max_age)),
        ("max_bytes", unbounded(config.max_bytes)),
        ("max_msgs", unbounded(config.max_messages)),
        ("max_msgs_per_subject", unbounded(config.max_messages_per_subject)),
        ("max_msg_size", unbounded(config.max_message_size.into())),
        ("num_replicas", config.num_replicas.to_string()),
        ("duplicate_window", format!("{:?}", config.duplicate_window)),
        ("no_ack", config.no_ack.to_string()),
        ("sealed", config.sealed.to_string()),
        ("deny_delete", config.deny_delete.to_string()),
        ("deny_purge", config.deny_purge.to_string()),
        ("allow_rollup_hdrs", config.allow_rollup.to_string()),
        ("allow_msg_ttl", config.allow_message_ttl.to_string()),
        ("allow_direct", config.allow_direct.to_string()),
        ("allow_atomic", config.allow_atomic_publish.to_string()),
        ("persist_mode", if asynchronous { "async" } else { "default" }.to_owned()),
        ("subject_transform", format!("{:?}", config.subject_transform)),
        ("mirror or sources", (config.mirror.is_some() || config.sources.is_some()).to_string()),
        ("metadata cidgraph-hash", hash.to_owned()),
    ]
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_mismatch_names_its_field() {
        let wanted = wanted(&JetStreamConfig::new("nats://127.0.0.1")).expect("it is well-formed");
        let check = |change: fn(&mut Config), field: Option<&str>| {
            let mut is = wanted.clone();
            change(&mut is);
            assert_eq!(mismatch(&wanted, &is).map(|(field, _, _)| field), field);
        };
        check(|_| {}, None);
        check(|is| is.max_messages = 0, None);
        check(|is| is.description = None, None);
        check(|is| is.discard = DiscardPolicy::Old, Some("discard"));
        check(|is| is.max_age = Duration::from_secs(1), Some("max_age"));
        check(|is| is.max_bytes = 1, Some("max_bytes"));
        check(|is| is.max_message_size = 1 << 20, Some("max_msg_size"));
        check(|is| is.num_replicas = 3, Some("num_replicas"));
        check(|is| is.deny_delete = true, Some("deny_delete"));
        check(|is| is.deny_purge = true, Some("deny_purge"));
        check(|is| is.allow_direct = false, Some("allow_direct"));
        check(|is| is.allow_atomic_publish = false, Some("allow_atomic"));
        check(|is| is.persist_mode = Some(PersistenceMode::Async), Some("persist_mode"));
        check(|is| is.metadata.clear(), Some("metadata cidgraph-hash"));
    }
}
