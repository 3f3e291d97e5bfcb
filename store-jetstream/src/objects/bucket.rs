//! The bucket's stream: records and chunks as messages.

use async_nats::jetstream::context::{CreateStreamErrorKind, PublishErrorKind};
use async_nats::jetstream::stream::{Config, DiscardPolicy, StorageType};
use std::collections::BTreeSet;
use std::time::Duration;

use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::message::StreamMessage;
use async_nats::{HeaderMap, Message};
use bytes::Bytes;
use cidgraph::{Clock, ObjectError, Refusal, StoreError, SystemClock};
use futures::TryStreamExt;
use serde_json::json;
use tokio::sync::OnceCell;

use crate::absence::{Absence, leader_or_any};
use crate::backoff::Failure;
use crate::connection::Connection;
use crate::objects::record::{Record, decoded, encoded};
use crate::pages::{Pages, last_message, next_message, number, sequence_of, stream_info, transient};
use crate::permissions::Access;
use crate::refusals::invalid;

/// The header of a chunk that tells its place among the object's.
const FRAME: &str = "Cidgraph-Frame";

/// Bytes that a message must be able to have: a frame that does not compress, and headers.
const MESSAGE_BYTES: usize = cidgraph::store::objects::FRAME_BYTES + 8192;

/// Records of one page.
const PAGE_RECORDS: usize = 500;

/// Chunks that are read ahead.
const PAGE_CHUNKS: usize = 8;

/// How long a message of a page is waited for, at least: chunks are large.
const PAGE_PATIENCE: Duration = Duration::from_secs(1);

/// The bucket's stream.
#[derive(Debug)]
pub(crate) struct Bucket {
    connection: Connection,
    access: Access,
    /// Given where any server's word suffices while there is no leader.
    absence: Option<Absence>,
    pub(crate) name: String,
    replicas: usize,
    made: OnceCell<()>,
}

/// A frame as it is kept.
#[derive(Debug)]
pub(crate) struct Chunk {
    pub(crate) sequence: u64,
    pub(crate) frame: u64,
    pub(crate) bytes: Bytes,
}

/// What became of a record that was sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Recorded {
    /// It is the object's record now.
    Taken,
    /// Another record came between.
    Stale,
}

impl Bucket {
    /// Makes a bucket's handle; one that is only `read` does without a leader where there is none.
    pub(crate) fn new(connection: Connection, name: &str, replicas: usize, read: bool) -> Self {
        let access = connection.permissions.to([format!("OBJ_{name}"), name.to_owned()]);
        let absence = read.then(Absence::default);
        Self { connection, access, absence, name: name.to_owned(), replicas, made: OnceCell::new() }
    }

    pub(crate) fn chunk_subject(&self, nuid: &str) -> String {
        format!("$O.{}.C.{nuid}", self.name)
    }

    fn record_subject(&self, name: &str) -> String {
        format!("$O.{}.M.{}", self.name, encoded(name))
    }

    fn stream(&self) -> String {
        format!("OBJ_{}", self.name)
    }

    /// Does something until it is done or the time is over.
    async fn retried<T, Attempt: Future<Output = Result<T, Failure>>>(
        &self,
        attempt: impl FnMut() -> Attempt,
    ) -> Result<T, ObjectError> {
        self.connection.retry(&self.access, attempt).await.map_err(object_error)
    }

    /// Asks the leader, or any server where that suffices.
    async fn asked<T, Leader, Any>(
        &self,
        leader: impl Fn() -> Leader,
        any: impl Fn(Duration) -> Any,
    ) -> Result<T, StoreError>
    where
        Leader: Future<Output = Result<T, Failure>>,
        Any: Future<Output = Result<T, Failure>>,
    {
        let ask = |patience| leader_or_any(self.absence.as_ref(), patience, leader(), any(patience));
        self.connection.ask(&self.access, ask).await
    }

