//! A configuration on its way: layers are laid over it, and pairs may still lack a half.

use std::path::{Path, PathBuf};

use cidgraph::HashKind;

use crate::config::error::ConfigError;
use crate::config::jetstream_config::{Credentials, JetStreamConfig, Tls};
use crate::config::quantity::{bytes, duration};
use crate::config::secret::Secret;
use crate::config::setting::{CredentialsKind, Given, Setting, Value};

/// A configuration and the halves of pairs.
pub(super) struct Draft {
    config: JetStreamConfig,
    /// The kind of the credentials.
    kind: Option<CredentialsKind>,
    user: Option<String>,
    password: Option<Secret>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
}

impl Draft {
    pub(super) fn new() -> Self {
        let config = JetStreamConfig { replicas_by_servers: true, ..JetStreamConfig::without_server() };
        Self { config, kind: None, user: None, password: None, certificate: None, key: None }
    }

    /// Lays settings of one origin over what is there; relative paths start at `folder`.
    pub(super) fn lay(&mut self, mut layer: Vec<Given>, folder: &Path) -> Result<(), ConfigError> {
        self.turn_to(&layer)?;
        layer.sort_by_key(|given| given.row.setting as usize);
        for Given { row, place, value } in layer {
            let set = self.set(row.setting, value, folder);
            if set.is_none() || !row.setting.holds(&self.config) {
                return Err(ConfigError::Value { place, takes: row.takes });
            }
        }
        Ok(())
    }

    /// Forgets credentials of another kind than the layer's, which must be one.
    fn turn_to(&mut self, layer: &[Given]) -> Result<(), ConfigError> {
        let mut credentials = layer.iter().filter_map(|given| Some((given.row.setting.credentials()?, given)));
        let Some((kind, first)) = credentials.next() else { return Ok(()) };
        if let Some((_, other)) = credentials.find(|(other, _)| *other != kind) {
            return Err(ConfigError::Ambiguous { place: first.place.clone(), other: other.place.clone() });
        }
        if self.kind != Some(kind) {
            (self.kind, self.user, self.password) = (Some(kind), None, None);
            self.config.credentials = Credentials::None;
        }
        Ok(())
    }

    /// Sets one thing, `None` where the value cannot be read.
    fn set(&mut self, setting: Setting, value: Value, folder: &Path) -> Option<()> {
        let path = |value: Value| value.text().map(|path| folder.join(path));
        let config = &mut self.config;
        match setting {
            Setting::Urls => config.urls = value.list()?,
            Setting::User => self.user = Some(value.text()?),
            Setting::Password => self.password = Some(Secret::new(value.text()?)),
            Setting::Token => config.credentials = Credentials::Token(Secret::new(value.text()?)),
            Setting::NKeySeed => config.credentials = Credentials::NKeySeed(Secret::new(value.text()?)),
            Setting::CredentialsFile => config.credentials = Credentials::File(path(value)?),
            Setting::Tls => self.switch_tls(truth(value)?),
            Setting::Authorities => tls(config).authorities = Some(path(value)?),
            Setting::Certificate => (self.certificate, _) = (Some(path(value)?), tls(config)),
            Setting::Key => (self.key, _) = (Some(path(value)?), tls(config)),
            Setting::Stream => config.stream = value.text()?,
            Setting::SubjectPrefix => config.subject_prefix = value.text()?,
            Setting::Replicas => {
                (config.replicas, config.replicas_by_servers) = (value.word()?.parse().ok()?, false);
            }
            Setting::MaxBytes => config.max_bytes = bound(value)?,
            Setting::MaxMessageBytes => config.max_message_bytes = bound(value)?.map(u32::try_from).transpose().ok()?,
            Setting::DuplicateWindow => config.duplicate_window = duration(&value.text()?)?,
            Setting::RequestTimeout => config.request_timeout = duration(&value.text()?)?,
            Setting::Deadline => config.deadline = duration(&value.text()?)?,
            Setting::Hash => config.hash = hash(&value.text()?)?,
            Setting::MonitorUrls => config.monitor_urls = value.list()?,
            Setting::SplitAppends => config.split_appends = truth(value)?,
        }
        Some(())
    }

    fn switch_tls(&mut self, on: bool) {
        if on {
            tls(&mut self.config);
        } else {
            (self.config.tls, self.certificate, self.key) = (None, None, None);
        }
    }

    /// Returns the configuration, where no pair lacks a half.
    pub(super) fn finish(self) -> Result<JetStreamConfig, ConfigError> {
        let mut config = self.config;
        let (user, password) = ("credentials.user", "credentials.password");
        if let Some((user, password)) = both((user, self.user), (password, self.password))? {
            config.credentials = Credentials::UserPassword { user, password };
        }
        let client = both(("tls.certificate", self.certificate), ("tls.key", self.key))?;
        if let (Some(tls), Some(client)) = (&mut config.tls, client) {
            tls.client = Some(client);
        }
        Ok(config)
    }
}

fn tls(config: &mut JetStreamConfig) -> &mut Tls {
    config.tls.get_or_insert_default()
}

/// Returns a pair where both halves are there, nothing where none is.
fn both<A, B>(
    (first, one): (&'static str, Option<A>),
    (second, other): (&'static str, Option<B>),
) -> Result<Option<(A, B)>, ConfigError> {
    match (one, other) {
        (Some(one), Some(other)) => Ok(Some((one, other))),
        (None, None) => Ok(None),
        (Some(_), None) => Err(ConfigError::Incomplete { given: first, missing: second }),
        (None, Some(_)) => Err(ConfigError::Incomplete { given: second, missing: first }),
    }
}

fn truth(value: Value) -> Option<bool> {
    value.word()?.parse().ok()
}

/// Reads a size, `None` within where there is no bound.
fn bound(value: Value) -> Option<Option<u64>> {
    let word = value.word()?;
    if word == "unlimited" { Some(None) } else { bytes(&word).map(Some) }
}

fn hash(name: &str) -> Option<HashKind> {
    match name {
        "sha2-256" => Some(HashKind::Sha2_256),
        "blake3" => Some(HashKind::Blake3),
        _ => None,
    }
}
