//! The settings: what each is called in a file and in the environment, and what it can be.

use crate::config::error::Place;

/// What can be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Setting {
    Urls,
    User,
    Password,
    Token,
    NKeySeed,
    CredentialsFile,
    Tls,
    Authorities,
    Certificate,
    Key,
    Stream,
    SubjectPrefix,
    Replicas,
    MaxBytes,
    MaxMessageBytes,
    DuplicateWindow,
    RequestTimeout,
    Deadline,
    Hash,
    MonitorUrls,
    SplitAppends,
}

/// The kinds of credentials, of which a layer has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CredentialsKind {
    UserPassword,
    Token,
    NKeySeed,
    File,
}

/// What all variables start with.
pub(super) const VARIABLE_PREFIX: &str = "CIDGRAPH_NATS_";

/// A setting's names and what it can be.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) setting: Setting,
    /// In a file.
    pub(super) key: &'static str,
    /// In the environment, behind [`VARIABLE_PREFIX`].
    pub(super) variable: &'static str,
    /// Completes "must be".
    pub(super) takes: &'static str,
}

const SIZE: &str = "a size such as 10GiB, at least one byte and less than 2^63, or unlimited";
const MESSAGE_SIZE: &str = "a size such as 1MiB, at least one byte and less than 2 GiB, or unlimited";
const DURATION: &str = "a duration such as 20s, longer than zero";
const FILE: &str = "the path of a file";

/// Every setting, in the order of the documentation. `Tls` stands before what belongs to it: switched off it forgets.
#[rustfmt::skip]
pub(super) const SETTINGS: [Row; 21] = [
    Row { setting: Setting::Urls, key: "urls", variable: "URLS", takes: "addresses of servers, nats://host:port, without user and password: those are credentials" },
    Row { setting: Setting::User, key: "credentials.user", variable: "USER", takes: "text" },
    Row { setting: Setting::Password, key: "credentials.password", variable: "PASSWORD", takes: "text" },
    Row { setting: Setting::Token, key: "credentials.token", variable: "TOKEN", takes: "text" },
    Row { setting: Setting::NKeySeed, key: "credentials.nkey_seed", variable: "NKEY_SEED", takes: "a user's NKey seed, SU..." },
    Row { setting: Setting::CredentialsFile, key: "credentials.file", variable: "CREDENTIALS_FILE", takes: FILE },
    Row { setting: Setting::Tls, key: "tls", variable: "TLS", takes: "true or false" },
    Row { setting: Setting::Authorities, key: "tls.authorities", variable: "TLS_AUTHORITIES", takes: FILE },
    Row { setting: Setting::Certificate, key: "tls.certificate", variable: "TLS_CERTIFICATE", takes: FILE },
    Row { setting: Setting::Key, key: "tls.key", variable: "TLS_KEY", takes: FILE },
    Row { setting: Setting::Stream, key: "stream", variable: "STREAM", takes: "a stream's name: letters, digits, - and _" },
    Row { setting: Setting::SubjectPrefix, key: "subject_prefix", variable: "SUBJECT_PREFIX", takes: "names with dots between them: letters, digits, - and _" },
    Row { setting: Setting::Replicas, key: "replicas", variable: "REPLICAS", takes: "1, 3 or 5" },
    Row { setting: Setting::MaxBytes, key: "max_bytes", variable: "MAX_BYTES", takes: SIZE },
    Row { setting: Setting::MaxMessageBytes, key: "max_message_bytes", variable: "MAX_MESSAGE_BYTES", takes: MESSAGE_SIZE },
    Row { setting: Setting::DuplicateWindow, key: "duplicate_window", variable: "DUPLICATE_WINDOW", takes: DURATION },
    Row { setting: Setting::RequestTimeout, key: "request_timeout", variable: "REQUEST_TIMEOUT", takes: DURATION },
    Row { setting: Setting::Deadline, key: "deadline", variable: "DEADLINE", takes: DURATION },
    Row { setting: Setting::Hash, key: "hash", variable: "HASH", takes: "sha2-256 or blake3" },
    Row { setting: Setting::MonitorUrls, key: "monitor_urls", variable: "MONITOR_URLS", takes: "monitoring addresses, http://host:port, without user and password" },
    Row { setting: Setting::SplitAppends, key: "split_appends", variable: "SPLIT_APPENDS", takes: "true or false" },
];

/// What a setting is set to.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// A text, in the environment every value.
    Text(String),
    /// A number or a truth value without quotes.
    Bare(String),
    /// A list of texts.
    List(Vec<String>),
}

/// A setting that was found somewhere.
pub(super) struct Given {
    pub(super) row: &'static Row,
    pub(super) place: Place,
    pub(super) value: Value,
}

impl Setting {
    /// Returns the kind of credentials that the setting is part of.
    pub(super) const fn credentials(self) -> Option<CredentialsKind> {
        match self {
            Self::User | Self::Password => Some(CredentialsKind::UserPassword),
            Self::Token => Some(CredentialsKind::Token),
            Self::NKeySeed => Some(CredentialsKind::NKeySeed),
            Self::CredentialsFile => Some(CredentialsKind::File),
            Self::Urls
            | Self::Tls
            | Self::Authorities
            | Self::Certificate
            | Self::Key
            | Self::Stream
            | Self::SubjectPrefix
            | Self::Replicas
            | Self::MaxBytes
            | Self::MaxMessageBytes
            | Self::DuplicateWindow
            | Self::RequestTimeout
            | Self::Deadline
            | Self::Hash
            | Self::MonitorUrls
            | Self::SplitAppends => None,
        }
    }
}

impl Value {
    /// Returns a text, where it is one.
    pub(super) fn text(self) -> Option<String> {
        match self {
            Self::Text(text) if !text.is_empty() => Some(text),
            Self::Text(_) | Self::Bare(_) | Self::List(_) => None,
        }
    }

    /// Returns one word, quoted or not.
    pub(super) fn word(self) -> Option<String> {
        match self {
            Self::Text(word) | Self::Bare(word) => Some(word),
            Self::List(_) => None,
        }
    }

    /// Returns a list that is not empty; in a text, commas stand between its entries.
    pub(super) fn list(self) -> Option<Vec<String>> {
        let list = match self {
            Self::Text(text) => text.split(',').map(|entry| entry.trim().to_owned()).collect(),
            Self::List(list) => list,
            Self::Bare(_) => return None,
        };
        (!list.is_empty()).then_some(list)
    }
}
