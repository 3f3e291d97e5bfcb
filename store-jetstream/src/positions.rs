//! The places of named readers, in a key-value bucket beside the stream.
//!
//! A place is read through the bucket's leader: a replica may lag, and what was kept must be what is found. A reader's
//! name is kept as hexadecimal digits: a key may not hold every character.

use std::fmt::Write;

use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::kv;
use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::stream::RawMessageErrorKind;
use cidgraph::StoreError;

use crate::backoff::Failure;
use crate::log::Log;
use crate::permissions::Access;
use crate::refusals::unavailable;

/// The header of a message that says that a key was deleted.
const OPERATION: &str = "KV-Operation";

/// Keeps a reader's place; makes the bucket where there is none.
pub(crate) async fn save(log: &Log, replicas: usize, reader: &str, sequence: u64) -> Result<(), StoreError> {
    let subject = &subject(log, reader);
    log.connection
        .retry(&access(log), || async move {
            let acknowledged = match log.connection.context.publish(subject.clone(), sequence.to_string().into()).await
            {
                Ok(acknowledged) => acknowledged.await,
                Err(error) => Err(error),
            };
            let Err(error) = acknowledged else { return Ok(()) };
            if error.kind() == PublishErrorKind::StreamNotFound {
                create(log, replicas).await?;
            }
            Err(Failure::Transient(error.to_string()))
        })
        .await
}

/// Returns a reader's place.
pub(crate) async fn load(log: &Log, reader: &str) -> Result<Option<u64>, StoreError> {
    let subject = subject(log, reader);
    let handle = log.connection.context.get_stream_no_info(format!("KV_{}", bucket(log))).await;
    let handle = handle.map_err(|error| unavailable(error.to_string()))?;
    log.connection
        .retry(&access(log), || async {
            match handle.raw_message_builder().last_by_subject(subject.as_str()).send().await {
                Ok(message) => Ok(place(log, &message)?),
                Err(error) => match error.kind() {
                    RawMessageErrorKind::NoMessageFound => Ok(None),
                    RawMessageErrorKind::JetStream(cause) if cause.error_code() == ErrorCode::STREAM_NOT_FOUND => {
                        Ok(None)
                    }
                    RawMessageErrorKind::JetStream(_)
                    | RawMessageErrorKind::InvalidSubject
                    | RawMessageErrorKind::Other => Err(Failure::Transient(error.to_string())),
                },
            }
        })
        .await
}

fn place(log: &Log, message: &StreamMessage) -> Result<Option<u64>, StoreError> {
    if message.headers.get(OPERATION).is_some() {
        return Ok(None);
    }
    let sequence = std::str::from_utf8(&message.payload).ok().and_then(|text| text.parse().ok());
    let invalid = || StoreError::Invalid { reason: format!("the bucket {} holds no position", bucket(log)) };
    sequence.map(Some).ok_or_else(invalid)
}

async fn create(log: &Log, replicas: usize) -> Result<(), Failure> {
    let config = kv::Config { bucket: bucket(log), history: 1, num_replicas: replicas, ..kv::Config::default() };
    let created = log.connection.context.create_key_value(config).await;
    created.map(drop).map_err(|error| Failure::Transient(error.to_string()))
}

fn access(log: &Log) -> Access {
    log.connection.permissions.to([format!("KV_{}", bucket(log)), bucket(log)])
}

fn bucket(log: &Log) -> String {
    format!("{}-positions", log.name)
}

fn subject(log: &Log, reader: &str) -> String {
    let subject = format!("$KV.{}.reader-", bucket(log));
    reader.bytes().fold(subject, |mut subject, byte| {
        write!(subject, "{byte:02x}").expect("a string takes what is written");
        subject
    })
}
