//! Following the stream: graphs kept current in a sink, buffers that fill and wait, callbacks, places kept.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use cidgraph::subscription::{SinkError, Start, SubscriptionError, SubscriptionId};
use cidgraph::{
    AggregateId, EventFilter, EventStore, GraphEvent, GraphEventProcessor, GraphId, GraphMetadata, GraphSink,
    GraphTransaction, ManualClock, NodeId, StateMachineAggregate, Submission, SubscriptionHandler, SubscriptionManager,
    TransactionalCommandHandler, WriterConfig,
};
use cidgraph_store_memory::MemoryStore;

use crate::faulty::Faulty;
use crate::support::context;
use crate::support::counter::{Counter, CounterCommand};

/// Writes down whatever graph events it is told: the rules of graphs are not the subject here.
#[derive(Debug, Clone)]
struct Scribe;

#[derive(Debug, thiserror::Error)]
#[error("never")]
struct Never;

impl StateMachineAggregate for Scribe {
    type Command = Vec<GraphEvent>;
    type Event = GraphEvent;
    type Rejection = Never;

    fn initial() -> Self {
        Self
    }

    fn decide(&self, command: &Vec<GraphEvent>) -> Result<Vec<GraphEvent>, Never> {
        Ok(command.clone())
    }

    fn apply(&mut self, _: &GraphEvent) {}
}

struct Desk {
    store: Arc<dyn EventStore>,
    scribe: TransactionalCommandHandler<Scribe>,
    counters: TransactionalCommandHandler<Counter>,
}

fn desk() -> Desk {
    let store: Arc<dyn EventStore> = Arc::new(MemoryStore::new());
    let clock = Arc::new(ManualClock::at(1_000));
    let config = WriterConfig::default();
    Desk {
        scribe: TransactionalCommandHandler::new(Arc::clone(&store), config.clone(), clock.clone()),
        counters: TransactionalCommandHandler::new(Arc::clone(&store), config, clock),
        store,
    }
}

const fn graph(number: u64) -> GraphId {
    GraphId::from_bytes(*AggregateId::from_u64(number).as_bytes())
}

fn removed(number: u64) -> GraphEvent {
    GraphEvent::NodeRemoved { node: NodeId::from_u64(number) }
}

impl Desk {
    async fn write(&self, number: u64, command: u64, events: Vec<GraphEvent>) {
        let submission = Submission::one(context(command), events);
        self.scribe.submit(AggregateId::from_u64(number), submission).await.unwrap();
    }

    async fn create(&self, number: u64) {
        let metadata = GraphMetadata::named(format!("graph {number}"));
        self.write(number, 1_000 + number, vec![GraphEvent::GraphCreated { metadata }]).await;
    }

    /// Writes transactions of 1 to 4 events over four graphs, counters in between.
    async fn write_many(&self, commands: std::ops::Range<u64>) {
        for command in commands {
            let events = (0..=command % 4).map(|index| removed(command * 10 + index)).collect();
            self.write(1 + command % 4, command, events).await;
            self.counters.handle(AggregateId::from_u64(99), context(command), CounterCommand::Add(1)).await.unwrap();
        }
    }

    async fn contents(&self, number: u64) -> Vec<(u64, GraphEvent)> {
        let stored = self.store.read(AggregateId::from_u64(number), 1, usize::MAX).await.unwrap();
        let mut events = Vec::new();
        for stored in stored {
            let opened = cidgraph::chain::open_block(&stored.event.block).unwrap();
            let mut decoded = Vec::new();
            opened.decode(&mut decoded).unwrap();
            events.extend(decoded.into_iter().map(|event| (stored.event.version, event)));
        }
        events
    }
}

/// Keeps what it is given, insists on order, and refuses one graph.
#[derive(Default)]
struct Shelf {
    graphs: Mutex<HashMap<GraphId, Vec<(u64, GraphEvent)>>>,
    refused: Option<GraphId>,
    transactions: Mutex<Vec<GraphTransaction>>,
}

#[async_trait]
impl GraphSink for Shelf {
    async fn version(&self, graph: GraphId) -> Result<u64, SinkError> {
        Ok(self.graphs.lock().unwrap().get(&graph).and_then(|events| events.last()).map_or(0, |last| last.0))
    }

