//! Damaged files of servers: each copy's damage is named, and made good without losing anything acknowledged.

use std::time::Duration;

use cidgraph::archive::{Covered, archive};
use cidgraph::store::conformance::SampleStream;
use cidgraph::{AggregateId, EventStore, HashKind, SealedEvent, StoreError, StoredEvent, StreamFilter};
use cidgraph_harness::nats::{Cluster, FileDamage, Server, SyncInterval, or_skip};
use cidgraph_store_jetstream::replica::{Remedy, Repair, ReplicaSurvey, plan, repair, survey_replicas};
use cidgraph_store_jetstream::{JetStreamConfig, JetStreamStore};
use futures::StreamExt;

use crate::support::replicated;

/// Enough for several of the files of 32 KB in which a server keeps a stream of less than 128 KB.
const EVENTS: u64 = 120;
const MAX_BYTES: u64 = 120_000;

/// How long a cluster may take to bring a server back.
const PATIENCE: Duration = Duration::from_secs(60);

/// Appends transactions of three aggregates by turns, and returns everything as it was acknowledged.
async fn fill(store: &JetStreamStore) -> Vec<StoredEvent> {
    let mut streams: Vec<_> = (1..=3).map(|seed| SampleStream::new(seed, HashKind::Sha2_256)).collect();
    for turn in 0..EVENTS / 30 {
        for stream in &mut streams {
            store.append(&[stream.append(1 + turn % 3)]).await.unwrap();
            store.append(&[stream.append(9 - turn % 3)]).await.unwrap();
        }
    }
    let all = store.read_all(0, usize::MAX).await.unwrap();
    assert_eq!(all.len() as u64, EVENTS);
    all
}

