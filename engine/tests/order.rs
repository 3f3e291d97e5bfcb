//! The order: its rules over values, and its life in a store that it shares with another kind of aggregate.

#[path = "../examples/order/aggregate.rs"]
mod aggregate;
mod support;

use std::sync::Arc;

use aggregate::{Item, Order, OrderCommand, OrderEvent, OrderRejected};
use cidgraph::dag_cbor::{Decoder, Encoder};
use cidgraph::testkit::Given;
use cidgraph::{
    AggregateId, DecodeError, EventPayload, EventStore, ManualClock, StateMachineAggregate,
    TransactionalCommandHandler, WriteError, WriterConfig,
};
use cidgraph_store_memory::MemoryStore;
use proptest::prelude::*;
use support::counter::{Counter, CounterCommand};
use support::{context, verified};

const ORDER: AggregateId = AggregateId::from_u64(7);

fn lamps(quantity: u64) -> Vec<Item> {
    vec![Item { article: "lamp".into(), quantity }]
}

fn submitted() -> OrderEvent {
    OrderEvent::Submitted { items: lamps(2) }
}

fn paid() -> OrderEvent {
    OrderEvent::PaymentValidated { payment: "payment-17".into() }
}

fn sent() -> OrderEvent {
    OrderEvent::Fulfilled { tracking: "parcel-4".into() }
}

fn cancelled() -> OrderEvent {
    OrderEvent::Cancelled { reason: "changed my mind".into() }
}

fn submit() -> OrderCommand {
    OrderCommand::Submit { items: lamps(2) }
}

fn pay() -> OrderCommand {
    OrderCommand::ValidatePayment { payment: "payment-17".into() }
}

fn send() -> OrderCommand {
    OrderCommand::Fulfil { tracking: "parcel-4".into() }
}

fn cancel() -> OrderCommand {
    OrderCommand::Cancel { reason: "changed my mind".into() }
}

#[test]
fn an_order_goes_its_way() {
    let order = Given::<Order>::new().when(submit()).then(&[submitted()]);
    let order = order.when(pay()).then(&[paid()]).when(send()).then(&[sent()]);
    order
        .when(cancel())
        .then_rejected(OrderRejected::InvalidTransition { state: "fulfilled", command: "cancel" })
        .when(submit())
        .then_rejected(OrderRejected::InvalidTransition { state: "fulfilled", command: "submit" });
}

#[test]
fn an_order_is_cancelled_before_it_is_sent() {
    for before in [vec![], vec![submitted()], vec![submitted(), paid()]] {
        Given::<Order>::new().events(before).when(cancel()).then(&[cancelled()]);
    }
    let twice = Given::<Order>::new().event(cancelled()).when(cancel());
    twice.then_rejected(OrderRejected::InvalidTransition { state: "cancelled", command: "cancel" });
}

#[test]
fn an_order_asks_for_items() {
    let new = Given::<Order>::new();
    new.when(OrderCommand::Submit { items: vec![] })
        .then_rejected(OrderRejected::NoItems)
        .when(OrderCommand::Submit { items: lamps(0) })
        .then_rejected(OrderRejected::ZeroQuantity { article: "lamp".into() });
}

