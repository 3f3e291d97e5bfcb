//! What a server tells at its monitoring address.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde::Deserialize;

use super::error::NatsError;

/// How long an answer may take; a server that is paused gives none.
const PATIENCE: Duration = Duration::from_secs(2);

/// Bytes of an answer, at most.
const ANSWER_BYTES_MAX: u64 = 16 << 20;

/// What one server knows of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamState {
    /// The name of the server that leads the stream, where it is known.
    pub leader: Option<String>,
    /// Whether every other server that keeps the stream is there and has all of it; only the leader knows.
    pub is_whole: bool,
    /// Messages in this server's copy.
    pub messages: u64,
    /// The last sequence in this server's copy.
    pub last_sequence: u64,
    /// Consumers that there are.
    pub consumers: u64,
}

#[derive(Debug, Deserialize)]
struct JetStream {
    #[serde(default)]
    account_details: Vec<Account>,
}

#[derive(Debug, Deserialize)]
struct Account {
    #[serde(default)]
    stream_detail: Vec<Stream>,
}

#[derive(Debug, Deserialize)]
struct Stream {
    name: String,
    state: State,
    cluster: Option<Group>,
}

#[derive(Debug, Deserialize)]
struct State {
    messages: u64,
    last_seq: u64,
    #[serde(default)]
    consumer_count: u64,
}

#[derive(Debug, Deserialize)]
struct Group {
    leader: Option<String>,
    #[serde(default)]
    replicas: Vec<Peer>,
}

#[derive(Debug, Deserialize)]
struct Peer {
    current: bool,
    #[serde(default)]
    offline: bool,
}

/// Asks a server for a stream, `None` where it keeps none of this name.
pub(super) fn stream_state(monitor_url: &str, name: &str) -> Result<Option<StreamState>, NatsError> {
    let body = get(monitor_url, "/jsz?accounts=true&streams=true")?;
    let state: JetStream = serde_json::from_slice(&body)
        .map_err(|error| NatsError::Monitor { url: monitor_url.to_owned(), reason: error.to_string() })?;
    let mut streams = state.account_details.into_iter().flat_map(|account| account.stream_detail);
    Ok(streams.find(|stream| stream.name == name).map(|stream| {
        let group = stream.cluster;
        let peers = group.as_ref().map_or(&[][..], |group| &group.replicas);
        StreamState {
            is_whole: peers.iter().all(|peer| peer.current && !peer.offline),
            leader: group.and_then(|group| group.leader).filter(|leader| !leader.is_empty()),
            messages: stream.state.messages,
            last_sequence: stream.state.last_seq,
            consumers: stream.state.consumer_count,
        }
    }))
}

/// Returns the body of an answer, asked for as HTTP/1.0, which has no chunks.
fn get(monitor_url: &str, path: &str) -> Result<Vec<u8>, NatsError> {
    let failed = |reason: String| NatsError::Monitor { url: monitor_url.to_owned(), reason };
    let host = monitor_url.strip_prefix("http://").ok_or_else(|| failed("no http:// address".to_owned()))?;
    let mut answer = exchange(host, path).map_err(|error| failed(error.to_string()))?;
    let head = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    let head = head.ok_or_else(|| failed("the answer is no HTTP".to_owned()))?;
    Ok(answer.split_off(head + 4))
}

fn exchange(host: &str, path: &str) -> io::Result<Vec<u8>> {
    let address = host.parse().map_err(io::Error::other)?;
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n").as_bytes())?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer)?;
    Ok(answer)
}
