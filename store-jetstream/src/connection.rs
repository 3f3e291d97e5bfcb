//! Connects to the servers and refuses those that are too old.

use std::time::Duration;

use async_nats::{Client, ConnectErrorKind, ConnectOptions, ServerAddr};
use cidgraph::StoreError;

use crate::config::{Credentials, JetStreamConfig};

/// The least version: before it, equally long subject filters of a batch are wrongly refused.
const VERSION_MIN: (u64, u64) = (2, 15);

/// How often a server is asked whether it is there; it is given up when three questions are open.
const PING: Duration = Duration::from_secs(2);

/// Connects, or says why not; what it says holds no secret.
pub(crate) async fn connect(config: &JetStreamConfig) -> Result<Client, StoreError> {
    let addresses = config.urls.iter().map(|url| address(url)).collect::<Result<Vec<_>, _>>()?;
    if addresses.is_empty() {
        return Err(invalid("no server is named"));
    }
    let options = options(config).await?;
    let connected = options.connect(addresses).await;
    let client = connected.map_err(|error| refused(error.kind()))?;
    let version = client.server_info().version;
    if !version_suffices(&version) {
        let (major, minor) = VERSION_MIN;
        return Err(invalid(format!("the server is version {version}, at least {major}.{minor} is needed")));
    }
    Ok(client)
}

pub(crate) fn invalid(reason: impl Into<String>) -> StoreError {
    StoreError::Invalid { reason: reason.into() }
}

pub(crate) fn unavailable(reason: impl Into<String>) -> StoreError {
    StoreError::Unavailable { reason: reason.into() }
}

fn address(url: &str) -> Result<ServerAddr, StoreError> {
    // The text is not repeated: it may hold a password.
    let address: ServerAddr = url.parse().map_err(|_| invalid("a server's address cannot be read"))?;
    if address.has_user_pass() {
        return Err(invalid("a server's address holds a user or a password: give them as credentials"));
    }
    Ok(address)
}

async fn options(config: &JetStreamConfig) -> Result<ConnectOptions, StoreError> {
    let mut options = ConnectOptions::new()
        .name("cidgraph")
        .ping_interval(PING)
        .request_timeout(Some(config.request_timeout))
        .connection_timeout(config.request_timeout);
    options = match &config.credentials {
        Credentials::None => options,
        Credentials::UserPassword { user, password } => options.user_and_password(user.clone(), password.reveal()),
        Credentials::Token(token) => options.token(token.reveal()),
        Credentials::NKeySeed(seed) => options.nkey(seed.reveal()),
        Credentials::File(path) => {
            let read = options.credentials_file(path).await;
            read.map_err(|error| invalid(format!("{}: {:?}", path.display(), error.kind())))?
        }
    };
    if let Some(tls) = &config.tls {
        options = options.require_tls(true);
        if let Some(authorities) = &tls.authorities {
            options = options.add_root_certificates(authorities.clone());
        }
        if let Some((certificate, key)) = &tls.client {
            options = options.add_client_certificate(certificate.clone(), key.clone());
        }
    }
    Ok(options)
}

fn refused(kind: ConnectErrorKind) -> StoreError {
    match kind {
        ConnectErrorKind::ServerParse => invalid("a server's address cannot be read"),
        ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => {
            invalid("the server refuses the credentials")
        }
        ConnectErrorKind::Tls => invalid("no encrypted connection comes about: look at the certificates"),
        ConnectErrorKind::Dns | ConnectErrorKind::TimedOut | ConnectErrorKind::Io | ConnectErrorKind::MaxReconnects => {
            unavailable(format!("no server is to be reached: {kind}"))
        }
    }
}

fn version_suffices(version: &str) -> bool {
    let mut parts = version.split('.').map(str::parse::<u64>);
    match (parts.next(), parts.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= VERSION_MIN,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_by_its_numbers() {
        for (version, suffices) in [
            ("2.15.0", true),
            ("2.15.1-beta.2", true),
            ("3.0.0", true),
            ("2.14.3", false),
            ("2.9.25", false),
            ("", false),
        ] {
            assert_eq!(version_suffices(version), suffices, "{version:?}");
        }
    }

    #[test]
    fn an_address_with_a_password_is_refused_without_repeating_it() {
        let error = address("nats://writer:hunter2@127.0.0.1:4222").expect_err("it holds a password");
        assert!(!error.to_string().contains("hunter2"));
        let error = address("nats://writer:hunter2@[").expect_err("it is no address");
        assert!(!error.to_string().contains("hunter2"));
    }
}