    async fn apply(&self, transaction: GraphTransaction) -> Result<(), SinkError> {
        if self.refused == Some(transaction.graph) {
            return Err("told to refuse".into());
        }
        let held = self.version(transaction.graph).await?;
        assert_eq!(transaction.first_version, held + 1, "transactions come in order, each once");
        assert_eq!(transaction.events.last().unwrap().0, transaction.head.version);
        let mut graphs = self.graphs.lock().unwrap();
        graphs.entry(transaction.graph).or_default().extend(transaction.events.iter().cloned());
        self.transactions.lock().unwrap().push(transaction);
        Ok(())
    }
}

impl Shelf {
    fn contents(&self, number: u64) -> Vec<(u64, GraphEvent)> {
        self.graphs.lock().unwrap().get(&graph(number)).cloned().unwrap_or_default()
    }
}

#[tokio::test]
async fn all_graphs_of_a_store_are_kept_current_and_nothing_else() {
    let desk = desk();
    for number in 1..=4 {
        desk.create(number).await;
    }
    desk.write_many(1..50).await;
    let shelf = Arc::new(Shelf::default());
    let processor = GraphEventProcessor::open(Arc::clone(&desk.store), Arc::clone(&shelf), "shelf").await.unwrap();
    let mut following = processor.spawn();
    desk.write_many(50..100).await;
    assert!(following.reached(desk.store.last_sequence().await.unwrap()).await);
    for number in 1..=4 {
        assert_eq!(shelf.contents(number), desk.contents(number).await);
    }
    assert_eq!(shelf.graphs.lock().unwrap().len(), 4);
    let transactions = shelf.transactions.lock().unwrap().clone();
    let different: HashSet<_> = transactions.iter().map(|applied| applied.transaction).collect();
    assert_eq!((transactions.len(), different.len()), (103, 103), "99 commands and 4 creations, each whole");
    assert!(following.failures().is_empty());
    following.stop().await.unwrap();
}

#[tokio::test]
async fn a_processor_goes_on_where_it_stopped_also_with_a_sink_that_lost_or_gained() {
    let desk = desk();
    for number in 1..=4 {
        desk.create(number).await;
    }
    let shelf = Arc::new(Shelf::default());
    for round in 0..3_u64 {
        let processor = GraphEventProcessor::open(Arc::clone(&desk.store), Arc::clone(&shelf), "shelf").await.unwrap();
        let mut following = processor.spawn();
        desk.write_many(1 + round * 20..21 + round * 20).await;
        assert!(following.reached(desk.store.last_sequence().await.unwrap()).await);
        following.stop().await.unwrap();
        shelf.graphs.lock().unwrap().remove(&graph(2));
        desk.store.save_position("shelf", round * 7).await.unwrap();
    }
    let processor = GraphEventProcessor::open(Arc::clone(&desk.store), Arc::clone(&shelf), "shelf").await.unwrap();
    assert!(processor.spawn().reached(desk.store.last_sequence().await.unwrap()).await);
    for number in 1..=4 {
        assert_eq!(shelf.contents(number), desk.contents(number).await);
    }
}

#[tokio::test]
async fn a_graph_that_the_sink_refuses_does_not_stop_the_others() {
    let desk = desk();
    for number in 1..=4 {
        desk.create(number).await;
    }
    desk.write_many(1..20).await;
    let shelf = Arc::new(Shelf { refused: Some(graph(3)), ..Shelf::default() });
    let processor = GraphEventProcessor::open(Arc::clone(&desk.store), Arc::clone(&shelf), "shelf").await.unwrap();
    let mut following = processor.spawn();
    assert!(following.reached(desk.store.last_sequence().await.unwrap()).await);
    assert_eq!(following.failures().iter().map(|(graph, _)| *graph).collect::<Vec<_>>(), [graph(3)]);
    assert_eq!(shelf.contents(4), desk.contents(4).await);
    assert!(shelf.contents(3).is_empty());
}

