//! Pages of a stream: many messages for one request, from whichever replica answers.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_nats::client::{Request, RequestErrorKind as AskedErrorKind};
use async_nats::jetstream::context::RequestErrorKind;
use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::response::Response;
use async_nats::jetstream::stream::Info;
use async_nats::jetstream::stream::RawMessageErrorKind;
use async_nats::jetstream::{Context, ErrorCode};
use async_nats::{Client, HeaderMap, Message, StatusCode};
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::backoff::Failure;
use crate::refusals::{invalid, missing};
use crate::silence::Silence;

/// Bytes of one page, about at most.
const PAGE_BYTES: usize = 8 << 20;

/// Questions for a page that are asked at once where servers are silent, and the time between the further ones: each that
/// a server hears costs it a page.
const PAGES_AT_ONCE: usize = 2;
const BETWEEN_QUESTIONS: Duration = Duration::from_millis(20);

/// The status that ends a page.
const END_OF_PAGE: u16 = 204;

/// The status of a server that is asked for the last messages of more subjects than it counts.
const TOO_MANY: u16 = 413;

/// A stream and who asks.
#[derive(Debug)]
pub(crate) struct Pages<'a> {
    pub(crate) client: &'a Client,
    pub(crate) stream: &'a str,
    pub(crate) silence: &'a Silence,
    /// How long each message is waited for.
    pub(crate) patience: Duration,
}

/// What a replica answers.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) messages: Vec<Message>,
    /// Whether the replica has no more.
    pub(crate) is_end: bool,
}

impl Pages<'_> {
    /// Returns some of the next messages with these subjects, as the replica that answers sees them.
    pub(crate) async fn page(&self, subjects: &str, from: u64, count: usize) -> Result<Page, Failure> {
        let request = json!({"seq": from, "batch": count, "max_bytes": PAGE_BYTES, "next_by_subj": subjects});
        let is_answered = AtomicBool::new(false);
        self.first_of(PAGES_AT_ONCE, &is_answered, || self.ask_page(&request, count, &is_answered)).await
    }

    /// Returns the last message of every subject of these, as the replica that answers sees them; those are not all where
    /// the page is not the end: of more subjects than a server counts there are none.
    pub(crate) async fn lasts(&self, subjects: &str) -> Result<Page, Failure> {
        let request = json!({"multi_last": [subjects], "max_bytes": PAGE_BYTES});
        let is_answered = AtomicBool::new(false);
        self.first_of(PAGES_AT_ONCE, &is_answered, || self.ask_page(&request, 64, &is_answered)).await
    }

    /// Asks any replica for one message.
    pub(crate) async fn one(&self, request: &Value) -> Result<Option<Message>, Failure> {
        self.first_of(usize::MAX, &AtomicBool::new(false), || self.ask_one(request)).await
    }

    /// Returns the first answer to a question. Where servers are silent it is asked several times: `at_once`, then again and
    /// again until one begins to answer, which whoever asks says.
    async fn first_of<T, Asking: Future<Output = Result<T, Failure>>>(
        &self,
        at_once: usize,
        is_answered: &AtomicBool,
        ask: impl Fn() -> Asking,
    ) -> Result<T, Failure> {
        let mut left = self.silence.questions();
        let mut asked = FuturesUnordered::new();
        while left > 0 && asked.len() < at_once {
            asked.push(ask());
            left -= 1;
        }
        let mut failure = Failure::Unanswered;
        while left > 0 || !asked.is_empty() {
            let more = left > 0 && !is_answered.load(Ordering::Relaxed);
            tokio::select! {
                Some(answer) = asked.next() => match answer {
                    Err(error @ (Failure::Transient(_) | Failure::Unanswered)) => failure = error,
                    answered => return answered,
                },
                () = sleep(BETWEEN_QUESTIONS), if more => {
                    asked.push(ask());
                    left -= 1;
                }
                else => break,
            }
        }
        Err(failure)
    }

    async fn ask_one(&self, request: &Value) -> Result<Option<Message>, Failure> {
        let request = Request::new().payload(Bytes::from(request.to_string())).timeout(Some(self.patience));
        let reply = match self.client.send_request(direct(self.stream), request).await {
            Ok(reply) => reply,
            Err(error) if error.kind() == AskedErrorKind::NoResponders => return Err(Failure::Unanswered),
            Err(error) => {
                self.silence.note();
                return Err(transient(error));
            }
        };
        match reply.status {
            None | Some(StatusCode::OK) => Ok(Some(reply)),
            Some(StatusCode::NOT_FOUND) => Ok(None),
            Some(status) => Err(refused(status, reply.description)),
        }
    }

    /// Asks for a page; of several questions only the one that is answered first is listened to.
    async fn ask_page(&self, request: &Value, count: usize, is_answered: &AtomicBool) -> Result<Page, Failure> {
        let inbox = self.client.new_inbox();
        let mut replies = self.client.subscribe(inbox.clone()).await.map_err(transient)?;
        self.client
            .publish_with_reply(direct(self.stream), inbox, Bytes::from(request.to_string()))
            .await
            .map_err(transient)?;
        let mut is_first = true;
        let mut messages: Vec<Message> = Vec::with_capacity(count.min(64));
        loop {
            let reply = timeout(self.patience, replies.next()).await.map_err(|late| {
                self.silence.note();
                transient(late)
            })?;
            let reply = reply.ok_or_else(|| transient("the connection is closed"))?;
            if reply.status == Some(StatusCode::NO_RESPONDERS) {
                return Err(Failure::Unanswered);
            }
            if std::mem::take(&mut is_first) && is_answered.swap(true, Ordering::Relaxed) {
                return Err(transient("another server answers"));
            }
            let follows = || previous_sequence(&reply) == messages.last().and_then(sequence_of);
            match reply.status {
                None | Some(StatusCode::OK) if follows() => messages.push(reply),
                Some(StatusCode::NOT_FOUND) => return Ok(Page { messages, is_end: true }),
                Some(status) if status.as_u16() == END_OF_PAGE && follows() => {
                    let is_end = messages.is_empty() || pending(&reply) == Some(0);
                    return Ok(Page { messages, is_end });
                }
                Some(status) if status.as_u16() == TOO_MANY => return Ok(Page { messages: Vec::new(), is_end: false }),
                Some(status) if status != StatusCode::OK && status.as_u16() != END_OF_PAGE => {
                    return Err(refused(status, reply.description));
                }
                None | Some(_) => return Err(transient("a reply was lost")),
            }
        }
    }
}

