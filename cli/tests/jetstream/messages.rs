//! What the `nats` command shows of a stream, by the requests that it sends: its view, one aggregate's messages, the CID
//! and the one before in a message's headers; and what `verify` says of a stream that is damaged.

use async_nats::jetstream::stream::{DiscardPolicy, Stream};
use async_nats::jetstream::{self, message::StreamMessage};
use cidgraph::{Cid, HashKind};
use serde_json::Value as Json;

use crate::binary::{cidgraph, failed, json};
use crate::served::{IMPORT_EDGES, Served, edges};

/// Runs something on the server's stream as a client beside the binary.
fn beside<T>(served: &Served, act: impl AsyncFnOnce(jetstream::Context, Stream) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let context = jetstream::new(async_nats::connect(&served.server.url).await.expect("connects"));
        let stream = context.get_stream("event-store").await.expect("the stream of the quick reference");
        act(context, stream).await
    })
}

fn header<'a>(message: &'a StreamMessage, name: &str) -> Option<&'a str> {
    message.headers.get(name).map(|value| value.as_str())
}

#[test]
fn messages_are_what_the_quick_reference_shows() {
    let Some(served) = Served::start() else { return };
    served.write("e.csv", edges(50));
    served.done(&[IMPORT_EDGES, &["g"]].concat());
    served.done(&["apply", "--graph", "h", "create"]);
    let events: Vec<Json> = served.done(&["log", "--graph", "g", "--json"]).lines().map(json).collect();
    let graph = json(&served.done(&["stats", "--graph", "g", "--json"]))["id"].as_str().expect("an id").to_owned();
    beside(&served, async |_, stream| {
        let config = &stream.cached_info().config;
        assert_eq!(config.subjects, ["event.store.>"]);
        assert_eq!((config.discard, config.max_age.as_secs()), (DiscardPolicy::New, 0));
        for event in &events {
            let sequence = event["sequence"].as_u64().expect("a sequence");
            let message = stream.get_raw_message(sequence).await.expect("the message");
            let subject = format!("event.store.{graph}.{}", event["type"].as_str().expect("a type"));
            assert_eq!(message.subject.as_str(), subject);
            assert_eq!(header(&message, "Cid"), event["cid"].as_str());
            assert_eq!(header(&message, "Previous-Cid"), event["previous"].as_str());
            let cid: Cid = header(&message, "Cid").expect("it was equal").parse().expect("a CID");
            assert_eq!(Cid::of_block(HashKind::Sha2_256, &message.payload), cid, "the body is what the CID names");
        }
        let filter = format!("event.store.{graph}.>");
        let last = stream.get_last_raw_message_by_subject(&filter).await.expect("one aggregate's last");
        assert_eq!(header(&last, "Cid"), events.last().expect("there are events")["cid"].as_str());
    });
}

#[test]
fn verify_names_what_is_missing_and_what_is_no_event() {
    let Some(served) = Served::start() else { return };
    let path = served.folder.path();
    served.write("e.csv", edges(3000));
    served.done(&[IMPORT_EDGES, &["g"]].concat());
    served.done(&["apply", "--graph", "h", "create"]);
    let events: u64 = served.stats("g", "/events").parse().expect("a number");
    let aggregate = served.stats("g", "/id");
    beside(&served, async |_, stream| stream.delete_message(700).await.expect("deleted"));
    let verify = |arguments: &[&str]| {
        let output = cidgraph(path, &served.on(&[&["verify", "--json"], arguments].concat()));
        assert_eq!(output.status.code(), Some(2));
        json(&String::from_utf8(output.stdout).expect("text"))
    };
    let found = verify(&[]);
    let missing = &found["broken"][0];
    assert_eq!((&missing["aggregate"], &missing["version"]), (&Json::from(aggregate.clone()), &Json::from(700)));
    assert_eq!((&missing["sequence"], &found["events"]), (&Json::from(700), &Json::from(699 + 1)));
    let found = verify(&["--graph", "g"]);
    let missing = &found["broken"][0];
    assert_eq!((&missing["version"], &found["events"]), (&Json::from(700), &Json::from(699)));
    failed(path, &served.on(&["stats", "--graph", "g"]), 2, "version 700");
    beside(&served, async |context, _| {
        let subject = format!("event.store.{aggregate}.NodeAdded");
        context.publish(subject, "no event".into()).await.expect("sent").await.expect("stored");
    });
    let found = verify(&[]);
    assert_eq!(found["broken"].as_array().expect("a list").len(), 2, "{found}");
    assert_eq!(found["broken"][1]["sequence"], events + 2);
    assert_eq!(served.done(&["verify", "--graph", "h"]).lines().count(), 1, "the other graph is whole");
}
