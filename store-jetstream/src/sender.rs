//! The one way to the server. Where it syncs or replicates, appends go at once as long as few are under way; those that
//! must wait go together, as one atomic batch, so that many writers share a round trip and a sync.
//!
//! A batch is taken whole or not at all, so one stale check refuses the others' events too: then each is sent alone.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use async_nats::Client;
use cidgraph::{AggregateId, Durability};
use foldhash::fast::RandomState;
use futures::future::join_all;
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::publish::{Message, Sent, publish};

/// Publishes under way at once, each of one append or of several that had to wait.
const UNDER_WAY_MAX: usize = 4;

/// Messages of one atomic batch, at most.
pub(crate) const BATCH_EVENTS_MAX: usize = 1000;

/// From how many on something is worth a batch instead of messages of their own.
///
/// A server that keeps a stream alone makes a folder on the disk for every batch: about 3 ms of its processor (2.15.1),
/// as much as some three hundred messages cost it. Servers that replicate keep a batch in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sharing {
    /// Transactions of one aggregate, which otherwise go one after the other.
    pub(crate) transactions_min: usize,
    /// Appends to different aggregates, which otherwise go side by side; `None` where that is always better.
    pub(crate) appends_min: Option<usize>,
}

impl Sharing {
    pub(crate) const fn of(replicas: usize, durability: Durability) -> Self {
        match (replicas, durability) {
            (2.., _) => Self { transactions_min: 1, appends_min: Some(8) },
            (_, Durability::Fsynced | Durability::QuorumFsynced) => {
                Self { transactions_min: 32, appends_min: Some(64) }
            }
            (_, Durability::Memory | Durability::PageCache) => Self { transactions_min: 32, appends_min: None },
        }
    }
}

/// Sends appends.
#[derive(Debug)]
pub(crate) struct Sender(Arc<Way>);

#[derive(Debug)]
struct Way {
    client: Client,
    /// Appends that are worth a batch; `None` where none waits for others.
    together_min: Option<usize>,
    traffic: Mutex<Traffic>,
}

#[derive(Debug, Default)]
struct Traffic {
    under_way: usize,
    /// Appends that wait until one under way is answered. While there are some, as many as may be are under way.
    waiting: VecDeque<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    aggregates: Vec<AggregateId>,
    messages: Vec<Message>,
    answer: oneshot::Sender<Option<Sent>>,
}

/// Whether an append goes now.
enum Entered {
    Now(Vec<Message>),
    Later(oneshot::Receiver<Option<Sent>>),
}

impl Sender {
    pub(crate) fn new(client: Client, together_min: Option<usize>) -> Self {
        Self(Arc::new(Way { client, together_min, traffic: Mutex::default() }))
    }

    /// Sends an append; `None` where it was refused together with others, so that nothing is known of it alone.
    pub(crate) async fn send(&self, aggregates: Vec<AggregateId>, messages: Vec<Message>) -> Option<Sent> {
        if self.0.together_min.is_none() {
            return Some(self.send_alone(messages).await);
        }
        match self.enter(aggregates, messages) {
            Entered::Now(messages) => {
                let _under_way = UnderWay(&self.0);
                Some(publish(&self.0.client, messages).await)
            }
            Entered::Later(answer) => {
                answer.await.unwrap_or_else(|_| Some(Sent::Lost("the runtime is shutting down".to_owned())))
            }
        }
    }

    fn enter(&self, aggregates: Vec<AggregateId>, messages: Vec<Message>) -> Entered {
        let mut traffic = self.0.traffic.lock();
        if traffic.under_way < UNDER_WAY_MAX {
            traffic.under_way += 1;
            return Entered::Now(messages);
        }
        let (answer, answered) = oneshot::channel();
        traffic.waiting.push_back(Waiting { aggregates, messages, answer });
        Entered::Later(answered)
    }

    /// Sends an append at once, with no other.
    pub(crate) async fn send_alone(&self, messages: Vec<Message>) -> Sent {
        publish(&self.0.client, messages).await
    }
}

/// An append under way; when it is answered, or given up, those that wait go.
struct UnderWay<'a>(&'a Arc<Way>);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut traffic = self.0.traffic.lock();
        if traffic.waiting.is_empty() {
            traffic.under_way -= 1;
            return;
        }
        drop(traffic);
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(send_waiting(Arc::clone(self.0)))),
            // Without a runtime nobody waits for an answer any more.
            Err(_) => self.0.traffic.lock().under_way -= 1,
        }
    }
}

