//! What a store must be told: where the servers are, who asks, and what the stream is to be like.
//!
//! A secret is shown by no `Debug`, and no error repeats one.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use cidgraph::HashKind;

/// Text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn reveal(&self) -> String {
        self.0.clone()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

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
    /// Certificates of authorities to trust besides the system's, PEM.
    pub authorities: Option<PathBuf>,
    /// The client's own certificate and key, PEM.
    pub client: Option<(PathBuf, PathBuf)>,
}

/// Everything that [`JetStreamStore::connect`](crate::JetStreamStore::connect) must know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JetStreamConfig {
    /// The servers, `nats://host:port` or `tls://host:port`, without user or password.
    pub urls: Vec<String>,
    /// Who asks.
    pub credentials: Credentials,
    /// Demands an encrypted connection where it is given.
    pub tls: Option<Tls>,
    /// The stream's name.
    pub stream: String,
    /// What every subject of the stream starts with, `event.store` by default: two streams of one account need two.
    pub subject_prefix: String,
    /// Servers that keep each event: 1, 3 or 5.
    pub replicas: usize,
    /// Bytes that the stream may hold, without bound where `None`; when it is full, appends are refused.
    pub max_bytes: Option<u64>,
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
}

impl JetStreamConfig {
    /// Returns the configuration of one server, nothing replicated, unencrypted, without credentials.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            urls: vec![url.into()],
            credentials: Credentials::None,
            tls: None,
            stream: "event-store".to_owned(),
            subject_prefix: "event.store".to_owned(),
            replicas: 1,
            max_bytes: None,
            duplicate_window: Duration::from_secs(120),
            request_timeout: Duration::from_secs(5),
            deadline: Duration::from_secs(20),
            hash: HashKind::default(),
            monitor_urls: Vec::new(),
        }
    }
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
            let config = JetStreamConfig { credentials, ..JetStreamConfig::new("nats://127.0.0.1:4222") };
            assert!(!format!("{config:?}").contains("hunter2"));
        }
    }
}
