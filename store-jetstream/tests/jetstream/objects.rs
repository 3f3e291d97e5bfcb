//! The object store on real servers: its contract, what NATS's own tools see, and damage.

use std::sync::Arc;
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::{self, Context};
use cidgraph::store::conformance::Objects;
use cidgraph::store::objects::{FRAME_BYTES, Received};
use cidgraph::{ObjectError, ObjectInfo, ObjectStore};
use cidgraph_harness::nats::{Cluster, Server, SyncInterval, or_skip};
use cidgraph_store_jetstream::{JetStreamConfig, JetStreamObjects};

use crate::support::replicated;

async fn one_server() -> Option<(Objects, Server)> {
    let server = or_skip(Server::start(SyncInterval::Default))?;
    let objects = JetStreamObjects::connect(&JetStreamConfig::new(&server.url)).await.unwrap();
    Some((Arc::new(objects), server))
}

async fn three_servers() -> Option<(Objects, Cluster)> {
    let cluster = or_skip(Cluster::start(SyncInterval::Default))?;
    let objects = JetStreamObjects::connect(&replicated(&cluster)).await.unwrap();
    Some((Arc::new(objects), cluster))
}

cidgraph::object_store_conformance!(one, one_server());
cidgraph::object_store_conformance!(three, three_servers());

