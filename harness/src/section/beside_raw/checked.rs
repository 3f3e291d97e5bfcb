//! Raw publishing with the check that a store asks of the server: that an aggregate's last message is the expected one.
//! It shows how much of a store's time the server takes for that check.

use std::collections::BTreeMap;

use cidgraph::{AggregateId, StoredEvent};
use futures::future::try_join_all;

use crate::baseline::{BaselineError, RawMessage, RawStream, Servers};
use crate::measure::{Distribution, Stopwatch};
use crate::number;
use crate::section::service::ServiceError;

/// A stream to which each aggregate's messages are published one after the other, those of different aggregates side by
/// side, as a store does.
pub(super) struct Checked {
    raw: RawStream,
    /// The sequences of the aggregates' last messages.
    last: BTreeMap<AggregateId, u64>,
    /// From sending a message to its acknowledgement.
    latency: Distribution,
    /// Messages a second, by turn.
    rates: Vec<f64>,
}

impl Checked {
    /// Makes the stream beside that of the raw messages.
    pub(super) async fn create(server: &Servers, stream: &str) -> Result<Self, ServiceError> {
        let raw = RawStream::create(server, &format!("{stream}-checked")).await.map_err(ServiceError::new)?;
        Ok(Self { raw, last: BTreeMap::new(), latency: Distribution::new(), rates: Vec::new() })
    }

    /// Publishes the messages of events.
    pub(super) async fn publish(&mut self, events: &[StoredEvent]) -> Result<(), ServiceError> {
        let mut lines: BTreeMap<AggregateId, Vec<RawMessage>> = BTreeMap::new();
        for StoredEvent { event, .. } in events {
            lines.entry(event.aggregate).or_default().push(RawMessage::of(self.raw.name(), event));
        }
        let lasts = lines.keys().map(|aggregate| self.last.get(aggregate).copied().unwrap_or(0)).collect::<Vec<_>>();
        let aggregates: Vec<AggregateId> = lines.keys().copied().collect();
        let timed = Stopwatch::start();
        let published = lines.into_values().zip(lasts).map(|(line, last)| {
            let raw = self.raw.clone();
            let task = tokio::spawn(async move { publish_line(&raw, line, last).await });
            async move { task.await.expect("publishing does not panic") }
        });
        let published = try_join_all(published).await.map_err(ServiceError::new)?;
        self.rates.push(timed.read().rate(number::count(events.len())));
        for (aggregate, (last, latency)) in aggregates.into_iter().zip(published) {
            self.last.insert(aggregate, last);
            self.latency.add(&latency);
        }
        Ok(())
    }

    /// Deletes the stream and returns the median rate of the turns, messages a second, and how long messages took.
    pub(super) async fn delete(self) -> Result<(f64, Distribution), ServiceError> {
        self.raw.delete().await.map_err(ServiceError::new)?;
        Ok((number::median(&self.rates), self.latency))
    }
}

/// Publishes messages of one aggregate and returns the sequence of the last one.
async fn publish_line(
    raw: &RawStream,
    messages: Vec<RawMessage>,
    mut last: u64,
) -> Result<(u64, Distribution), BaselineError> {
    let mut latency = Distribution::new();
    for message in messages {
        let message = message.expecting(last);
        let sent = Stopwatch::start();
        last = raw.publish(message).await?;
        latency.record(number::nanoseconds(sent.read().wall));
    }
    Ok((last, latency))
}