/// Returns the subject to which any replica of a stream answers.
pub(crate) fn direct(stream: &str) -> String {
    format!("$JS.API.DIRECT.GET.{stream}")
}

/// Returns how many more messages the replica has.
fn pending(reply: &Message) -> Option<u64> {
    number(reply.headers.as_ref()?, "Nats-Num-Pending")
}

/// Returns the failure of a request that was answered with an error.
pub(crate) fn refused(status: StatusCode, description: Option<String>) -> Failure {
    transient(format!("{status} {}", description.unwrap_or_default()))
}

/// Returns the sequence of a message that a direct get gave.
pub(crate) fn sequence_of(message: &Message) -> Option<u64> {
    number(message.headers.as_ref()?, "Nats-Sequence")
}

/// Returns a header's number.
pub(crate) fn number(headers: &HeaderMap, name: &'static str) -> Option<u64> {
    headers.get(name)?.as_str().parse().ok()
}

/// Returns the sequence of the reply before this one, which the server adds so that a lost one is noticed.
fn previous_sequence(reply: &Message) -> Option<u64> {
    number(reply.headers.as_ref()?, "Nats-Last-Sequence").filter(|sequence| *sequence > 0)
}

/// Returns a stream's last message with one of these subjects, as its leader sees it.
pub(crate) async fn last_message(
    context: &Context,
    stream: &str,
    subjects: &str,
) -> Result<Option<StreamMessage>, Failure> {
    let handle = context.get_stream_no_info(stream).await.map_err(transient)?;
    found(stream, handle.raw_message_builder().last_by_subject(subjects).send().await)
}

/// Returns a stream's first message from a sequence on with one of these subjects, as its leader sees it.
pub(crate) async fn next_message(
    context: &Context,
    stream: &str,
    subjects: &str,
    from_sequence: u64,
) -> Result<Option<StreamMessage>, Failure> {
    let handle = context.get_stream_no_info(stream).await.map_err(transient)?;
    found(stream, handle.raw_message_builder().sequence(from_sequence.max(1)).next_by_subject(subjects).send().await)
}

/// Returns a stream as its leader knows it.
pub(crate) async fn stream_info(context: &Context, stream: &str) -> Result<Info, Failure> {
    match context.request(format!("STREAM.INFO.{stream}"), &()).await {
        Ok(Response::Ok(info)) => Ok(info),
        Ok(Response::Err { error }) => Err(of_leader(stream, &error)),
        Err(error) if error.kind() == RequestErrorKind::NoResponders => Err(Failure::Unanswered),
        Err(error) => Err(transient(error)),
    }
}

/// Returns the failure of a request that a stream's leader, or whoever knows that there is none, answered with an error.
fn of_leader(stream: &str, error: &async_nats::jetstream::Error) -> Failure {
    match error.error_code() {
        ErrorCode::STREAM_NOT_FOUND => missing(stream).into(),
        ErrorCode::JETSTREAM_NOT_ENABLED_FOR_ACCOUNT => {
            invalid(format!("the account has no JetStream: {error}")).into()
        }
        _ => transient(error),
    }
}

pub(crate) fn transient(error: impl ToString) -> Failure {
    Failure::Transient(error.to_string())
}

fn found(
    stream: &str,
    message: Result<StreamMessage, async_nats::jetstream::stream::RawMessageError>,
) -> Result<Option<StreamMessage>, Failure> {
    match message {
        Ok(message) => Ok(Some(message)),
        Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(None),
        Err(error) => match error.kind() {
            RawMessageErrorKind::JetStream(cause) => Err(of_leader(stream, &cause)),
            RawMessageErrorKind::NoMessageFound | RawMessageErrorKind::InvalidSubject | RawMessageErrorKind::Other => {
                Err(transient(error))
            }
        },
    }
}