fn contents(frames: usize) -> Vec<u8> {
    let byte = |at: usize| (at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes()[0] & 0x3f;
    (0..frames * FRAME_BYTES - 7).map(byte).collect()
}

async fn get(objects: &Objects, name: &str) -> Result<Vec<u8>, ObjectError> {
    let mut out = Vec::new();
    objects.get(name, &mut Received::default(), &mut out).await.map(|_| out)
}

async fn context(server: &Server) -> Context {
    jetstream::new(async_nats::connect(&server.url).await.unwrap())
}

/// Returns the sequences of the bucket's chunks, and the subject of the first.
async fn chunks(context: &Context) -> (Vec<u64>, String) {
    let stream = context.get_stream("OBJ_object-store").await.unwrap();
    let last = stream.cached_info().state.last_sequence;
    let (mut sequences, mut subject) = (Vec::new(), String::new());
    for sequence in 1..=last {
        let Ok(message) = stream.get_raw_message(sequence).await else { continue };
        if message.subject.starts_with("$O.object-store.C.") {
            sequences.push(sequence);
            subject = message.subject.to_string();
        }
    }
    (sequences, subject)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chunks_of_others_between_do_not_hinder_a_get_that_goes_on() {
    let Some((objects, _server)) = one_server().await else { return };
    let contents = contents(6);
    let puts = (0..4).map(|number| {
        let (objects, contents) = (Arc::clone(&objects), contents.clone());
        tokio::spawn(async move { objects.put(&format!("o{number}"), &mut contents.as_slice()).await.unwrap() })
    });
    for put in puts.collect::<Vec<_>>() {
        put.await.unwrap();
    }
    for number in 0..4 {
        for at in (0..contents.len()).step_by(FRAME_BYTES / 2) {
            let mut received = Received::of(&mut &contents[..at]).await.unwrap();
            let mut out = contents[..at].to_vec();
            objects.get(&format!("o{number}"), &mut received, &mut out).await.unwrap();
            assert!(out == contents, "from byte {at} on it is another");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_replaced_or_deleted_takes_no_room() {
    let Some((objects, server)) = one_server().await else { return };
    for _ in 0..3 {
        objects.put("a", &mut contents(3).as_slice()).await.unwrap();
    }
    let context = context(&server).await;
    assert_eq!(chunks(&context).await.0.len(), 3);
    objects.delete("a").await.unwrap();
    assert!(chunks(&context).await.0.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_interrupted_put_left_is_swept_up() {
    let Some(server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    let objects = JetStreamObjects::connect(&JetStreamConfig::new(&server.url)).await.unwrap();
    objects.put("a", &mut &contents(2)[..]).await.unwrap();
    let context = context(&server).await;
    let kept = chunks(&context).await.0.len();
    for frame in 0..3 {
        let chunk = "$O.object-store.C.00000000000000000000000000000000";
        let mut headers = HeaderMap::new();
        headers.insert("Cidgraph-Frame", frame.to_string());
        context.publish_with_headers(chunk, headers, "left over".into()).await.unwrap().await.unwrap();
    }
    assert_eq!(objects.sweep(Duration::from_secs(3600)).await.unwrap(), 0, "it may still be going on");
    assert_eq!(objects.sweep(Duration::ZERO).await.unwrap(), 1);
    assert_eq!(chunks(&context).await.0.len(), kept);
    let mut out = Vec::new();
    objects.get("a", &mut Received::default(), &mut out).await.unwrap();
    assert!(out == contents(2), "another object was swept up");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_a_changed_and_a_swollen_chunk_are_told() {
    let Some((objects, server)) = one_server().await else { return };
    let context = context(&server).await;
    let contents = contents(4);
    let bomb = zstd::bulk::compress(&vec![0; 32 << 20], 3).unwrap();
    let other = zstd::bulk::compress(&vec![7; FRAME_BYTES], 3).unwrap();
    let cases = [
        (None, "a chunk is missing"),
        (Some(bomb), "cannot be unpacked"),
        (Some(other), "its digest"),
        (Some(b"no frame".to_vec()), "cannot be unpacked"),
    ];
    for (chunk, reason) in cases {
        objects.put("a", &mut contents.as_slice()).await.unwrap();
        let (sequences, subject) = chunks(&context).await;
        let stream = context.get_stream("OBJ_object-store").await.unwrap();
        for (frame, sequence) in sequences.iter().enumerate().skip(2) {
            let message = stream.get_raw_message(*sequence).await.unwrap();
            stream.delete_message(*sequence).await.unwrap();
            let body = if frame == 2 { chunk.clone() } else { Some(message.payload.to_vec()) };
            let mut headers = HeaderMap::new();
            headers.insert("Cidgraph-Frame", frame.to_string());
            if let Some(body) = body {
                let sent = context.publish_with_headers(subject.clone(), headers, body.into()).await;
                sent.unwrap().await.unwrap();
            }
        }
        let error = get(&objects, "a").await.map(drop).unwrap_err();
        let told = matches!(&error, ObjectError::Damaged { name, .. } if name == "a");
        assert!(told && error.to_string().contains(reason), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_cannot_be_is_told() {
    let Some((objects, server)) = one_server().await else { return };
    let context = context(&server).await;
    objects.put("a", &mut contents(2).as_slice()).await.unwrap();
    let stream = context.get_stream("OBJ_object-store").await.unwrap();
    let record = stream.get_last_raw_message_by_subject("$O.object-store.M.YQ==").await.unwrap();
    let record: serde_json::Value = serde_json::from_slice(&record.payload).unwrap();
    let changes = [
        ("cidgraph-size", "1"),
        ("cidgraph-size", "18446744073709551615"),
        ("cidgraph-digest", "AAAA"),
        ("cidgraph-last-sequence", "0"),
        ("cidgraph-first-sequence", "18446744073709551615"),
    ];
    let records = changes.map(|(field, value)| {
        let mut record = record.clone();
        record["metadata"][field] = value.into();
        record.to_string()
    });
    for body in records.into_iter().chain(["{}".to_owned(), "no JSON".to_owned()]) {
        let sent = context.publish("$O.object-store.M.YQ==", body.clone().into()).await;
        sent.unwrap().await.unwrap();
        let error = get(&objects, "a").await.map(drop).unwrap_err();
        assert!(matches!(&error, ObjectError::Damaged { name, .. } if name == "a"), "{body} gave {error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_put_and_a_get_outlive_a_server_that_starts_again() {
    let Some((objects, mut server)) = one_server().await else { return };
    let contents = contents(40);
    objects.put("before", &mut contents.as_slice()).await.unwrap();
    let putting = {
        let (objects, contents) = (Arc::clone(&objects), contents.clone());
        tokio::spawn(async move { objects.put("a", &mut contents.as_slice()).await })
    };
    let getting = {
        let objects = Arc::clone(&objects);
        tokio::spawn(async move { get(&objects, "before").await })
    };
    let _server = tokio::task::spawn_blocking(move || {
        server.restart().unwrap();
        server
    });
    let info: ObjectInfo = putting.await.unwrap().unwrap();
    assert_eq!(info.size, contents.len() as u64);
    assert!(getting.await.unwrap().unwrap() == contents);
}