#[tokio::test]
async fn a_damaged_graph_goes_to_the_sink_up_to_the_damage() {
    let desk = desk();
    desk.create(1).await;
    for number in 1..=9 {
        desk.write(1, number, vec![removed(number)]).await;
    }
    let damaged: Arc<dyn EventStore> = Arc::new(Faulty { damaged: Some(5), ..Faulty::around(Arc::clone(&desk.store)) });
    let shelf = Arc::new(Shelf::default());
    let mut following = GraphEventProcessor::open(damaged, Arc::clone(&shelf), "shelf").await.unwrap().spawn();
    assert!(following.reached(desk.store.last_sequence().await.unwrap()).await);
    assert_eq!(shelf.contents(1), desk.contents(1).await[..4]);
    assert!(following.failures()[0].1.to_string().contains("version 5"), "{:?}", following.failures());
}

/// Lets the subscriptions read what there is.
async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

async fn poll(subscriptions: &SubscriptionManager, id: SubscriptionId) -> Vec<u64> {
    settle().await;
    subscriptions.poll_events(id).await.unwrap().iter().map(|event| event.sequence).collect()
}

fn buffered(max_size: usize, seconds: u64) -> SubscriptionHandler {
    SubscriptionHandler::Buffered { max_size, max_age: Duration::from_secs(seconds) }
}

#[tokio::test(start_paused = true)]
async fn a_buffer_waits_until_it_is_full_or_old_and_never_drops() {
    let desk = desk();
    let subscriptions = SubscriptionManager::new(Arc::clone(&desk.store));
    desk.create(1).await;
    let id = subscriptions.subscribe("event.store.>", None, buffered(3, 60)).await.unwrap();
    for number in 1..=2 {
        desk.write(1, number, vec![removed(number)]).await;
    }
    assert_eq!(poll(&subscriptions, id).await, []);
    desk.write(1, 3, vec![removed(3), removed(4), removed(5)]).await;
    settle().await;
    assert_eq!(subscriptions.lag(id).await.unwrap(), 5);
    assert_eq!(poll(&subscriptions, id).await, [2, 3, 4]);
    assert_eq!(subscriptions.lag(id).await.unwrap(), 2);
    assert_eq!(poll(&subscriptions, id).await, []);
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(poll(&subscriptions, id).await, [5, 6]);
    assert_eq!(subscriptions.lag(id).await.unwrap(), 0);
    assert!(subscriptions.unsubscribe(id) && !subscriptions.unsubscribe(id));
    assert!(matches!(subscriptions.poll_events(id).await, Err(SubscriptionError::Unknown)));
}

#[tokio::test]
async fn subjects_and_filters_pick_events() {
    let desk = desk();
    desk.create(1).await;
    desk.create(2).await;
    for command in 1..=6 {
        let events = vec![removed(command), GraphEvent::GraphRenamed { name: "renamed".into() }];
        desk.write(1 + command % 2, command, events).await;
    }
    let subscriptions = SubscriptionManager::new(Arc::clone(&desk.store));
    let check = async |subject: &str, filter: Option<EventFilter>, expected: &[u64]| {
        let handler = buffered(100, 0);
        let id = subscriptions.subscribe_from(subject, filter, handler, Start::After(0)).await.unwrap();
        assert_eq!(poll(&subscriptions, id).await, expected, "{subject}");
        assert_eq!(subscriptions.lag(id).await.unwrap(), 0);
    };
    let first = AggregateId::from_u64(1);
    check("event.store.*.GraphCreated", None, &[1, 2]).await;
    check("event.store.*.GraphRenamed", None, &[4, 6, 8, 10, 12, 14]).await;
    check(&format!("event.store.{first}.>"), None, &[1, 5, 6, 9, 10, 13, 14]).await;
    check(&format!("event.store.{first}.NodeRemoved"), None, &[5, 9, 13]).await;
    check("event.store.*.NodeRemoved", Some(EventFilter::ByAggregate(first)), &[5, 9, 13]).await;
    check(">", Some(EventFilter::ByActor("nobody".into())), &[]).await;
    let nothing = subscriptions.subscribe("event.store.*", None, buffered(1, 0)).await;
    assert!(matches!(nothing, Err(SubscriptionError::Subject(_))));
}

