//! A stream that is published to and read without an engine or a store.

use std::time::Duration;

use async_nats::client::Request;
use async_nats::jetstream::consumer::pull;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy};
use async_nats::jetstream::stream::{Config, DiscardPolicy, StorageType};
use async_nats::jetstream::{self, Context};
use async_nats::{Client, Message};
use futures::StreamExt;

use super::error::BaselineError;
use super::message::RawMessage;
use super::servers::Servers;
use crate::number;

/// Messages that a reader asks for at once.
const PULLED: usize = 2000;

/// How long a request for messages stands.
const PATIENCE: Duration = Duration::from_secs(30);

/// A stream, and a connection to it.
#[derive(Debug, Clone)]
pub struct RawStream {
    client: Client,
    context: Context,
    name: String,
}

impl RawStream {
    /// Makes a stream with the settings that a store's has.
    ///
    /// # Errors
    /// Where the server does not make it.
    pub async fn create(server: &Servers, name: &str) -> Result<Self, BaselineError> {
        let context = jetstream::new(server.client.clone());
        let config = Config {
            name: name.to_owned(),
            subjects: vec![format!("{name}.>")],
            storage: StorageType::File,
            discard: DiscardPolicy::New,
            num_replicas: server.replicas(),
            allow_direct: true,
            allow_atomic_publish: true,
            ..Config::default()
        };
        context.create_stream(config).await.map_err(BaselineError::at("making a stream"))?;
        Ok(Self { client: server.client.clone(), context, name: name.to_owned() })
    }

    /// Returns the stream's name, which its subjects begin with.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Publishes a message, waits for its acknowledgement and returns its sequence.
    ///
    /// # Errors
    /// Where it was not taken.
    pub async fn publish(&self, message: RawMessage) -> Result<u64, BaselineError> {
        let RawMessage { subject, headers, block } = message;
        let request = Request::new().headers(headers).payload(block);
        let answer = self.client.send_request(subject, request).await;
        taken(&answer.map_err(BaselineError::at("publishing"))?)
    }

    /// Publishes messages as one atomic batch under a name of its own and waits for its acknowledgement.
    ///
    /// # Errors
    /// Where it was not taken.
    pub async fn publish_batch(&self, batch_id: &str, messages: Vec<RawMessage>) -> Result<(), BaselineError> {
        let last = messages.len();
        for (number, mut message) in (1..).zip(messages) {
            message.headers.insert("Nats-Batch-Id", batch_id);
            message.headers.insert("Nats-Batch-Sequence", number.to_string());
            if number == last {
                message.headers.insert("Nats-Batch-Commit", "1");
                return self.publish(message).await.map(drop);
            }
            let RawMessage { subject, headers, block } = message;
            let sent = self.client.publish_with_headers(subject, headers, block).await;
            sent.map_err(BaselineError::at("publishing"))?;
        }
        Ok(())
    }

    /// Reads the stream's messages from its first on and returns how many they are, and their bytes.
    ///
    /// # Errors
    /// Where the server does not give them.
    pub async fn pull(server: &Servers, stream: &str) -> Result<(u64, u64), BaselineError> {
        let config = pull::Config {
            deliver_policy: DeliverPolicy::All,
            ack_policy: AckPolicy::None,
            memory_storage: true,
            num_replicas: 1,
            inactive_threshold: PATIENCE,
            ..pull::Config::default()
        };
        let context = jetstream::new(server.client.clone());
        let made = context.create_consumer_on_stream(config, stream).await;
        let consumer = made.map_err(BaselineError::at("making a consumer"))?;
        let pending = consumer.cached_info().num_pending;
        let messages = consumer.stream().max_messages_per_batch(PULLED).expires(PATIENCE).messages().await;
        let mut messages = messages.map_err(BaselineError::at("pulling"))?;
        let (mut count, mut bytes) = (0, 0);
        while count < pending {
            let Some(message) = messages.next().await else { break };
            bytes += number::count(message.map_err(BaselineError::at("pulling"))?.payload.len());
            count += 1;
        }
        let name = consumer.cached_info().name.clone();
        context.delete_consumer_from_stream(&name, stream).await.map_err(BaselineError::at("deleting a consumer"))?;
        Ok((count, bytes))
    }

    /// Deletes the stream.
    ///
    /// # Errors
    /// Where the server does not.
    pub async fn delete(self) -> Result<(), BaselineError> {
        self.context.delete_stream(&self.name).await.map(drop).map_err(BaselineError::at("deleting a stream"))
    }
}

/// Reads what the server says to a publish: the message's sequence.
fn taken(answer: &Message) -> Result<u64, BaselineError> {
    let answer: serde_json::Value =
        serde_json::from_slice(&answer.payload).map_err(BaselineError::at("reading an answer"))?;
    match answer.get("error") {
        None => answer.get("seq").and_then(serde_json::Value::as_u64).ok_or_else(|| BaselineError::Refused {
            doing: "publishing",
            reason: format!("an answer without a sequence: {answer}"),
        }),
        Some(error) => Err(BaselineError::Refused { doing: "publishing", reason: error.to_string() }),
    }
}
