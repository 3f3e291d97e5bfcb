//! The object store: the contract's methods on the bucket.
//!
//! Chunks come first, the record last: it names them, so an object is there whole or not at all. A record replaces the
//! one that was read before, so of every object that is replaced exactly one put removes the chunks.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use cidgraph::store::objects::{Packer, Received, Unpacker, check_name};
use cidgraph::{Clock, ObjectError, ObjectInfo, ObjectStore, StoreError, SystemClock};
use ring::digest;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::config::JetStreamConfig;
use crate::connection::{Connection, connect};
use crate::log::Log;
use crate::objects::bucket::{Bucket, Recorded};
use crate::objects::record::{Described, Record, damaged};

/// How long nothing was added to an object without a record that is given up: far longer than a call may be tried.
const ORPHANED: Duration = Duration::from_secs(3600);

/// The bucket of a stream with the usual name; that of another one has the stream's name behind it.
const BUCKET: (&str, &str) = ("event-store", "object-store");

/// Objects in a bucket of JetStream's object store.
#[derive(Debug)]
pub struct JetStreamObjects {
    bucket: Bucket,
    /// How many interrupted puts were swept up.
    swept: OnceCell<u64>,
}

impl JetStreamObjects {
    /// Connects to the objects beside a stream: the bucket `object-store` of the stream `event-store`, `object-store-NAME`
    /// of one with another name. It is made when it is first needed, with the replicas that are configured.
    ///
    /// # Errors
    /// As [`JetStreamStore::connect`](crate::JetStreamStore::connect), but for the stream.
    pub async fn connect(config: &JetStreamConfig) -> Result<Self, StoreError> {
        Ok(Self::on(connect(config).await?, &config.stream, config.replicas, false))
    }

    /// Returns the objects beside a stream.
    pub(crate) fn of(log: &Log, replicas: usize) -> Self {
        Self::on(log.connection.clone(), &log.name, replicas, log.absence.is_some())
    }

    fn on(connection: Connection, stream: &str, replicas: usize, read: bool) -> Self {
        Self { bucket: Bucket::new(connection, &bucket_name(stream), replicas, read), swept: OnceCell::new() }
    }

    /// Removes what puts left behind that were interrupted, where nothing was added for longer than `age`; returns how
    /// many these were. The first put of a connection does it for those of more than an hour ago.
    ///
    /// # Errors
    /// [`ObjectError::Unavailable`].
    pub async fn sweep(&self, age: Duration) -> Result<u64, ObjectError> {
        if self.bucket.is_there().await? { self.bucket.sweep(age).await } else { Ok(0) }
    }

    /// Returns whether the bucket has been made.
    pub(crate) async fn is_made(&self) -> Result<bool, StoreError> {
        self.bucket.is_made().await
    }

    /// Appends the chunks of an object that has no record yet.
    async fn chunks(
        &self,
        name: &str,
        nuid: &str,
        contents: &mut (dyn AsyncRead + Send + Unpin),
    ) -> Result<Record, ObjectError> {
        let mut packer = Packer::new(contents);
        let mut hasher = digest::Context::new(&digest::SHA256);
        let (mut chunks, mut stored_bytes, mut sequences) = (0, 0, (0, 0));
        while let Some(frame) = packer.frame().await? {
            hasher.update(&frame);
            stored_bytes += frame.len() as u64;
            sequences.1 = self.bucket.append(nuid, chunks, &frame).await?;
            if chunks == 0 {
                sequences.0 = sequences.1;
            }
            chunks += 1;
        }
        let (size, digest) = packer.finish();
        let info = ObjectInfo { name: name.to_owned(), size, stored_bytes, digest, modified_ns: SystemClock.now_ns() };
        let described = Described { info, chunks, sequences };
        Ok(Record::new(&self.bucket.name, nuid, &described, hasher.finish().as_ref()))
    }

    /// Makes a record the object's, and removes the chunks of the one before.
    async fn record(&self, name: &str, record: &Record) -> Result<(), ObjectError> {
        let mut replaced = None;
        loop {
            let before = self.bucket.record(name).await?;
            let sequence = match before {
                // It was taken, and the answer lost.
                Some((_, before)) if before.nuid == record.nuid => break,
                Some((sequence, before)) => {
                    replaced = (!before.deleted).then_some(before.nuid);
                    sequence
                }
                None => 0,
            };
            if self.bucket.replace(name, record, sequence).await? == Recorded::Taken {
                break;
            }
        }
        if let Some(nuid) = replaced {
            // Where this fails the chunks are left over: they take room and nothing else.
            drop(self.bucket.remove_chunks(&nuid).await);
        }
        Ok(())
    }

    /// Returns the object that is there now.
    async fn found(&self, name: &str) -> Result<(String, Described), ObjectError> {
        let record = self.bucket.record(name).await?.map(|(_, record)| record).filter(|record| !record.deleted);
        let record = record.ok_or_else(|| ObjectError::NotFound { name: name.to_owned() })?;
        let described = record.described(name)?;
        let described = described.ok_or_else(|| damaged(name, "another program put it"))?;
        Ok((record.nuid, described))
    }

