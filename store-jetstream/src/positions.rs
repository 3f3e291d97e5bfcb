//! The places of named readers, in a key-value bucket beside the stream.
//!
//! A reader's name is kept as hexadecimal digits: a key may not hold every character.

use std::fmt::Write;

use async_nats::jetstream::kv;
use cidgraph::StoreError;

use crate::backoff::{Failure, retry};
use crate::log::Log;

/// Keeps a reader's place.
pub(crate) async fn save(log: &Log, replicas: usize, reader: &str, sequence: u64) -> Result<(), StoreError> {
    let key = key(reader);
    let key = key.as_str();
    retry(log.deadline, || async move {
        let bucket = match log.context.get_key_value(bucket(log)).await {
            Ok(bucket) => bucket,
            Err(_) => create(log, replicas).await?,
        };
        let value = sequence.to_string();
        bucket.put(key, value.into()).await.map(drop).map_err(|error| Failure::Transient(error.to_string()))
    })
    .await
}

/// Returns a reader's place.
pub(crate) async fn load(log: &Log, replicas: usize, reader: &str) -> Result<Option<u64>, StoreError> {
    let key = key(reader);
    let key = key.as_str();
    retry(log.deadline, || async move {
        let bucket = match log.context.get_key_value(bucket(log)).await {
            Ok(bucket) => bucket,
            Err(_) => create(log, replicas).await?,
        };
        let value = bucket.get(key).await.map_err(|error| Failure::Transient(error.to_string()))?;
        let Some(value) = value else { return Ok(None) };
        let sequence = std::str::from_utf8(&value).ok().and_then(|text| text.parse().ok());
        let invalid = || StoreError::Invalid { reason: format!("the bucket {} holds no position", bucket.name) };
        Ok(Some(sequence.ok_or_else(invalid)?))
    })
    .await
}

async fn create(log: &Log, replicas: usize) -> Result<kv::Store, Failure> {
    let config = kv::Config { bucket: bucket(log), history: 1, num_replicas: replicas, ..kv::Config::default() };
    log.context.create_key_value(config).await.map_err(|error| Failure::Transient(error.to_string()))
}

fn bucket(log: &Log) -> String {
    format!("{}-positions", log.name)
}

fn key(reader: &str) -> String {
    reader.bytes().fold("reader-".to_owned(), |mut key, byte| {
        write!(key, "{byte:02x}").expect("a string takes what is written");
        key
    })
}
