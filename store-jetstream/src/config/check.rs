//! What a setting's value must be, whoever set it.

use std::time::Duration;

use nkeys::{KeyPair, KeyPairType};

use crate::config::error::{ConfigError, Place};
use crate::config::jetstream_config::{Credentials, JetStreamConfig, monitor_host, server_address};
use crate::config::setting::{SETTINGS, Setting};

impl JetStreamConfig {
    /// Checks all that can be told without a server and without reading a file.
    ///
    /// # Errors
    /// [`ConfigError::Value`] names the first setting that does not hold.
    pub fn check(&self) -> Result<(), ConfigError> {
        match SETTINGS.iter().find(|row| !row.setting.holds(self)) {
            Some(row) => Err(ConfigError::Value { place: Place::Field { key: row.key }, takes: row.takes }),
            None => Ok(()),
        }
    }
}

impl Setting {
    /// Returns whether a configuration has a possible value here.
    pub(super) fn holds(self, config: &JetStreamConfig) -> bool {
        let lasting = |duration: Duration| duration > Duration::ZERO;
        match self {
            Self::Urls => !config.urls.is_empty() && config.urls.iter().all(|url| server_address(url).is_some()),
            Self::NKeySeed => match &config.credentials {
                Credentials::NKeySeed(seed) => is_user_seed(&seed.reveal()),
                Credentials::None | Credentials::UserPassword { .. } | Credentials::Token(_) | Credentials::File(_) => {
                    true
                }
            },
            Self::Stream => is_name(&config.stream),
            Self::SubjectPrefix => is_prefix(&config.subject_prefix),
            Self::Replicas => matches!(config.replicas, 1 | 3 | 5),
            Self::MaxBytes => config.max_bytes.is_none_or(|bytes| bytes > 0 && i64::try_from(bytes).is_ok()),
            Self::MaxMessageBytes => {
                config.max_message_bytes.is_none_or(|bytes| bytes > 0 && i32::try_from(bytes).is_ok())
            }
            Self::DuplicateWindow => lasting(config.duplicate_window),
            Self::RequestTimeout => lasting(config.request_timeout),
            Self::Deadline => lasting(config.deadline),
            Self::MonitorUrls => config.monitor_urls.iter().all(|url| monitor_host(url).is_some()),
            Self::User
            | Self::Password
            | Self::Token
            | Self::CredentialsFile
            | Self::Tls
            | Self::Authorities
            | Self::Certificate
            | Self::Key
            | Self::Hash
            | Self::SplitAppends => true,
        }
    }
}

fn is_user_seed(seed: &str) -> bool {
    KeyPair::from_seed(seed).is_ok_and(|pair| matches!(pair.key_pair_type(), KeyPairType::User))
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// Returns whether subjects can start with this: no wildcard and no empty token, nor those that only servers use.
fn is_prefix(prefix: &str) -> bool {
    prefix.split('.').all(is_name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::secret::Secret;

    #[test]
    fn a_field_that_does_not_hold_is_named_without_its_value() {
        let check = |change: fn(&mut JetStreamConfig), key: Option<&'static str>| {
            let mut config = JetStreamConfig::new("nats://127.0.0.1:4222");
            change(&mut config);
            let place = match config.check() {
                Ok(()) => None,
                Err(ConfigError::Value { place: Place::Field { key }, .. }) => Some(key),
                Err(error) => panic!("{error}"),
            };
            assert_eq!(place, key);
            assert!(config.check().err().is_none_or(|error| !error.to_string().contains("hunter2")));
        };
        check(|_| {}, None);
        check(|config| config.urls.clear(), Some("urls"));
        check(|config| config.urls.push("nats://writer:hunter2@127.0.0.1".to_owned()), Some("urls"));
        check(
            |config| config.credentials = Credentials::NKeySeed(Secret::new("hunter2")),
            Some("credentials.nkey_seed"),
        );
        check(|config| config.stream = "event.store".to_owned(), Some("stream"));
        for prefix in ["", "event.", ".event", "event..store", "event.*", "event.>", ">", "a b", "$JS.API"] {
            let config =
                JetStreamConfig { subject_prefix: prefix.to_owned(), ..JetStreamConfig::new("nats://127.0.0.1") };
            let error = config.check().expect_err(prefix).to_string();
            assert!(error.starts_with("subject_prefix must be"), "{error}");
        }
        check(|config| config.subject_prefix = "event".to_owned(), None);
        check(|config| config.subject_prefix = "_graph-1.event_2".to_owned(), None);
        check(|config| config.replicas = 2, Some("replicas"));
        check(|config| config.max_bytes = Some(0), Some("max_bytes"));
        check(|config| config.max_bytes = Some(1 << 63), Some("max_bytes"));
        check(|config| config.max_message_bytes = Some(1 << 31), Some("max_message_bytes"));
        check(|config| config.deadline = Duration::ZERO, Some("deadline"));
        check(|config| config.monitor_urls.push("http://writer:hunter2@127.0.0.1".to_owned()), Some("monitor_urls"));
    }
}