fn decode(name: &str, schema: u32, write: impl FnOnce(&mut Encoder<'_>)) -> Result<Vec<OrderEvent>, DecodeError> {
    let mut bytes = Vec::new();
    write(&mut Encoder::new(&mut bytes));
    let mut events = Vec::new();
    let mut input = Decoder::new(&bytes);
    OrderEvent::decode(name, schema, &mut input, &mut events)?;
    input.finish()?;
    Ok(events)
}

#[test]
fn what_is_encoded_is_decoded_and_older_forms_are_read_as_today() {
    for event in [submitted(), paid(), sent(), cancelled()] {
        let decoded = decode(event.event_type(), event.schema(), |out| event.encode(out));
        assert_eq!(decoded.unwrap(), [event]);
    }
    let first_schema = decode("OrderSubmitted", 1, |out| {
        out.list(1);
        out.text("lamp");
    });
    assert_eq!(first_schema.unwrap(), [OrderEvent::Submitted { items: lamps(1) }]);
    assert_eq!(decode("OrderPaid", 1, |out| paid().encode(out)).unwrap(), [paid()]);
    let newer = decode("OrderSubmitted", 3, |out| out.null());
    assert_eq!(newer, Err(DecodeError::UnknownSchema { event_type: "OrderSubmitted".into(), schema: 3 }));
    let unknown = decode("OrderEaten", 1, |out| out.null());
    assert_eq!(unknown, Err(DecodeError::UnknownEventType { event_type: "OrderEaten".into() }));
}

fn orders(store: &Arc<dyn EventStore>) -> TransactionalCommandHandler<Order> {
    TransactionalCommandHandler::new(Arc::clone(store), WriterConfig::default(), Arc::new(ManualClock::at(1_000)))
}

#[tokio::test]
async fn an_order_is_persisted_chained_and_replayed_beside_another_kind() {
    let store: Arc<dyn EventStore> = Arc::new(MemoryStore::new());
    let (orders_here, config) = (orders(&store), WriterConfig::default());
    let clock = Arc::new(ManualClock::at(1_000));
    let counters = TransactionalCommandHandler::<Counter>::new(Arc::clone(&store), config, clock);
    let counter = AggregateId::from_u64(8);
    let counts = [CounterCommand::Add(1), CounterCommand::Count(2), CounterCommand::Take(1)];
    for ((id, command), count) in (1..).zip([submit(), pay(), send()]).zip(counts) {
        assert_eq!(orders_here.handle(ORDER, context(id), command).await.unwrap().head.version, id);
        counters.handle(counter, context(id), count).await.unwrap();
    }
    let names: Vec<_> =
        verified(&*store, ORDER).await.into_iter().map(|stored| stored.event.event_type.to_string()).collect();
    assert_eq!(names, ["OrderSubmitted", "OrderPaymentValidated", "OrderFulfilled"]);
    assert_eq!(verified(&*store, counter).await.len(), 4);
    let replayed = orders(&store).state(ORDER).await.unwrap();
    assert_eq!(replayed.state, Order::Fulfilled { tracking: "parcel-4".into() });
    assert_eq!(replayed.head, orders_here.state(ORDER).await.unwrap().head);
    assert_eq!(counters.state(counter).await.unwrap().state.value, 2);
    assert!(orders(&store).state(counter).await.is_err(), "a counter is no order");
}

#[tokio::test]
async fn a_second_handler_decides_on_what_the_first_has_written() {
    let store: Arc<dyn EventStore> = Arc::new(MemoryStore::new());
    let (here, there) = (orders(&store), orders(&store));
    assert_eq!(there.state(ORDER).await.unwrap().state, Order::Draft);
    here.handle(ORDER, context(1), submit()).await.unwrap();
    assert_eq!(there.handle(ORDER, context(2), pay()).await.unwrap().head.version, 2);
    assert_eq!(here.handle(ORDER, context(3), cancel()).await.unwrap().head.version, 3);
    let late = there.handle(ORDER, context(4), send()).await;
    let expected = OrderRejected::InvalidTransition { state: "cancelled", command: "fulfil" };
    assert!(matches!(late, Err(WriteError::Rejected { index: 0, rejection }) if rejection == expected));
    verified(&*store, ORDER).await;
}

proptest! {
    #[test]
    fn replay_gives_the_live_state(choices in proptest::collection::vec(0_usize..4, 0..12)) {
        let mut live = Order::initial();
        let mut history = Vec::new();
        for choice in choices {
            if let Ok(events) = live.decide(&[submit(), pay(), send(), cancel()][choice]) {
                events.iter().for_each(|event| live.apply(event));
                history.extend(events);
            }
        }
        let mut replayed = Order::initial();
        history.iter().for_each(|event| replayed.apply(event));
        prop_assert_eq!(replayed, live);
    }
}
