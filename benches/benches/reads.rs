//! Reads of a stream on a real server: batched direct get beside a pull consumer, for one aggregate among many and for
//! the whole stream. Without a server on this machine nothing runs.

use async_nats::jetstream::consumer::pull;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy};
use async_nats::jetstream::stream::Config;
use async_nats::jetstream::{self, Context};
use async_nats::{Client, StatusCode};
use bytes::Bytes;
use cidgraph_harness::nats::{Server, SyncInterval, or_skip};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use futures::StreamExt;
use tokio::runtime::Runtime;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const STREAM: &str = "reads";

/// Messages of one atomic batch, and of one page.
const PAGE: usize = 1000;

/// Messages that a consumer is asked for at once.
const PULLED: usize = 2000;

/// Bytes of a message's body, about those of an event.
const BODY_BYTES: usize = 350;

/// What is read.
#[derive(Clone, Copy)]
struct Size {
    aggregates: u64,
    /// Of each of the others; the first has `read`.
    others: u64,
    /// Events of the first aggregate.
    read: u64,
}

/// One aggregate of 1000 events among 1000, and 100K events that are all read.
const FULL: [Size; 2] =
    [Size { aggregates: 1000, others: 100, read: 1000 }, Size { aggregates: 1, others: 0, read: 100_000 }];

/// The same, small: `cargo test` runs every bench once.
const SMALL: [Size; 2] =
    [Size { aggregates: 10, others: 100, read: 1000 }, Size { aggregates: 1, others: 0, read: 2000 }];

struct Stream {
    client: Client,
    context: Context,
}

impl Stream {
    async fn fill(server: &Server, size: Size) -> Self {
        let client = async_nats::connect(&server.url).await.expect("the server is there");
        let context = jetstream::new(client.clone());
        let config = Config {
            name: STREAM.to_owned(),
            subjects: vec![format!("{STREAM}.>")],
            allow_direct: true,
            allow_atomic_publish: true,
            ..Config::default()
        };
        drop(context.delete_stream(STREAM).await);
        context.create_stream(config).await.expect("it is made");
        let stream = Self { client, context };
        // The first aggregate's events lie among the others', as evenly as they can.
        let total = size.read + (size.aggregates - 1) * size.others;
        let firsts_before = |number: u64| number * size.read / total;
        let mut others = (1..size.aggregates).cycle();
        let subjects: Vec<String> = (0..total)
            .map(|number| {
                let is_first = firsts_before(number) < firsts_before(number + 1);
                if is_first { 0 } else { others.next().expect("the others have the rest") }
            })
            .map(|aggregate| format!("{STREAM}.{aggregate:08}.NodeAdded"))
            .collect();
        for (number, page) in subjects.chunks(PAGE).enumerate() {
            stream.publish(number, page).await;
        }
        stream
    }

    async fn publish(&self, number: usize, subjects: &[String]) {
        for (index, subject) in (1..).zip(subjects) {
            let mut headers = async_nats::HeaderMap::new();
            headers.insert("Cid", "bafyreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku");
            headers.insert("Nats-Batch-Id", number.to_string());
            headers.insert("Nats-Batch-Sequence", index.to_string());
            let body = Bytes::from_static(&[7; BODY_BYTES]);
            if index < subjects.len() {
                self.client.publish_with_headers(subject.clone(), headers, body).await.expect("it is sent");
                continue;
            }
            headers.insert("Nats-Batch-Commit", "1");
            let request = async_nats::Request::new().headers(headers).payload(body);
            let answer = self.client.send_request(subject.clone(), request).await.expect("it is answered");
            assert!(!answer.payload.windows(7).any(|bytes| bytes == b"\"error\""), "{answer:?}");
        }
    }

    /// Reads pages, one after the other, each with one request.
    async fn pages(&self, subjects: &str) -> u64 {
        let (mut count, mut next) = (0, 1);
        loop {
            let (read, last) = self.page(subjects, next).await;
            if read == 0 {
                return count;
            }
            (count, next) = (count + read, last + 1);
        }
    }

    async fn page(&self, subjects: &str, from: u64) -> (u64, u64) {
        let request = format!("{{\"seq\":{from},\"batch\":{PAGE},\"next_by_subj\":\"{subjects}\"}}");
        let inbox = self.client.new_inbox();
        let mut replies = self.client.subscribe(inbox.clone()).await.expect("it is connected");
        let to = format!("$JS.API.DIRECT.GET.{STREAM}");
        self.client.publish_with_reply(to, inbox, request.into()).await.expect("it is sent");
        let (mut count, mut last) = (0, 0);
        while let Some(reply) = replies.next().await {
            if !matches!(reply.status, None | Some(StatusCode::OK)) {
                break;
            }
            let sequence = reply.headers.as_ref().and_then(|headers| headers.get("Nats-Sequence"));
            last = sequence.and_then(|value| value.as_str().parse().ok()).expect("each has its place");
            count += 1;
        }
        (count, last)
    }

    /// Reads through a consumer of its own.
    async fn consumer(&self, subjects: &str) -> u64 {
        let config = pull::Config {
            deliver_policy: DeliverPolicy::All,
            ack_policy: AckPolicy::None,
            filter_subject: subjects.to_owned(),
            memory_storage: true,
            ..pull::Config::default()
        };
        let consumer = self.context.create_consumer_on_stream(config, STREAM).await.expect("it is made");
        let (name, pending) = (consumer.cached_info().name.clone(), consumer.cached_info().num_pending);
        let messages = consumer.stream().max_messages_per_batch(PULLED).messages().await.expect("it is asked");
        let count = messages.take(usize::try_from(pending).expect("it is small")).count().await as u64;
        self.context.delete_consumer_from_stream(&name, STREAM).await.expect("it is there");
        count
    }
}

fn reads(criterion: &mut Criterion) {
    let Some(server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    let runtime = Runtime::new().expect("the system gives threads");
    let sizes = if std::env::args().any(|argument| argument == "--bench") { FULL } else { SMALL };
    for (name, size) in ["one aggregate among many", "the whole stream"].into_iter().zip(sizes) {
        let stream = runtime.block_on(Stream::fill(&server, size));
        let subjects = if size.aggregates > 1 { format!("{STREAM}.{:08}.>", 0) } else { format!("{STREAM}.>") };
        assert_eq!(runtime.block_on(stream.pages(&subjects)), size.read);
        assert_eq!(runtime.block_on(stream.consumer(&subjects)), size.read);
        let mut group = criterion.benchmark_group(name);
        group.sample_size(10).throughput(Throughput::Elements(size.read));
        group.bench_function("batched direct get", |bencher| {
            bencher.iter(|| runtime.block_on(stream.pages(&subjects)));
        });
        group.bench_function("pull consumer", |bencher| {
            bencher.iter(|| runtime.block_on(stream.consumer(&subjects)));
        });
        group.finish();
    }
}

criterion_group!(benches, reads);
criterion_main!(benches);
