//! The configuration as the store uses it, and what of it can be checked without a server.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use async_nats::ServerAddr;
use cidgraph::HashKind;

use crate::config::secret::Secret;

/// Who asks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Credentials {
    /// Nobody in particular.
    #[default]
    None,
    /// A user with a password.
    UserPassword {
        /// The user.
        user: String,
        /// The password.
        password: Secret,
    },
    /// Whoever holds a token.
    Token(Secret),
    /// Whoever holds the seed of an NKey.
    NKeySeed(Secret),
    /// The JWT and seed in a `.creds` file.
    File(PathBuf),
}

/// How a connection is encrypted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// Certificates of the authorities to trust instead of the system's, PEM.
    pub authorities: Option<PathBuf>,
    /// The client's own certificate and key, PEM.
    pub client: Option<(PathBuf, PathBuf)>,
}

/// Everything that [`JetStreamStore::connect`](crate::JetStreamStore::connect) must know.
#[derive(Clone, PartialEq, Eq)]
pub struct JetStreamConfig {
    /// The servers, `nats://host:port` or `tls://host:port`, without user or password.
    pub urls: Vec<String>,
    /// Who asks.
    pub credentials: Credentials,
    /// Demands an encrypted connection where it is given.
    pub tls: Option<Tls>,
    /// The stream's name.
    pub stream: String,
    /// What every subject of the stream starts with, `event.store` by default: tokens of letters, digits, `-` and `_` with
    /// dots between them. Two streams of one account need two.
    pub subject_prefix: String,
    /// Servers that keep each event: 1, 3 or 5.
    pub replicas: usize,
    /// Leaves `replicas` to the servers: a stream that is there keeps what it has, a new one gets three in a cluster and
    /// one elsewhere. So it is in what [`load`](Self::load) returns where neither file nor environment says it.
    pub replicas_by_servers: bool,
    /// Bytes that the stream may hold, without bound where `None`; when it is full, appends are refused.
    pub max_bytes: Option<u64>,
    /// Bytes of one message, headers included; where `None`, what the server takes.
    pub max_message_bytes: Option<u32>,
    /// How long the server remembers message ids. This store sends none.
    pub duplicate_window: Duration,
    /// How long one request may take.
    pub request_timeout: Duration,
    /// How long a call may take with all that is tried again; longer than 15 s outlives an election.
    pub deadline: Duration,
    /// The hash function of all CIDs.
    pub hash: HashKind,
    /// The servers' monitoring addresses, `http://host:port`: only there a server tells when it writes to the disk.
    pub monitor_urls: Vec<String>,
    /// Sends an append of more events than an atomic batch takes as several of them, cut between transactions: then it
    /// is no longer all or nothing, but [`StoreError::Partial`](cidgraph::StoreError::Partial) tells how far it got.
    pub split_appends: bool,
}

impl JetStreamConfig {
    /// Returns the configuration of one server, nothing replicated, unencrypted, without credentials.
    pub fn new(url: impl Into<String>) -> Self {
        Self { urls: vec![url.into()], ..Self::without_server() }
    }

    pub(super) fn without_server() -> Self {
        Self {
            urls: Vec::new(),
            credentials: Credentials::None,
            tls: None,
            stream: "event-store".to_owned(),
            subject_prefix: "event.store".to_owned(),
            replicas: 1,
            replicas_by_servers: false,
            max_bytes: None,
            max_message_bytes: None,
            duplicate_window: Duration::from_secs(120),
            request_timeout: Duration::from_secs(5),
            deadline: Duration::from_secs(20),
            hash: HashKind::default(),
            monitor_urls: Vec::new(),
            split_appends: false,
        }
    }
}

impl fmt::Debug for JetStreamConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JetStreamConfig")
            .field("urls", &without_logins(&self.urls))
            .field("credentials", &self.credentials)
            .field("tls", &self.tls)
            .field("stream", &self.stream)
            .field("subject_prefix", &self.subject_prefix)
            .field("replicas", &self.replicas)
            .field("replicas_by_servers", &self.replicas_by_servers)
            .field("max_bytes", &self.max_bytes)
            .field("max_message_bytes", &self.max_message_bytes)
            .field("duplicate_window", &self.duplicate_window)
            .field("request_timeout", &self.request_timeout)
            .field("deadline", &self.deadline)
            .field("hash", &self.hash)
            .field("monitor_urls", &without_logins(&self.monitor_urls))
            .field("split_appends", &self.split_appends)
            .finish()
    }
}

/// Returns what may be shown of addresses: nothing of those that hold a user or a password, which `connect` refuses.
fn without_logins(urls: &[String]) -> Vec<&str> {
    urls.iter().map(|url| if url.contains('@') { "(..)" } else { url }).collect()
}

/// Reads a server's address, `None` also where it holds a user or a password, since addresses are shown.
pub(crate) fn server_address(url: &str) -> Option<ServerAddr> {
    let address: ServerAddr = url.parse().ok().filter(|_| !url.contains('@'))?;
    (matches!(address.scheme(), "nats" | "tls") && !address.host().is_empty()).then_some(address)
}

/// Returns the host and port of a monitoring address.
pub(crate) fn monitor_host(url: &str) -> Option<&str> {
    let host = url.strip_prefix("http://")?.trim_end_matches('/');
    let plain =
        !host.is_empty() && !host.contains(['@', '/', '?', '#']) && host.bytes().all(|byte| byte.is_ascii_graphic());
    plain.then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_shown() {
        for credentials in [
            Credentials::UserPassword { user: "writer".to_owned(), password: Secret::new("hunter2") },
            Credentials::Token(Secret::new("hunter2")),
            Credentials::NKeySeed(Secret::new("hunter2")),
        ] {
            let config = JetStreamConfig {
                credentials,
                monitor_urls: vec!["http://writer:hunter2@127.0.0.1:8222".to_owned()],
                ..JetStreamConfig::new("nats://writer:hunter2@127.0.0.1:4222")
            };
            assert!(!format!("{config:?}").contains("hunter2"));
        }
    }

    #[test]
    fn addresses_are_of_servers_and_hold_no_login() {
        for (url, is) in [
            ("nats://127.0.0.1:4222", true),
            ("tls://nats.example", true),
            ("127.0.0.1:4222", true),
            ("nats://writer:hunter2@127.0.0.1:4222", false),
            ("nats://writer@127.0.0.1:4222", false),
            ("nats://[", false),
            ("http://127.0.0.1", false),
            ("", false),
        ] {
            assert_eq!(server_address(url).is_some(), is, "{url}");
        }
        for (url, host) in [
            ("http://127.0.0.1:8222/", Some("127.0.0.1:8222")),
            ("http://writer:hunter2@127.0.0.1:8222", None),
            ("http://a b", None),
            ("https://127.0.0.1", None),
            ("http://", None),
        ] {
            assert_eq!(monitor_host(url), host, "{url}");
        }
    }
}