    /// Finds the sequence of a frame: the chunks of an object may have those of others between them.
    async fn seek(&self, name: &str, nuid: &str, described: &Described, frame: u64) -> Result<u64, ObjectError> {
        let (first, last) = described.sequences;
        let (mut from, mut to) = (first + frame, last - (described.chunks - 1 - frame));
        while from < to {
            let middle = from + (to - from) / 2;
            let Some(chunk) = self.bucket.chunks(name, nuid, middle).await?.into_iter().next() else { break };
            match chunk.frame.cmp(&frame) {
                std::cmp::Ordering::Less => from = chunk.sequence + (frame - chunk.frame),
                std::cmp::Ordering::Equal => return Ok(chunk.sequence),
                std::cmp::Ordering::Greater => to = middle - 1,
            }
        }
        Ok(from)
    }

    async fn unpack(
        &self,
        name: &str,
        nuid: &str,
        described: &Described,
        out: &mut Unpacker<'_>,
    ) -> Result<(), ObjectError> {
        let Some(frame) = out.next_frame() else { return Ok(()) };
        let mut next = self.seek(name, nuid, described, frame).await?;
        while out.next_frame().is_some() {
            let chunks = self.bucket.chunks(name, nuid, next).await?;
            if chunks.is_empty() {
                return Err(out.damaged("a chunk is missing"));
            }
            for chunk in chunks {
                if out.next_frame() != Some(chunk.frame) {
                    return Err(out.damaged("a chunk is missing"));
                }
                next = chunk.sequence + 1;
                out.push(&chunk.bytes).await?;
            }
        }
        Ok(())
    }
}

#[async_trait]
impl ObjectStore for JetStreamObjects {
    async fn put(&self, name: &str, contents: &mut (dyn AsyncRead + Send + Unpin)) -> Result<ObjectInfo, ObjectError> {
        check_name(name)?;
        self.bucket.ensure().await?;
        // Where this fails the chunks are left over: they take room and nothing else.
        drop(self.swept.get_or_try_init(|| self.bucket.sweep(ORPHANED)).await);
        let nuid = Uuid::new_v4().simple().to_string();
        let put = match self.chunks(name, &nuid, contents).await {
            Ok(record) => record,
            Err(error) => {
                drop(self.bucket.remove_chunks(&nuid).await);
                return Err(error);
            }
        };
        self.record(name, &put).await?;
        let described = put.described(name)?;
        Ok(described.expect("it is a record of this store").info)
    }

    async fn get(
        &self,
        name: &str,
        received: &mut Received,
        out: &mut (dyn AsyncWrite + Send + Unpin),
    ) -> Result<ObjectInfo, ObjectError> {
        check_name(name)?;
        if !self.bucket.is_there().await? {
            return Err(ObjectError::NotFound { name: name.to_owned() });
        }
        let (nuid, described) = self.found(name).await?;
        let mut unpacker = Unpacker::new(&described.info, received, out)?;
        if let Err(error) = self.unpack(name, &nuid, &described, &mut unpacker).await {
            let replaced = matches!(error, ObjectError::Damaged { .. }) && self.found(name).await?.0 != nuid;
            let reason = format!("{name} was replaced while it was read");
            return Err(if replaced { ObjectError::Unavailable { reason } } else { error });
        }
        unpacker.finish().await?;
        Ok(described.info)
    }

    async fn list(&self, prefix: &str) -> Result<Vec<ObjectInfo>, ObjectError> {
        if !self.bucket.is_there().await? {
            return Ok(Vec::new());
        }
        // A record that replaced another while pages were read is seen twice, the second time as it is now.
        let mut listed = BTreeMap::new();
        for (name, record) in self.bucket.records().await? {
            if name.starts_with(prefix) {
                let described = if record.deleted { None } else { record.described(&name)? };
                listed.insert(name, described.map(|described| described.info));
            }
        }
        Ok(listed.into_values().flatten().collect())
    }

    async fn delete(&self, name: &str) -> Result<bool, ObjectError> {
        check_name(name)?;
        if !self.bucket.is_there().await? {
            return Ok(false);
        }
        let mut deleted = None;
        loop {
            let Some((sequence, record)) = self.bucket.record(name).await? else { break };
            if record.deleted {
                break;
            }
            deleted = Some(record.nuid.clone());
            if self.bucket.replace(name, &record.into_deleted(), sequence).await? == Recorded::Taken {
                break;
            }
        }
        if let Some(nuid) = &deleted {
            self.bucket.remove_chunks(nuid).await?;
        }
        Ok(deleted.is_some())
    }
}

/// Returns the name of the bucket beside a stream: no two streams share one.
fn bucket_name(stream: &str) -> String {
    let (usual, bucket) = BUCKET;
    if stream == usual { bucket.to_owned() } else { format!("{bucket}-{stream}") }
}
