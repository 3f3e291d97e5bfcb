//! Where a subscription's events go, and the buffer that holds them until they are polled.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::id::GraphId;
use crate::stream::StreamEvent;

/// What happens with the events of a subscription.
#[derive(Clone)]
pub enum SubscriptionHandler {
    /// The graph's transactions go, whole, to the manager's sink, beginning with what the sink lacks.
    GraphUpdate {
        /// The graph.
        target_graph: GraphId,
    },
    /// Events wait to be polled, together: until there are `max_size` of them, or one has waited for `max_age`.
    Buffered {
        /// Events that wait at most; then the subscription reads no further until it is polled.
        max_size: usize,
        /// How long an event waits for others.
        max_age: Duration,
    },
    /// Called with each event, in order; the next one waits until it returns.
    Custom(Arc<dyn Fn(&StreamEvent) + Send + Sync>),
}

impl fmt::Debug for SubscriptionHandler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GraphUpdate { target_graph } => {
                f.debug_struct("GraphUpdate").field("target_graph", target_graph).finish()
            }
            Self::Buffered { max_size, max_age } => {
                f.debug_struct("Buffered").field("max_size", max_size).field("max_age", max_age).finish()
            }
            Self::Custom(_) => f.write_str("Custom"),
        }
    }
}

/// Events between a subscription's reader and whoever polls; never more than `max_size`.
#[derive(Debug)]
pub(super) struct Buffer {
    max_size: usize,
    max_age: Duration,
    held: Mutex<Held>,
    /// Told when there is room again.
    room: Notify,
}

#[derive(Debug, Default)]
struct Held {
    events: VecDeque<StreamEvent>,
    /// When the oldest was put in.
    since: Option<Instant>,
}

impl Buffer {
    pub(super) fn new(max_size: usize, max_age: Duration) -> Self {
        Self { max_size: max_size.max(1), max_age, held: Mutex::default(), room: Notify::new() }
    }

    /// Puts an event in, waiting while there is no room.
    pub(super) async fn push(&self, event: StreamEvent) {
        while self.held.lock().events.len() >= self.max_size {
            self.room.notified().await;
        }
        let mut held = self.held.lock();
        held.since.get_or_insert_with(Instant::now);
        held.events.push_back(event);
    }

    pub(super) fn len(&self) -> usize {
        self.held.lock().events.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes everything, where there is enough or the oldest has waited long enough.
    pub(super) fn poll(&self) -> Vec<StreamEvent> {
        let mut held = self.held.lock();
        let aged = held.since.is_some_and(|since| since.elapsed() >= self.max_age);
        if held.events.len() < self.max_size && !aged {
            return Vec::new();
        }
        held.since = None;
        let events = held.events.drain(..).collect();
        drop(held);
        self.room.notify_one();
        events
    }
}