fn sealed(events: &[StoredEvent]) -> Vec<SealedEvent> {
    events.iter().map(|stored| stored.event.clone()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_copy_is_named_and_taken_anew_from_a_whole_one() {
    let Some(mut cluster) = or_skip(Cluster::start(SyncInterval::Always)) else { return };
    let config = JetStreamConfig { max_bytes: Some(MAX_BYTES), ..replicated(&cluster) };
    let store = JetStreamStore::connect(config.clone()).await.unwrap();
    let all = fill(&store).await;
    assert!(survey_replicas(&config).await.unwrap().is_clean());
    for (behind_leader, damage) in [1, 2, 0].into_iter().zip(FileDamage::ALL) {
        let victim = tokio::task::block_in_place(|| {
            let victim = (cluster.wait_until_whole(&config.stream, PATIENCE).unwrap() + behind_leader) % 3;
            let server = &mut cluster.servers[victim];
            // A server that is killed reads what it lacks out of the cluster's log of changes; one that ended in order
            // has no such log any more.
            server.stop().unwrap();
            server.damage_first_file(&config.stream, damage).unwrap();
            server.restart().unwrap();
            cluster.wait_until_whole(&config.stream, PATIENCE).unwrap();
            cluster.servers[victim].name.clone()
        });
        let found = survey_replicas(&config).await.unwrap();
        assert_eq!((found.replicas.len(), found.lost.len()), (3, 0));
        for replica in &found.replicas {
            assert_eq!((replica.is_whole(), &replica.unreachable), (replica.server != victim, &None), "{damage:?}");
        }
        let damaged = found.replicas.iter().find(|replica| replica.server == victim).unwrap();
        let first = damaged.first_damage.as_ref().unwrap();
        let missing = &all[usize::try_from(first.sequence.unwrap()).unwrap() - 1];
        assert_eq!((first.aggregate, first.version), (Some(missing.event.aggregate), Some(missing.event.version)));
        assert_eq!(damaged.events + damaged.bad_events, EVENTS);
        let resync = [Remedy::Resync { server: victim }];
        assert_eq!(plan(&config, &Repair::default()).await.unwrap().1, resync);
        let repaired = repair(&config, &Repair::default()).await.unwrap();
        assert_eq!(repaired.remedies, resync);
        assert!(repaired.after.is_clean() && repaired.after.replicas.len() == 3, "{:?}", repaired.after);
        assert!(survey_replicas(&config).await.unwrap().is_clean());
        assert_eq!(store.read_all(0, usize::MAX).await.unwrap(), all);
    }
    JetStreamStore::connect(config).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_away_is_not_called_broken() {
    let Some(mut cluster) = or_skip(Cluster::start(SyncInterval::Default)) else { return };
    let config = JetStreamConfig { deadline: PATIENCE / 4, ..replicated(&cluster) };
    fill(&JetStreamStore::connect(replicated(&cluster)).await.unwrap()).await;
    let away = tokio::task::block_in_place(|| {
        let away = (cluster.wait_until_whole(&config.stream, PATIENCE).unwrap() + 1) % 3;
        cluster.servers[away].stop().unwrap();
        cluster.servers[away].name.clone()
    });
    let found = survey_replicas(&config).await.unwrap();
    assert_eq!((found.replicas.len(), found.lost.len(), found.events), (3, 0, EVENTS));
    assert!(!found.is_clean());
    for replica in &found.replicas {
        let is_away = replica.server == away;
        assert_eq!(
            (replica.is_broken(), replica.is_whole(), replica.unreachable.is_some()),
            (false, !is_away, is_away)
        );
    }
    let refused = repair(&config, &Repair::default()).await;
    assert!(matches!(refused, Err(StoreError::Unavailable { .. })), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_copy_has_comes_from_an_export() {
    let Some(mut server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    let config = JetStreamConfig { max_bytes: Some(MAX_BYTES), ..JetStreamConfig::new(&server.url) };
    let store = JetStreamStore::connect(config.clone()).await.unwrap();
    let all = fill(&store).await;
    tokio::task::block_in_place(|| {
        server.kill().unwrap();
        server.damage_first_file(&config.stream, FileDamage::FlippedBits).unwrap();
        server.restart().unwrap();
    });
    let found = survey_replicas(&config).await.unwrap();
    let first = found.replicas[0].first_damage.as_ref().unwrap();
    let missing = |stored: &&StoredEvent| {
        (first.aggregate, first.version) == (Some(stored.event.aggregate), Some(stored.event.version))
    };
    let missing = all.iter().find(missing).unwrap();
    assert!(first.sequence.is_some_and(|sequence| sequence <= missing.sequence), "{first}");
    let nothing = repair(&config, &Repair::default()).await;
    assert!(matches!(nothing, Err(StoreError::Corrupt { .. })), "{nothing:?}");
    // An export need not be in the stream's order.
    let mut supplement = sealed(&all);
    supplement.sort_by_key(|event| (event.aggregate, event.version));
    let unkept = repair(&config, &Repair { supplement: supplement.clone(), keep: None }).await;
    assert!(matches!(unkept, Err(StoreError::Invalid { .. })), "{unkept:?}");
    let folder = tempfile::tempdir().unwrap();
    let with = Repair { supplement, keep: Some(folder.path().join("whole.car")) };
    let repaired = repair(&config, &with).await.unwrap();
    let [Remedy::Rebuild { events: EVENTS, supplied, sequences_kept: true }] = repaired.remedies[..] else {
        panic!("{:?}", repaired.remedies)
    };
    assert_eq!(supplied, EVENTS - repaired.before.events);
    assert!(repaired.after.is_clean());
    let again = JetStreamStore::connect(config.clone()).await.unwrap().read_all(0, usize::MAX).await.unwrap();
    let chain = |events: &[StoredEvent]| {
        let mut chain = sealed(events);
        chain.sort_by_key(|event| (event.aggregate, event.version));
        chain
    };
    assert_eq!(chain(&again), chain(&all));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_that_is_lost_is_appended_again() {
    let Some(mut server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    let config = JetStreamConfig::new(&server.url);
    let all = fill(&JetStreamStore::connect(config.clone()).await.unwrap()).await;
    tokio::task::block_in_place(|| {
        server.kill().unwrap();
        server.damage_first_file(&config.stream, FileDamage::TruncatedTail).unwrap();
        server.restart().unwrap();
    });
    let with = Repair { supplement: sealed(&all), keep: None };
    let (found, remedies) = plan(&config, &with).await.unwrap();
    assert!(found.events < EVENTS, "the server has lost nothing");
    let missing = EVENTS - found.events;
    assert_eq!(remedies, [Remedy::Append { events: missing }]);
    let repaired = repair(&config, &with).await.unwrap();
    assert!(repaired.after.is_clean());
    let again = JetStreamStore::connect(config).await.unwrap().read_all(0, usize::MAX).await.unwrap();
    assert_eq!(again.len() as u64, EVENTS);
}

/// Stops a server that follows the leader, damages its first file, and starts it again; it is called whole then.
fn damage_follower(cluster: &mut Cluster, stream: &str, damage: FileDamage) -> usize {
    tokio::task::block_in_place(|| {
        let victim = (cluster.wait_until_whole(stream, PATIENCE).unwrap() + 1) % 3;
        let server = &mut cluster.servers[victim];
        server.stop().unwrap();
        server.damage_first_file(stream, damage).unwrap();
        server.restart().unwrap();
        cluster.wait_until_whole(stream, PATIENCE).unwrap();
        victim
    })
}

/// Asks any server for a message until one answers that it has none: a server that was restarted does not answer at once.
async fn lacking_copy_answers(cluster: &Cluster, stream: &str, sequence: u64) {
    let client = async_nats::connect(cluster.urls()).await.unwrap();
    let (subject, request) = (format!("$JS.API.DIRECT.GET.{stream}"), format!("{{\"seq\": {sequence}}}"));
    loop {
        let reply = client.request(subject.clone(), request.clone().into()).await.unwrap();
        if reply.status == Some(async_nats::StatusCode::NOT_FOUND) {
            return;
        }
    }
}

/// Whichever server answers a page or keeps a consumer, its copy may be the damaged one: so it is tried often.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_copy_hides_no_event_from_readers_and_followers() {
    const ROUNDS: usize = 12;
    const READS: usize = 10;
    let Some(mut cluster) = or_skip(Cluster::start(SyncInterval::Always)) else { return };
    let config = JetStreamConfig { max_bytes: Some(MAX_BYTES), ..replicated(&cluster) };
    let all = fill(&JetStreamStore::connect(config.clone()).await.unwrap()).await;
    let victim = damage_follower(&mut cluster, &config.stream, FileDamage::FlippedBits);
    let found = survey_replicas(&config).await.unwrap();
    let damaged = &found.replicas.iter().find(|replica| replica.server == cluster.servers[victim].name).unwrap();
    assert!(damaged.bad_events > 0, "the copy is whole");
    let first_missing = damaged.first_damage.as_ref().and_then(|damage| damage.sequence).unwrap();
    tokio::time::timeout(PATIENCE, lacking_copy_answers(&cluster, &config.stream, first_missing)).await.unwrap();
    let middle = all[all.len() / 8].sequence;
    for round in 0..ROUNDS {
        let store = JetStreamStore::connect(config.clone()).await.unwrap();
        for from in [0, middle] {
            let expected: Vec<_> = all.iter().filter(|stored| stored.sequence >= from).cloned().collect();
            for _ in 0..READS {
                let read = store.read_all(from, usize::MAX).await.unwrap();
                assert!(read == expected, "round {round}: {} of {} from {from} on", read.len(), expected.len());
            }
            let few = store.read_all(from, 7).await.unwrap();
            assert!(few == expected[..7], "round {round}: a read of few events differs");
            for filter in [StreamFilter::All, StreamFilter::Aggregate(all[0].event.aggregate)] {
                let expected: Vec<_> = expected.iter().filter(|stored| filter.matches(&stored.event)).collect();
                let followed = store.follow(from, filter.clone()).await.unwrap();
                let followed = followed.take(expected.len()).map(Result::unwrap).collect::<Vec<_>>();
                let followed = tokio::time::timeout(PATIENCE, followed).await.expect("all events come in time");
                assert!(followed.iter().eq(expected), "round {round}: {filter:?} from {from} on gives others");
            }
        }
        for number in 1..=3 {
            let aggregate = AggregateId::from_u64(number);
            let of: Vec<_> = all.iter().filter(|stored| stored.event.aggregate == aggregate).cloned().collect();
            for from in [0, of.len() / 8, of.len() / 3] {
                let read = store.read(aggregate, from as u64 + 1, usize::MAX).await.unwrap();
                assert!(read == of[from..], "round {round}: {aggregate} from {from} on differs");
                let few = store.read(aggregate, from as u64 + 1, 2).await.unwrap();
                assert!(few == of[from..from + 2], "round {round}: a read of few events of {aggregate} differs");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_archived_stream_is_whole_and_its_copies_are_made_good() {
    let Some(mut cluster) = or_skip(Cluster::start(SyncInterval::Always)) else { return };
    let config = JetStreamConfig { max_bytes: Some(MAX_BYTES), ..replicated(&cluster) };
    let store = JetStreamStore::connect(config.clone()).await.unwrap();
    let all = fill(&store).await;
    let check = async || {
        let store = JetStreamStore::connect(config.clone()).await.unwrap();
        assert!(store.read_all(0, usize::MAX).await.unwrap() == all, "events differ");
    };
    for number in 1..=3 {
        let aggregate = AggregateId::from_u64(number);
        let archived = archive(&store, aggregate, EVENTS / 3 * 9 / 10, Covered::Nothing).await.unwrap();
        assert!(archived.events > EVENTS / 6, "{archived:?}");
        let found = survey_replicas(&config).await.unwrap();
        assert!(found.is_clean(), "{found:?}");
        check().await;
    }
    let untouched = repair(&config, &Repair::default()).await.unwrap();
    assert_eq!((untouched.remedies, untouched.after), (vec![], untouched.before));
    for damage in FileDamage::ALL {
        let victim = damage_follower(&mut cluster, &config.stream, damage);
        let found = survey_replicas(&config).await.unwrap();
        assert_eq!(found.lost, []);
        let whole = |replica: &ReplicaSurvey| replica.is_whole() || replica.server == cluster.servers[victim].name;
        assert!(found.replicas.iter().all(whole), "{found:?}");
        check().await;
        let repaired = repair(&config, &Repair::default()).await.unwrap();
        eprintln!("{damage:?}: {:?}", repaired.remedies);
        assert!(repaired.after.is_clean() && repaired.after.replicas.len() == 3, "{:?}", repaired.after);
        check().await;
    }
    let with = Repair { supplement: sealed(&all), keep: None };
    assert_eq!(repair(&config, &with).await.unwrap().remedies, [], "nothing is missing");
    check().await;
}

/// What comes first in the stream may be archived only where the archive ends right before it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_beginning_that_the_archive_does_not_hold_is_damage() {
    let Some(server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    let config = JetStreamConfig::new(&server.url);
    let store = JetStreamStore::connect(config.clone()).await.unwrap();
    let all = fill(&store).await;
    let aggregate = AggregateId::from_u64(1);
    let archived = archive(&store, aggregate, 20, Covered::Nothing).await.unwrap();
    assert!(survey_replicas(&config).await.unwrap().is_clean());
    store.purge(aggregate, archived.last_version + 3).await.unwrap();
    let found = survey_replicas(&config).await.unwrap();
    assert!(!found.is_clean() && found.lost.len() == 1, "{found:?}");
    assert_eq!(found.lost[0].aggregate, Some(aggregate));
    let refused = repair(&config, &Repair::default()).await;
    assert!(matches!(refused, Err(StoreError::Corrupt { .. })), "{refused:?}");
    let other = AggregateId::from_u64(2);
    store.purge(other, 2).await.unwrap();
    let found = survey_replicas(&config).await.unwrap();
    assert!(found.lost.iter().any(|damage| damage.aggregate == Some(other)), "{found:?}");
    let folder = tempfile::tempdir().unwrap();
    let with = Repair { supplement: sealed(&all), keep: Some(folder.path().join("whole.car")) };
    let repaired = repair(&config, &with).await.unwrap();
    assert!(matches!(repaired.remedies[..], [Remedy::Rebuild { sequences_kept: true, .. }]), "{:?}", repaired.remedies);
    let store = JetStreamStore::connect(config.clone()).await.unwrap();
    assert!(store.read_all(0, usize::MAX).await.unwrap() == all, "events differ");
    assert_eq!(store.objects().unwrap().list("archive/").await.unwrap(), [], "the stream holds all of it again");
    archive(&store, aggregate, 20, Covered::Nothing).await.unwrap();
    assert!(survey_replicas(&config).await.unwrap().is_clean());
}