    /// Returns whether there is one.
    pub(crate) async fn is_made(&self) -> Result<bool, StoreError> {
        let (stream, subjects) = (&self.stream(), &format!("$O.{}.M.>", self.name));
        let any = &json!({ "last_by_subj": subjects });
        let found = self.asked(
            || async move { stream_info(&self.connection.context, stream).await.map(drop) },
            |patience| async move { self.pages(stream, patience).one(any).await.map(drop) },
        );
        match found.await {
            Ok(()) => Ok(true),
            Err(StoreError::Refused { refusal: Refusal::Missing { .. } }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Returns whether there is one, without asking again for one that was found before.
    pub(crate) async fn is_there(&self) -> Result<bool, ObjectError> {
        if self.made.initialized() {
            return Ok(true);
        }
        self.is_made().await.map_err(object_error)
    }

    /// Makes the bucket where there is none.
    pub(crate) async fn ensure(&self) -> Result<(), ObjectError> {
        self.made.get_or_try_init(|| self.retried(|| self.create())).await.copied()
    }

    async fn create(&self) -> Result<(), Failure> {
        if self.connection.client.server_info().max_payload < MESSAGE_BYTES {
            return Err(invalid(format!(
                "the server takes no objects, and so no archives: its max_payload is below {MESSAGE_BYTES} bytes; raise it in \
                 the server's configuration (1MB is usual) and reload that"
            ))
            .into());
        }
        if let Ok(stream) = self.connection.context.get_stream(self.stream()).await {
            return self.suffices(&stream.cached_info().config);
        }
        let config = Config {
            name: self.stream(),
            description: Some("Cidgraph's objects".to_owned()),
            subjects: vec![format!("$O.{}.C.>", self.name), format!("$O.{}.M.>", self.name)],
            storage: StorageType::File,
            discard: DiscardPolicy::New,
            num_replicas: self.replicas,
            allow_rollup: true,
            allow_direct: true,
            ..Config::default()
        };
        match self.connection.context.create_stream(config).await {
            Ok(_) => Ok(()),
            Err(error) => {
                let exists = matches!(error.kind(), CreateStreamErrorKind::JetStream(cause)
                    if cause.error_code() == ErrorCode::STREAM_NAME_EXIST);
                if exists { Ok(()) } else { Err(transient(format!("the bucket cannot be made: {error}"))) }
            }
        }
    }

    /// Checks that the bucket that is there keeps objects for ever, and on as many servers as events.
    fn suffices(&self, is: &Config) -> Result<(), Failure> {
        let lacking = [
            ("storage", is.storage != StorageType::File),
            ("discard", is.discard != DiscardPolicy::New),
            ("max_age", !is.max_age.is_zero()),
            ("num_replicas", is.num_replicas < self.replicas),
            ("allow_direct", !is.allow_direct),
        ];
        match lacking.iter().find(|(_, lacks)| *lacks) {
            None => Ok(()),
            Some((field, _)) => {
                Err(invalid(format!("the bucket {} keeps objects less well than events: {field}", self.name)).into())
            }
        }
    }

    /// Appends a chunk and returns its sequence; sending it again changes nothing.
    pub(crate) async fn append(&self, nuid: &str, frame: u64, bytes: &Bytes) -> Result<u64, ObjectError> {
        let subject = &self.chunk_subject(nuid);
        let id = &format!("{nuid}-{frame}");
        self.retried(|| async move {
            let mut headers = HeaderMap::new();
            headers.insert(FRAME, frame.to_string());
            headers.insert("Nats-Msg-Id", id.as_str());
            let sent = self.connection.context.publish_with_headers(subject.clone(), headers, bytes.clone()).await;
            let acknowledged = sent.map_err(transient)?.await.map_err(transient)?;
            Ok(acknowledged.sequence)
        })
        .await
    }

    /// Returns an object's record with its sequence, as the leader sees it.
    pub(crate) async fn record(&self, name: &str) -> Result<Option<(u64, Record)>, ObjectError> {
        let message = self.last(&self.record_subject(name)).await?;
        message.map(|(sequence, message)| Ok((sequence, Record::read(name, &message.payload)?))).transpose()
    }

    /// Returns the last message with these subjects.
    async fn last(&self, subjects: &str) -> Result<Option<(u64, Plain)>, ObjectError> {
        let (stream, any) = (&self.stream(), &json!({ "last_by_subj": subjects }));
        let last = self.asked(
            || async move { Ok(last_message(&self.connection.context, stream, subjects).await?.map(plain_of_leader)) },
            |patience| async move { self.pages(stream, patience).one(any).await?.map(plain).transpose() },
        );
        last.await.map_err(object_error)
    }

    fn pages<'a>(&'a self, stream: &'a str, patience: Duration) -> Pages<'a> {
        let Connection { client, silence, .. } = &self.connection;
        Pages { client, stream, silence, patience }
    }

    /// Replaces the record that has this sequence, 0 where there was none.
    pub(crate) async fn replace(&self, name: &str, record: &Record, before: u64) -> Result<Recorded, ObjectError> {
        let (subject, body) = (&self.record_subject(name), &Bytes::from(record.to_bytes()));
        self.retried(|| async move {
            let mut headers = HeaderMap::new();
            headers.insert("Nats-Rollup", "sub");
            headers.insert("Nats-Expected-Last-Subject-Sequence", before.to_string());
            let sent = self.connection.context.publish_with_headers(subject.clone(), headers, body.clone()).await;
            match sent.map_err(transient)?.await {
                Ok(_) => Ok(Recorded::Taken),
                Err(error) if error.kind() == PublishErrorKind::WrongLastSequence => Ok(Recorded::Stale),
                Err(error) => Err(transient(error)),
            }
        })
        .await
    }

    /// Removes the chunks that a record named.
    pub(crate) async fn remove_chunks(&self, nuid: &str) -> Result<(), ObjectError> {
        let (stream, subject) = (&self.stream(), &self.chunk_subject(nuid));
        self.retried(|| async move {
            let handle = self.connection.context.get_stream_no_info(stream).await.map_err(transient)?;
            handle.purge().filter(subject).await.map(drop).map_err(transient)
        })
        .await
    }

    /// Removes chunks that no record names and that are older than `age`: an interrupted put left them. Returns of how
    /// many puts.
    pub(crate) async fn sweep(&self, age: Duration) -> Result<u64, ObjectError> {
        let mut orphans = self.old_chunks(age).await?;
        // The records are read after the chunks were listed: whatever was put in between is named by one.
        for (_, record) in self.records().await? {
            orphans.remove(&record.nuid);
        }
        for nuid in &orphans {
            self.remove_chunks(nuid).await?;
        }
        Ok(orphans.len() as u64)
    }

    /// Returns the names of all chunks of which the last is older than `age`.
    async fn old_chunks(&self, age: Duration) -> Result<BTreeSet<String>, ObjectError> {
        let (stream, prefix) = (&self.stream(), &self.chunk_subject(""));
        let subjects = self.retried(|| async move {
            let handle = self.connection.context.get_stream_no_info(stream).await.map_err(transient)?;
            let listed = handle.info_with_subjects(format!("{prefix}>")).await.map_err(transient)?;
            listed.try_collect::<Vec<_>>().await.map_err(transient)
        });
        let until = SystemClock.now_ns().saturating_sub(u64::try_from(age.as_nanos()).unwrap_or(u64::MAX));
        let mut old = BTreeSet::new();
        for (subject, _) in subjects.await? {
            let last = self.retried(|| last_message(&self.connection.context, stream, &subject)).await?;
            let written = last.map(|last| last.time.unix_timestamp_nanos()).unwrap_or(i128::MAX);
            if let Some(nuid) = subject.strip_prefix(prefix.as_str()).filter(|_| written < i128::from(until)) {
                old.insert(nuid.to_owned());
            }
        }
        Ok(old)
    }

    /// Returns the names and records of all objects, those that were deleted too.
    pub(crate) async fn records(&self) -> Result<Vec<(String, Record)>, ObjectError> {
        let subjects = &format!("$O.{}.M.>", self.name);
        let last = self.last(subjects).await?.map_or(0, |(sequence, _)| sequence);
        let (mut next, mut records) = (1, Vec::new());
        while next <= last {
            let page = self.messages(subjects, next, PAGE_RECORDS).await?;
            let Some(end) = page.last() else { break };
            next = end.0 + 1;
            for (_, message) in page {
                let token = message.subject.rsplit('.').next().unwrap_or_default();
                let Some(name) = decoded(token) else { continue };
                let record = Record::read(&name, &message.payload)?;
                records.push((name, record));
            }
        }
        Ok(records)
    }

    /// Returns the next chunks of an object from a sequence on; none only where there are none.
    pub(crate) async fn chunks(&self, name: &str, nuid: &str, from: u64) -> Result<Vec<Chunk>, ObjectError> {
        let messages = self.messages(&self.chunk_subject(nuid), from, PAGE_CHUNKS).await?;
        let chunk = |(sequence, message): (u64, Plain)| {
            let frame = number(&message.headers, FRAME);
            let damaged = || super::record::damaged(name, "a chunk without its place");
            Ok(Chunk { sequence, frame: frame.ok_or_else(damaged)?, bytes: message.payload })
        };
        messages.into_iter().map(chunk).collect()
    }

    async fn messages(&self, subjects: &str, from: u64, count: usize) -> Result<Vec<(u64, Plain)>, ObjectError> {
        let stream = &self.stream();
        let page = self.connection.ask(&self.access, |patience| async move {
            let page = self.pages(stream, patience.max(PAGE_PATIENCE)).page(subjects, from, count).await?;
            page.messages.into_iter().map(plain).collect::<Result<Vec<_>, Failure>>()
        });
        let page = page.await.map_err(object_error)?;
        if !page.is_empty() {
            return Ok(page);
        }
        // The replica that answered may lag; the leader does not.
        let any = &json!({ "seq": from, "next_by_subj": subjects });
        let next =
            self.asked(
                || async move {
                    Ok(next_message(&self.connection.context, stream, subjects, from).await?.map(plain_of_leader))
                },
                |patience| async move { self.pages(stream, patience).one(any).await?.map(plain).transpose() },
            );
        Ok(next.await.map_err(object_error)?.into_iter().collect())
    }
}

/// A message, whoever gave it.
struct Plain {
    subject: String,
    headers: HeaderMap,
    payload: Bytes,
}

fn plain(message: Message) -> Result<(u64, Plain), Failure> {
    let sequence = sequence_of(&message).ok_or_else(|| transient("a message without its sequence"))?;
    let headers = message.headers.unwrap_or_default();
    let subject = headers.get("Nats-Subject").map(|subject| subject.as_str().to_owned());
    Ok((sequence, Plain { subject: subject.unwrap_or_default(), headers, payload: message.payload }))
}

fn plain_of_leader(message: StreamMessage) -> (u64, Plain) {
    let (subject, headers, payload) = (message.subject.to_string(), message.headers, message.payload);
    (message.sequence, Plain { subject, headers, payload })
}

fn object_error(error: StoreError) -> ObjectError {
    let reason = error.to_string();
    match error {
        StoreError::Invalid { reason } => ObjectError::Invalid { reason },
        StoreError::Refused { .. } => ObjectError::Invalid { reason },
        StoreError::Unavailable { reason } => ObjectError::Unavailable { reason },
        StoreError::Conflict { .. }
        | StoreError::Malformed { .. }
        | StoreError::Unknown { .. }
        | StoreError::Partial { .. }
        | StoreError::Corrupt { .. } => ObjectError::Unavailable { reason },
    }
}
