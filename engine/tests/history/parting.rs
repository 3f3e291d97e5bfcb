//! Where two stores part: at the event that differs, at the end of the shorter one, or at the first other state.

use std::sync::Arc;

use cidgraph::chain::open_block;
use cidgraph::history::{HistoryConfig, Parting, Place, Starts, bisect};
use cidgraph::pool::ComponentRegistry;
use cidgraph::{
    Clock, CommandContext, CommandId, Draft, Engine, EventStore, GraphAggregate, GraphCommand, GraphDrafts,
    GraphHistory, GraphId, GraphMetadata, GraphReplayService, GraphView, Limits, ManualClock, Moment, NodeEntity,
    NodeId, Submission,
};
use cidgraph_store_memory::MemoryStore;

const GRAPH: GraphId = GraphId::from_u64(1);

/// Writes transactions of two nodes each, the first two events longer; the node of the `odd` one has another kind.
async fn store_of(transactions: u64, odd: Option<u64>) -> Arc<dyn EventStore> {
    let store: Arc<dyn EventStore> = Arc::new(MemoryStore::new());
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(7));
    let engine = Engine::builder(Arc::clone(&store)).clock(clock).build();
    for number in 0..transactions {
        let kind = if odd == Some(number) { "Odd" } else { "Person" };
        let add = |at: u64, kind: &str| GraphCommand::AddNode { node: NodeEntity::new(NodeId::from_u64(at), kind) };
        let mut commands = vec![add(2 * number, "Person"), add(2 * number + 1, kind)];
        if number == 0 {
            commands.insert(0, GraphCommand::CreateGraph { metadata: GraphMetadata::named("parted") });
        }
        let context = CommandContext::new(CommandId::from_u64(number), "tester");
        engine.submit(GRAPH, Submission { context, commands, expected: None }).await.expect("done");
    }
    store
}

fn history(store: &Arc<dyn EventStore>) -> GraphHistory {
    GraphReplayService::new(Arc::clone(store)).history(GRAPH)
}

async fn cid(store: &Arc<dyn EventStore>, version: u64) -> Option<cidgraph::Cid> {
    store.read(GRAPH.into(), version, 1).await.expect("reads").first().map(|stored| stored.event.cid)
}

#[tokio::test]
async fn chains_part_at_the_first_event_that_differs() {
    let whole = store_of(20, None).await;
    assert_eq!(bisect(&history(&whole), &history(&store_of(20, None).await)).await.expect("both hold"), None);
    for odd in [0, 1, 7, 18, 19] {
        let other = store_of(20, Some(odd)).await;
        let version = 1 + 2 * odd + 2;
        let expected =
            Parting::Chains { version, first: cid(&whole, version).await, second: cid(&other, version).await };
        assert_eq!(bisect(&history(&whole), &history(&other)).await.expect("both hold"), Some(expected));
    }
    let short = store_of(11, None).await;
    let expected = Parting::Chains { version: 24, first: None, second: cid(&whole, 24).await };
    assert_eq!(bisect(&history(&short), &history(&whole)).await.expect("both hold"), Some(expected));
}

/// Snapshots that are wrong.
struct Wrong(Vec<GraphView>);

impl Starts for Wrong {
    fn at(&self, _: GraphId, version: u64) -> Option<GraphView> {
        self.0.iter().find(|view| view.version() == version).cloned()
    }
}

/// Makes a state of a store's events that claims to be at a place of another chain.
async fn made_of(store: &Arc<dyn EventStore>, place: Place) -> GraphView {
    let (mut aggregate, reader) = GraphAggregate::fresh(GRAPH, Limits::default(), ComponentRegistry::default(), None);
    let count = usize::try_from(place.head.version).expect("few");
    for stored in store.read(GRAPH.into(), 1, count).await.expect("reads") {
        let mut events = Vec::new();
        open_block(&stored.event.block).expect("a block").decode(&mut events).expect("an event");
        events.iter().for_each(|event| aggregate.apply(event, stored.event.version).expect("it fits"));
    }
    aggregate.publish(place.head, place.timestamp_ns);
    reader.view()
}

#[tokio::test]
async fn states_part_at_the_first_transaction_behind_which_they_differ() {
    let whole = store_of(20, None).await;
    let right = history(&whole);
    let last = right.now().await.expect("it is there");
    // Snapshots that belong to this chain, but hold what the other one made.
    let odd = store_of(20, Some(12)).await;
    let mut states = Vec::new();
    for version in (12..20).map(|number| 1 + 2 * number + 2) {
        let place = right.place(Moment::Version(version)).await.expect("it is there");
        states.push(made_of(&odd, place).await);
    }
    let starts = Arc::new(Wrong(states));
    let service =
        GraphReplayService::with(Arc::clone(&whole), GraphDrafts::default(), starts, HistoryConfig::default());
    let wrong = service.history(GRAPH);
    assert_eq!(wrong.now().await.expect("it is there"), last);
    let found = bisect(&right, &wrong).await.expect("both hold").expect("they part");
    let Parting::States { version, cid: at, first, second } = found else { panic!("{found:?}") };
    assert_eq!((version, Some(at)), (27, cid(&whole, 27).await));
    assert_ne!(first, second);
}