/// Sends what waits, as long as something does.
async fn send_waiting(way: Arc<Way>) {
    loop {
        let group = {
            let mut traffic = way.traffic.lock();
            let group = take_group(&mut traffic.waiting);
            if group.is_empty() {
                traffic.under_way -= 1;
                return;
            }
            group
        };
        if way.together_min.is_none_or(|min| group.len() < min) {
            join_all(group.into_iter().map(|waiting| send_one(&way.client, waiting))).await;
        } else {
            send_together(&way.client, group).await;
        }
    }
}

/// Takes what goes into one batch: no aggregate twice, as each check is made on what was there before the batch. Whom
/// nobody waits for any more is left out.
fn take_group(waiting: &mut VecDeque<Waiting>) -> Vec<Waiting> {
    let mut group = Vec::new();
    let mut events = 0;
    let mut aggregates: HashSet<AggregateId, RandomState> = HashSet::default();
    while let Some(next) = waiting.pop_front() {
        if next.answer.is_closed() {
            continue;
        }
        let is_new = next.aggregates.iter().all(|aggregate| !aggregates.contains(aggregate));
        if !group.is_empty() && (events + next.messages.len() > BATCH_EVENTS_MAX || !is_new) {
            waiting.push_front(next);
            break;
        }
        events += next.messages.len();
        aggregates.extend(next.aggregates.iter().copied());
        group.push(next);
    }
    group
}

async fn send_one(client: &Client, waiting: Waiting) {
    let sent = publish(client, waiting.messages).await;
    // Whoever asked may have given up.
    drop(waiting.answer.send(Some(sent)));
}

async fn send_together(client: &Client, group: Vec<Waiting>) {
    let mut messages = Vec::with_capacity(BATCH_EVENTS_MAX);
    let mut answers = Vec::with_capacity(group.len());
    for waiting in group {
        answers.push((waiting.messages.len() as u64, waiting.answer));
        messages.extend(waiting.messages);
    }
    let events = messages.len() as u64;
    let sent = publish(client, messages).await;
    let mut before = match sent {
        Sent::Taken(last) => last - events,
        Sent::Stale | Sent::Refused(_) | Sent::Failed(_) | Sent::Lost(_) => 0,
    };
    for (events, answer) in answers {
        before += events;
        let sent = match &sent {
            Sent::Taken(_) => Some(Sent::Taken(before)),
            Sent::Stale | Sent::Refused(_) => None,
            Sent::Failed(reason) => Some(Sent::Failed(reason.clone())),
            Sent::Lost(reason) => Some(Sent::Lost(reason.clone())),
        };
        // Whoever asked may have given up.
        drop(answer.send(sent));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns appends to these aggregates, each of so many events.
    fn waiting(appends: &[(u64, usize)]) -> (VecDeque<Waiting>, Vec<oneshot::Receiver<Option<Sent>>>) {
        let append = |&(aggregate, events)| {
            let (answer, answered) = oneshot::channel();
            let messages = std::iter::repeat_with(Message::empty).take(events).collect();
            (Waiting { aggregates: vec![AggregateId::from_u64(aggregate)], messages, answer }, answered)
        };
        appends.iter().map(append).unzip()
    }

    #[test]
    fn a_group_is_no_larger_than_a_batch_and_holds_no_aggregate_twice() {
        for (appends, taken) in [
            (&[][..], 0),
            (&[(1, 1), (2, 1), (3, 1)], 3),
            (&[(1, 1), (2, 1), (1, 1), (3, 1)], 2),
            (&[(1, 999), (2, 1), (3, 1)], 2),
            (&[(1, 1000), (2, 1)], 1),
            (&[(1, 1), (2, 1000)], 1),
        ] {
            let (mut queue, _answers) = waiting(appends);
            assert_eq!(take_group(&mut queue).len(), taken, "{appends:?}");
            assert_eq!(queue.len(), appends.len() - taken, "{appends:?}");
        }
    }

    #[test]
    fn whom_nobody_waits_for_is_left_out() {
        let (mut queue, mut answers) = waiting(&[(1, 1), (2, 1), (1, 1)]);
        drop(answers.remove(0));
        assert_eq!(take_group(&mut queue).len(), 2);
    }
}
