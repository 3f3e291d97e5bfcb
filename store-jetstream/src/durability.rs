//! What the servers do before they acknowledge: asked at their monitoring addresses, never assumed.

use std::collections::HashSet;
use std::time::Duration;

use async_nats::jetstream::stream::Info;
use cidgraph::{Durability, StoreError};
use futures::future::join_all;
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::config::monitor_host;
use crate::refusals::{invalid, unavailable};

/// Bytes of an answer, at most.
const ANSWER_BYTES_MAX: u64 = 4 << 20;

/// What is read of a server's `/varz`.
#[derive(Debug, Deserialize)]
struct Server {
    server_name: String,
    jetstream: JetStream,
}

#[derive(Debug, Deserialize, Default)]
#[serde(default)]
struct JetStream {
    config: JetStreamSettings,
}

#[derive(Debug, Deserialize, Default)]
#[serde(default)]
struct JetStreamSettings {
    sync_always: bool,
}

/// What an acknowledgement of the stream means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Probed {
    pub(crate) durability: Durability,
    /// Monitoring addresses at which no server answered.
    pub(crate) unreached: Vec<String>,
}

/// Returns what an acknowledgement of this stream means. Only where every server that keeps the stream says that it
/// writes to the disk first, it means that; of a server that was not asked, or is down, nothing is believed.
pub(crate) async fn probe(
    monitor_urls: &[String],
    info: &Info,
    connected_to: &str,
    patience: Duration,
) -> Result<Probed, StoreError> {
    let (mut syncing, mut unreached) = (HashSet::new(), Vec::new());
    let asked = join_all(monitor_urls.iter().map(|url| timeout(patience, ask(url))));
    for (url, answer) in monitor_urls.iter().zip(asked.await) {
        match answer {
            Ok(Ok(server)) if server.jetstream.config.sync_always => {
                syncing.insert(server.server_name);
            }
            Ok(Ok(_)) => {}
            // A server that is down was not asked; the others may keep the stream without it.
            Ok(Err(StoreError::Unavailable { .. })) | Err(_) => unreached.push(url.clone()),
            Ok(Err(error)) => return Err(error),
        }
    }
    let is_synced = keepers(info, connected_to).iter().all(|keeper| syncing.contains(*keeper));
    let durability = match is_synced {
        false => Durability::PageCache,
        true if info.config.num_replicas > 1 => Durability::QuorumFsynced,
        true => Durability::Fsynced,
    };
    Ok(Probed { durability, unreached })
}

/// Returns the names of the servers that keep the stream.
fn keepers<'a>(info: &'a Info, connected_to: &'a str) -> Vec<&'a str> {
    let Some(cluster) = &info.cluster else { return vec![connected_to] };
    let leader = cluster.leader.as_deref().unwrap_or(connected_to);
    std::iter::once(leader).chain(cluster.replicas.iter().map(|peer| peer.name.as_str())).collect()
}

async fn ask(url: &str) -> Result<Server, StoreError> {
    let host = monitor_host(url).ok_or_else(|| invalid("a monitoring address is http://host:port"))?;
    let answer = get(host).await.map_err(|error| unavailable(format!("{url}: {error}")))?;
    let start = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    let body = start.map_or(&[][..], |start| &answer[start + 4..]);
    serde_json::from_slice(body).map_err(|_| invalid(format!("{url} is not a NATS server's monitoring address")))
}

/// Asks as HTTP/1.0, which has no chunks.
async fn get(host: &str) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(host).await?;
    stream.write_all(format!("GET /varz HTTP/1.0\r\nHost: {host}\r\n\r\n").as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer).await?;
    Ok(answer)
}
