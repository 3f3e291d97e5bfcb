//! Old events in the archive: every read answers as before, whatever is interrupted loses nothing, damage is named.

use std::sync::Arc;
use std::time::Duration;

use cidgraph::archive::{ArchiveError, Covered, Segment, archive, archive_in_segments};
use cidgraph::chain::LogVerifier;
use cidgraph::store::conformance::{Sample, SampleStream};
use cidgraph::{
    AggregateId, CommandContext, CommandId, Engine, EventStore, GraphCommand, GraphId, GraphMetadata, HashKind, Head,
    NodeEntity, NodeId, StoreError, StoredEvent, StreamFilter, Submission,
};
use cidgraph_harness::nats::{Server, SyncInterval, or_skip};
use cidgraph_store_jetstream::{JetStreamConfig, JetStreamStore};
use futures::StreamExt;

use crate::failing::{Budget, Failing};

/// Bytes of a segment in most tests: some ten events.
const SEGMENT_BYTES: usize = 4000;

/// How long a follower may take for an event.
const PATIENCE: Duration = Duration::from_secs(30);

async fn connect(server: &Server) -> JetStreamStore {
    JetStreamStore::connect(JetStreamConfig::new(&server.url)).await.unwrap()
}

/// Appends events of three aggregates in turn, in transactions of 1 to 3.
async fn fill(store: &JetStreamStore, streams: &mut [SampleStream], rounds: u64) {
    for round in 0..rounds {
        for stream in &mut *streams {
            store.append(&[stream.append(round % 3 + 1)]).await.unwrap();
        }
    }
}

fn streams() -> [SampleStream; 3] {
    [1, 2, 3].map(|number| SampleStream::new(number, HashKind::Sha2_256))
}

fn filters() -> [StreamFilter; 4] {
    [
        StreamFilter::All,
        StreamFilter::Aggregate(AggregateId::from_u64(1)),
        StreamFilter::Aggregate(AggregateId::from_u64(3)),
        StreamFilter::EventType(Sample::ENDED.into()),
    ]
}

async fn followed(store: &JetStreamStore, from: u64, filter: StreamFilter, count: usize) -> Vec<StoredEvent> {
    let mut following = store.follow(from, filter).await.unwrap();
    let mut events = Vec::new();
    while events.len() < count {
        let event = tokio::time::timeout(PATIENCE, following.next()).await.expect("an event comes in time");
        events.push(event.unwrap().unwrap());
    }
    events
}

/// Checks that a store answers as one that holds `all`.
async fn check(store: &JetStreamStore, all: &[StoredEvent]) {
    assert!(store.read_all(0, usize::MAX).await.unwrap() == all, "a read of all differs");
    let mut verifier = LogVerifier::new();
    assert_eq!(verifier.push(all), []);
    for from in (0..all.len()).step_by(7) {
        for limit in [1, 5, 40] {
            let expected = &all[from..all.len().min(from + limit)];
            let read = store.read_all(all[from].sequence, limit).await.unwrap();
            assert!(read == expected, "a read of {limit} from {from} on differs");
        }
    }
    for number in 1..=3 {
        let aggregate = AggregateId::from_u64(number);
        let of: Vec<_> = all.iter().filter(|stored| stored.event.aggregate == aggregate).cloned().collect();
        for from in [1, 2, of.len() / 3, of.len() / 2, of.len()] {
            for limit in [1, 9, usize::MAX] {
                let expected = &of[from.max(1) - 1..of.len().min((from.max(1) - 1).saturating_add(limit))];
                let read = store.read(aggregate, from as u64, limit).await.unwrap();
                assert!(read == expected, "{limit} of {aggregate} from {from} on differ");
            }
        }
    }
    for filter in filters() {
        for from in [0, all.len() / 3, all.len() - 1] {
            let expected: Vec<_> = all[from..].iter().filter(|stored| filter.matches(&stored.event)).collect();
            let events = followed(store, all[from].sequence, filter.clone(), expected.len()).await;
            assert!(events.iter().eq(expected), "{filter:?} from {from} on gives others");
        }
    }
}