#[tokio::test]
async fn a_callback_gets_each_event_in_order() {
    let desk = desk();
    desk.create(1).await;
    let subscriptions = Arc::new(SubscriptionManager::new(Arc::clone(&desk.store)));
    let got = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&got);
    let handler = SubscriptionHandler::Custom(Arc::new(move |event| into.lock().unwrap().push(event.sequence)));
    let id = subscriptions.subscribe("event.store.*.NodeRemoved", None, handler).await.unwrap();
    for number in 1..=5 {
        desk.write(1, number, vec![removed(number)]).await;
    }
    settle().await;
    assert_eq!(*got.lock().unwrap(), [2, 3, 4, 5, 6]);
    assert!(subscriptions.failure(id).is_none());
    let elsewhere = tokio::spawn(async move {
        let id = subscriptions.subscribe(">", None, buffered(1, 0)).await.unwrap();
        (subscriptions.lag(id).await.unwrap(), subscriptions.poll_events(id).await.unwrap().len())
    });
    assert_eq!(elsewhere.await.unwrap(), (0, 0));
}

#[tokio::test]
async fn a_durable_subscription_hands_out_again_what_may_not_be_finished() {
    let desk = desk();
    desk.create(1).await;
    for number in 1..=5 {
        desk.write(1, number, vec![removed(number)]).await;
    }
    let start = || Start::Durable("reader".to_owned());
    let first = SubscriptionManager::new(Arc::clone(&desk.store));
    let id = first.subscribe_from(">", None, buffered(2, 0), start()).await.unwrap();
    assert_eq!(poll(&first, id).await, [1, 2]);
    assert_eq!(poll(&first, id).await, [3, 4]);
    drop(first);
    let second = SubscriptionManager::new(Arc::clone(&desk.store));
    let id = second.subscribe_from(">", None, buffered(10, 0), start()).await.unwrap();
    assert_eq!(poll(&second, id).await, [3, 4, 5, 6]);
    assert_eq!(poll(&second, id).await, []);
    assert_eq!(desk.store.load_position("reader").await.unwrap(), Some(6));
}

#[tokio::test]
async fn a_damaged_event_stops_a_buffer_after_the_events_before_it() {
    let desk = desk();
    desk.create(1).await;
    desk.write(1, 1, vec![removed(1), removed(2)]).await;
    let damaged = Arc::new(Faulty { damaged: Some(3), ..Faulty::around(Arc::clone(&desk.store)) });
    let subscriptions = SubscriptionManager::new(damaged);
    let id = subscriptions.subscribe_from(">", None, buffered(10, 0), Start::After(0)).await.unwrap();
    assert_eq!(poll(&subscriptions, id).await, [1, 2]);
    assert!(matches!(subscriptions.poll_events(id).await, Err(SubscriptionError::Stopped(_))));
    assert!(subscriptions.failure(id).is_some());
}

#[tokio::test]
async fn a_graph_update_begins_with_what_the_sink_lacks() {
    let desk = desk();
    desk.create(1).await;
    desk.create(2).await;
    desk.write_many(1..20).await;
    let shelf = Arc::new(Shelf::default());
    let subscriptions =
        SubscriptionManager::with_sink(Arc::clone(&desk.store), Arc::clone(&shelf) as Arc<dyn GraphSink>);
    let handler = SubscriptionHandler::GraphUpdate { target_graph: graph(2) };
    let own = format!("event.store.{}.>", graph(2));
    let id = subscriptions.subscribe(&own, None, handler.clone()).await.unwrap();
    settle().await;
    assert_eq!(shelf.contents(2), desk.contents(2).await, "without waiting for its next event");
    desk.write_many(20..40).await;
    settle().await;
    assert_eq!(shelf.contents(2), desk.contents(2).await);
    assert!(shelf.contents(1).is_empty());
    assert_eq!(subscriptions.lag(id).await.unwrap(), 0);
    let part = subscriptions.subscribe("event.store.*.NodeRemoved", None, handler.clone()).await;
    assert!(matches!(part, Err(SubscriptionError::PartOfGraph { .. })));
    let without = SubscriptionManager::new(Arc::clone(&desk.store)).subscribe(&own, None, handler).await;
    assert!(matches!(without, Err(SubscriptionError::NoSink)));
}
