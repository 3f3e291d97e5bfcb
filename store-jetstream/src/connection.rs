//! Connects to the servers and refuses those that are too old.

use std::error::Error;
use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

use async_nats::rustls;
use async_nats::rustls::{AlertDescription, CertificateError};
use async_nats::{Client, ConnectError, ConnectErrorKind, ConnectOptions, ServerAddr, ServerError};
use cidgraph::StoreError;
use tokio::time::timeout;

use crate::config::{Credentials, JetStreamConfig, Tls, server_address};

/// The least version: before it, equally long subject filters of a batch are wrongly refused.
const VERSION_MIN: (u64, u64) = (2, 15);

/// How often a server is asked whether it is there; it is given up when three questions are open.
const PING: Duration = Duration::from_secs(2);

/// Connects, or says why not; what it says holds no secret.
pub(crate) async fn connect(config: &JetStreamConfig) -> Result<Client, StoreError> {
    config.check()?;
    let addresses: Option<Vec<ServerAddr>> = config.urls.iter().map(|url| server_address(url)).collect();
    let addresses = addresses.expect("the addresses were checked");
    let options = options(config).await?;
    let connected = timeout(config.deadline, options.connect(addresses)).await;
    let connected = connected.map_err(|_| unavailable("no server answers in time"))?;
    let client = connected.map_err(|error| refused(&error))?;
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

async fn options(config: &JetStreamConfig) -> Result<ConnectOptions, StoreError> {
    let options = ConnectOptions::new()
        .name("cidgraph")
        .ping_interval(PING)
        .request_timeout(Some(config.request_timeout))
        .connection_timeout(config.request_timeout);
    let options = match &config.credentials {
        Credentials::None => options,
        Credentials::UserPassword { user, password } => options.user_and_password(user.clone(), password.reveal()),
        Credentials::Token(token) => options.token(token.reveal()),
        Credentials::NKeySeed(seed) => options.nkey(seed.reveal()),
        Credentials::File(path) => {
            readable(path)?;
            let read = options.credentials_file(path).await;
            read.map_err(|_| invalid(format!("{} holds no JWT with the seed of its user", path.display())))?
        }
    };
    config.tls.as_ref().map_or(Ok(options.clone()), |tls| encrypted(options, tls))
}

fn encrypted(options: ConnectOptions, tls: &Tls) -> Result<ConnectOptions, StoreError> {
    let mut options = options.require_tls(true);
    if let Some(authorities) = &tls.authorities {
        readable(authorities)?;
        options = options.add_root_certificates(authorities.clone());
    }
    if let Some((certificate, key)) = &tls.client {
        readable(certificate)?;
        readable(key)?;
        options = options.add_client_certificate(certificate.clone(), key.clone());
    }
    Ok(options)
}

/// Refuses a file that cannot be opened, by its name: later nobody tells which one it was.
fn readable(path: &Path) -> Result<(), StoreError> {
    let opened = File::open(path);
    opened.map(drop).map_err(|error| invalid(format!("{} cannot be read: {}", path.display(), error.kind())))
}

fn refused(error: &ConnectError) -> StoreError {
    if let Some(reason) = untrusted(error) {
        return invalid(reason);
    }
    match error.kind() {
        ConnectErrorKind::ServerParse => invalid("a server's address cannot be read"),
        ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => {
            invalid("the server refuses the credentials")
        }
        ConnectErrorKind::Tls => invalid("no encrypted connection comes about: look at the certificates and the key"),
        kind @ (ConnectErrorKind::Dns
        | ConnectErrorKind::TimedOut
        | ConnectErrorKind::Io
        | ConnectErrorKind::MaxReconnects) => unavailable(format!("no server is to be reached: {kind}")),
    }
}

/// Returns what is wrong where one side does not trust the other: that stays so, unlike a network that fails.
fn untrusted(error: &ConnectError) -> Option<&'static str> {
    let mut cause = error.source();
    while let Some(error) = cause {
        // An I/O error's own cause is what the wrapped error was caused by, not that error.
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        let error: &(dyn Error + 'static) = match wrapped {
            Some(wrapped) => wrapped,
            None => error,
        };
        if let Some(ServerError::Other(text)) = error.downcast_ref() {
            return text.to_lowercase().contains("authentication").then_some("the server refuses the credentials");
        }
        if let Some(error) = error.downcast_ref() {
            return Some(distrust(error));
        }
        cause = error.source();
    }
    None
}

fn distrust(error: &rustls::Error) -> &'static str {
    match error {
        rustls::Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            "the server's certificate has expired"
        }
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "the server's certificate is of an authority that is not trusted"
        }
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => "the server's certificate is of another host",
        rustls::Error::InvalidCertificate(_) => "the server's certificate is not valid",
        rustls::Error::AlertReceived(AlertDescription::CertificateRequired) => {
            "the server demands a client certificate"
        }
        rustls::Error::AlertReceived(AlertDescription::CertificateExpired) => "the client certificate has expired",
        rustls::Error::AlertReceived(_) => "the server refuses the client certificate",
        _ => "no encrypted connection comes about: look at the certificates and the key",
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
}