async fn messages(store: &JetStreamStore) -> u64 {
    let mut kept = 0;
    for (aggregate, head) in store.list().await.unwrap() {
        kept += head.version + 1 - store.kept_from(aggregate).await.unwrap();
    }
    kept
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_read_answers_as_before() {
    let Some(server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    let store = connect(&server).await;
    let mut streams = streams();
    fill(&store, &mut streams, 60).await;
    let mut all = store.read_all(0, usize::MAX).await.unwrap();
    check(&store, &all).await;
    for (number, up_to) in [(1, 50), (1, 90), (2, u64::MAX), (1, 60), (3, 2)] {
        let aggregate = AggregateId::from_u64(number);
        let before = store.kept_from(aggregate).await.unwrap();
        let archived = archive_in_segments(&store, aggregate, up_to, SEGMENT_BYTES).await.unwrap();
        let kept_from = store.kept_from(aggregate).await.unwrap();
        assert_eq!((archived.last_version, archived.events), (kept_from - 1, kept_from - before));
        check(&store, &all).await;
        check(&connect(&server).await, &all).await;
    }
    let aggregate = AggregateId::from_u64(2);
    let head = store.head(aggregate).await.unwrap().unwrap();
    assert!(store.kept_from(aggregate).await.unwrap() > head.version - 3, "all but the last transaction is archived");
    assert!(messages(&store).await < all.len() as u64 / 2 + 40);
    fill(&store, &mut streams, 5).await;
    let last = all.last().unwrap().sequence;
    all.extend(store.read_all(last + 1, usize::MAX).await.unwrap());
    check(&store, &all).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_interrupted_anywhere_loses_nothing_and_is_finished_by_the_next_run() {
    let Some(server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    let store = connect(&server).await;
    let mut number = 0;
    for takes_effect in [false, true] {
        for calls in 0.. {
            number += 1;
            let mut stream = SampleStream::new(number, HashKind::Sha2_256);
            let aggregate = stream.aggregate();
            store.append(&[stream.appends(&[2; 20])]).await.unwrap();
            let events = store.read(aggregate, 1, usize::MAX).await.unwrap();
            let budget = Budget::new(calls, takes_effect);
            let failing = Failing { store: connect(&server).await, budget: Arc::clone(&budget) };
            let interrupted = archive_in_segments(&failing, aggregate, 30, SEGMENT_BYTES).await;
            assert_eq!(interrupted.is_err(), budget.is_spent());
            let after = connect(&server).await;
            assert!(after.read(aggregate, 1, usize::MAX).await.unwrap() == events, "call {calls} lost events");
            let archived = archive_in_segments(&after, aggregate, 30, SEGMENT_BYTES).await.unwrap();
            assert_eq!((archived.last_version, after.kept_from(aggregate).await.unwrap()), (30, 31));
            assert!(connect(&server).await.read(aggregate, 1, usize::MAX).await.unwrap() == events);
            if !budget.is_spent() {
                assert!(calls > 10, "the run takes more calls than {calls}");
                break;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn followers_that_lag_see_every_event_once_while_events_are_archived() {
    let Some(server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    let store = connect(&server).await;
    let mut streams = streams();
    fill(&store, &mut streams, 1500).await;
    let all = store.read_all(0, usize::MAX).await.unwrap();
    let mut following = Vec::new();
    for filter in filters() {
        let mut events = store.follow(0, filter.clone()).await.unwrap();
        let first = events.next().await.unwrap().unwrap();
        following.push((filter, events, vec![first]));
    }
    for number in 1..=3 {
        archive_in_segments(&store, AggregateId::from_u64(number), 2900, 100_000).await.unwrap();
    }
    for (filter, mut events, mut seen) in following {
        let expected: Vec<_> = all.iter().filter(|stored| filter.matches(&stored.event)).cloned().collect();
        while seen.len() < expected.len() {
            let event = tokio::time::timeout(PATIENCE, events.next()).await.expect("an event comes in time");
            seen.push(event.unwrap().unwrap());
        }
        assert!(seen == expected, "{filter:?} gives others");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_or_damaged_segment_is_named() {
    let Some(server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    let store = connect(&server).await;
    let mut stream = SampleStream::new(1, HashKind::Sha2_256);
    store.append(&[stream.appends(&[1; 60])]).await.unwrap();
    archive_in_segments(&store, stream.aggregate(), 40, SEGMENT_BYTES).await.unwrap();
    let objects = store.objects().unwrap();
    let names: Vec<_> = objects.list("archive/").await.unwrap().into_iter().map(|info| info.name).collect();
    let name = &names[names.len() / 2];
    let first = Segment::parse(name).unwrap().versions.0;
    let told = async |store: &JetStreamStore, named: &str| {
        for read in [store.read(stream.aggregate(), first, 1).await, store.read_all(0, 60).await] {
            match read {
                Err(StoreError::Corrupt { damage }) => assert!(damage.place.contains(named), "{damage}"),
                other => panic!("expected {named} to be named, got {other:?}"),
            }
        }
    };
    let mut cut = Vec::new();
    let received = &mut cidgraph::store::objects::Received::default();
    objects.get(name, received, &mut cut).await.unwrap();
    cut.truncate(cut.len() - 10);
    objects.put(name, &mut cut.as_slice()).await.unwrap();
    told(&connect(&server).await, name).await;
    objects.put(name, &mut b"no CAR".as_slice()).await.unwrap();
    told(&connect(&server).await, name).await;
    objects.delete(name).await.unwrap();
    match connect(&server).await.read(stream.aggregate(), first, 1).await {
        Err(StoreError::Corrupt { damage }) => assert_eq!(damage.version, Some(first)),
        other => panic!("expected damage, got {other:?}"),
    }
    assert_eq!(connect(&server).await.read(stream.aggregate(), 41, 60).await.unwrap().len(), 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_bucket_heads_are_listed_and_archived_events_are_said_to_be_missing() {
    let Some(server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    let store = connect(&server).await;
    let mut streams = streams();
    fill(&store, &mut streams, 20).await;
    let aggregate = AggregateId::from_u64(1);
    archive_in_segments(&store, aggregate, 20, SEGMENT_BYTES).await.unwrap();
    let heads = store.list().await.unwrap();
    let context = async_nats::jetstream::new(async_nats::connect(&server.url).await.unwrap());
    context.delete_stream("OBJ_object-store").await.unwrap();
    let reader = JetStreamStore::open(JetStreamConfig::new(&server.url)).await.unwrap();
    assert_eq!(reader.list().await.unwrap(), heads);
    let missing = reader.read(aggregate, 1, 1).await;
    assert!(matches!(missing, Err(StoreError::Corrupt { .. })), "{missing:?}");
    let head = heads[0].1.version;
    assert_eq!(reader.read(aggregate, head, 9).await.unwrap().len(), 1);
    assert!(context.get_stream("OBJ_object-store").await.is_err(), "reading made the bucket again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn segments_of_another_history_are_refused_and_nothing_leaves_the_stream() {
    let Some(server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    let aggregate = AggregateId::from_u64(1);
    let store = connect(&server).await;
    fill(&store, &mut streams(), 20).await;
    archive_in_segments(&store, aggregate, 20, SEGMENT_BYTES).await.unwrap();
    store.client().request("$JS.API.STREAM.DELETE.event-store", "".into()).await.unwrap();
    let store = connect(&server).await;
    let mut stream = SampleStream::new(1, HashKind::Sha2_256);
    for _ in 0..30 {
        store.append(&[stream.append(2)]).await.unwrap();
    }
    let all = store.read_all(0, usize::MAX).await.unwrap();
    let refused = archive_in_segments(&store, aggregate, 30, SEGMENT_BYTES).await.unwrap_err().to_string();
    assert!(refused.contains("another history"), "{refused}");
    let again = connect(&server).await;
    assert!(again.read(aggregate, 1, usize::MAX).await.unwrap() == all, "everything is in the stream");
}

/// The stream is made anew beside an archive of 40 events, loses some of its own, and is asked for them: they come from the
/// archive where it is of the same history, and else not at all, however they were lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_stream_lacks_comes_only_from_an_archive_that_leads_to_what_it_has() {
    let Some(server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    let aggregate = AggregateId::from_u64(1);
    let refill = async |mut stream: SampleStream| {
        let store = connect(&server).await;
        store.client().request("$JS.API.STREAM.DELETE.event-store", "".into()).await.unwrap();
        let store = connect(&server).await;
        store.append(&[stream.appends(&[1; 60])]).await.unwrap();
        store.read(aggregate, 1, usize::MAX).await.unwrap()
    };
    let store = connect(&server).await;
    let same = SampleStream::new(1, HashKind::Sha2_256);
    store.append(&[same.clone().appends(&[1; 60])]).await.unwrap();
    archive_in_segments(&store, aggregate, 40, SEGMENT_BYTES).await.unwrap();
    for (is_same, stream) in [(true, same.clone()), (false, same.fork())] {
        for lost in [20..24, 1..4] {
            let events = refill(stream.clone()).await;
            let context = async_nats::jetstream::new(async_nats::connect(&server.url).await.unwrap());
            let messages = context.get_stream("event-store").await.unwrap();
            for version in lost.clone() {
                messages.delete_message(version).await.unwrap();
            }
            for (from, limit) in [(lost.start, 2), (lost.start, 60), (lost.end - 1, 1)] {
                let first = usize::try_from(from).unwrap() - 1;
                match connect(&server).await.read(aggregate, from, limit).await {
                    Ok(read) => {
                        assert!(is_same, "{lost:?}: events of another history");
                        assert!(read == events[first..events.len().min(first + limit)], "{lost:?}: events differ");
                    }
                    Err(StoreError::Corrupt { damage }) => {
                        assert!(!is_same && damage.reason.contains("another history"), "{lost:?}: {damage}");
                        assert_eq!(damage.sequence, Some(lost.end), "it names what the stream has next");
                    }
                    Err(error) => panic!("{error}"),
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_a_snapshot_of_this_history_covers_is_archived() {
    let Some(server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    let store = connect(&server).await;
    let mut stream = SampleStream::new(1, HashKind::Sha2_256);
    store.append(&[stream.appends(&[1; 40])]).await.unwrap();
    let aggregate = stream.aggregate();
    let events = store.read(aggregate, 1, usize::MAX).await.unwrap();
    let head = events[19].event.head();
    let other = Head { version: head.version, ..events[20].event.head() };
    for (up_to, covered) in [(21, head), (10, other), (10, Head { version: 99, ..head })] {
        let refused = archive(&store, aggregate, up_to, Covered::By(covered)).await;
        assert!(matches!(refused, Err(ArchiveError::Uncovered { .. })), "{refused:?}");
        assert_eq!(store.kept_from(aggregate).await.unwrap(), 1);
    }
    let archived = archive(&store, aggregate, 20, Covered::By(head)).await.unwrap();
    assert_eq!((archived.last_version, store.kept_from(aggregate).await.unwrap()), (20, 21));
}

/// Both put the same objects and let the stream go of the same events, so one may see the other's in the middle of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_archivers_at_once_one_is_told_of_the_other_and_nothing_is_lost() {
    const ROUNDS: u64 = 12;
    let Some(server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    let (one, other) = (connect(&server).await, connect(&server).await);
    for number in 1..=ROUNDS {
        let mut stream = SampleStream::new(number, HashKind::Sha2_256);
        let aggregate = stream.aggregate();
        one.append(&[stream.appends(&[2; 60])]).await.unwrap();
        let events = one.read(aggregate, 1, usize::MAX).await.unwrap();
        let run = |store| archive_in_segments(store, aggregate, 100, SEGMENT_BYTES);
        let (first, second) = tokio::join!(run(&one), run(&other));
        for archived in [first, second] {
            assert!(matches!(archived, Ok(_) | Err(ArchiveError::Overtaken { .. })), "{archived:?}");
        }
        let again = archive_in_segments(&one, aggregate, 100, SEGMENT_BYTES).await.unwrap();
        assert_eq!(again.last_version, 100);
        assert!(connect(&server).await.read(aggregate, 1, usize::MAX).await.unwrap() == events);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_whose_answer_was_lost_is_recognised_in_the_archive() {
    let Some(server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    let store = connect(&server).await;
    let mut stream = SampleStream::new(1, HashKind::Sha2_256);
    let parts: Vec<_> = (0..20).map(|_| stream.append(2)).collect();
    let mut answers = Vec::new();
    for part in &parts {
        answers.push(store.append(std::slice::from_ref(part)).await.unwrap());
    }
    archive_in_segments(&store, stream.aggregate(), 30, SEGMENT_BYTES).await.unwrap();
    for (part, answer) in parts.iter().zip(answers) {
        let again = connect(&server).await.append(std::slice::from_ref(part)).await.unwrap();
        assert_eq!(again, answer);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_graph_opens_verifies_and_has_the_same_state() {
    const COMMANDS: u64 = 1000;
    let events = std::env::var("CIDGRAPH_ARCHIVE_EVENTS").map_or(100_000, |events| events.parse().unwrap());
    let Some(server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    let store: Arc<dyn EventStore> = Arc::new(connect(&server).await);
    let graph = GraphId::named("large");
    let engine = Engine::new(Arc::clone(&store));
    let submit = async |id: u64, commands: Vec<GraphCommand>| {
        let context = CommandContext::new(CommandId::from_u64(id), "tester");
        engine.submit(graph, Submission { context, commands, expected: None }).await.unwrap()
    };
    submit(0, vec![GraphCommand::CreateGraph { metadata: GraphMetadata::named("large") }]).await;
    for batch in 0..events / COMMANDS {
        let numbers = batch * COMMANDS..(batch + 1) * COMMANDS;
        let node =
            |number: u64| NodeEntity::new(NodeId::from_u64(number + 1), "Person").with("Age", [("n", number as i64)]);
        submit(batch + 1, numbers.map(|number| GraphCommand::AddNode { node: node(number) }).collect()).await;
    }
    let hash = engine.get_graph(graph).await.unwrap().state_hash();
    engine.close().await;
    let aggregate = AggregateId::from(graph);
    let head = store.head(aggregate).await.unwrap().unwrap();
    let bytes_before = stream_bytes(&server).await;
    let start = std::time::Instant::now();
    let archived = archive(&*store, aggregate, head.version / 10 * 9, Covered::Nothing).await.unwrap();
    eprintln!("{archived:?} in {:?}, stream {bytes_before} to {} bytes", start.elapsed(), stream_bytes(&server).await);
    assert!(archived.last_version > head.version / 10 * 9 - COMMANDS && archived.last_version <= head.version / 10 * 9);
    assert!(archived.stored_bytes < archived.block_bytes && archived.segments > archived.block_bytes / (10 << 20));
    for store in [store, Arc::new(connect(&server).await)] {
        let engine = Engine::new(Arc::clone(&store));
        let start = std::time::Instant::now();
        assert_eq!(engine.get_graph(graph).await.unwrap().state_hash(), hash);
        eprintln!("opened in {:?}", start.elapsed());
        let start = std::time::Instant::now();
        assert_eq!(engine.verify_graph(graph).await.unwrap().head, head);
        eprintln!("verified in {:?}", start.elapsed());
        engine.close().await;
    }
}

async fn stream_bytes(server: &Server) -> u64 {
    let context = async_nats::jetstream::new(async_nats::connect(&server.url).await.unwrap());
    context.get_stream("event-store").await.unwrap().cached_info().state.bytes
}
