//! Connects to the servers and refuses those that are too old.

use std::error::Error;
use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

use async_nats::jetstream::{Context, ContextBuilder};
use async_nats::rustls;
use async_nats::rustls::{AlertDescription, CertificateError};
use async_nats::{Client, ConnectError, ConnectErrorKind, ConnectOptions, ServerAddr, ServerError};
use cidgraph::StoreError;
use tokio::time::timeout;

use crate::backoff::{self, Budget, Failure};
use crate::config::{Credentials, JetStreamConfig, Tls, server_address};
use crate::greeting::first_to_greet;
use crate::permissions::{Access, Permissions};
use crate::refusals::{invalid, unavailable};
use crate::silence::Silence;

/// The least version: before it, equally long subject filters of a batch are wrongly refused.
const VERSION_MIN: (u64, u64, u64) = (2, 15, 0);

const NOT_ENCRYPTED: &str = "no encrypted connection comes about: look at the certificates and the key";

/// How often a server is asked whether it is there; it is given up when three questions are open.
const PING: Duration = Duration::from_secs(2);

/// How long a server may take to let a connection come about; one may greet and then say nothing more.
const HANDSHAKE: Duration = Duration::from_secs(5);

/// A connection, and how patient its users are.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    pub(crate) client: Client,
    pub(crate) context: Context,
    pub(crate) permissions: Permissions,
    /// How long one request may take.
    pub(crate) request_timeout: Duration,
    /// How long a call may take with all that is tried again.
    pub(crate) deadline: Duration,
    /// What all calls together may wait, where that is bounded.
    pub(crate) budget: Budget,
    pub(crate) silence: Silence,
}

impl Connection {
    /// Does something until it is done, it cannot be done, or the time is over.
    pub(crate) async fn retry<T, Attempt: Future<Output = Result<T, Failure>>>(
        &self,
        access: &Access,
        attempt: impl FnMut() -> Attempt,
    ) -> Result<T, StoreError> {
        backoff::retry(access, &self.budget, self.deadline, attempt).await
    }

    /// Asks until there is an answer, there cannot be one, or the time is over; each attempt is told how long to wait.
    pub(crate) async fn ask<T, Attempt: Future<Output = Result<T, Failure>>>(
        &self,
        access: &Access,
        attempt: impl FnMut(Duration) -> Attempt,
    ) -> Result<T, StoreError> {
        backoff::ask(access, &self.budget, self.deadline, self.request_timeout, attempt).await
    }
}

/// Connects, or says why not; what it says holds no secret.
pub(crate) async fn connect(config: &JetStreamConfig) -> Result<Connection, StoreError> {
    config.check()?;
    let addresses: Option<Vec<ServerAddr>> = config.urls.iter().map(|url| server_address(url)).collect();
    let addresses = addresses.expect("the addresses were checked");
    let permissions = Permissions::default();
    let told = permissions.clone();
    let options = options(config).await?.event_callback(move |event| {
        told.note(&event);
        std::future::ready(())
    });
    let connected = timeout(config.deadline, attempt(options, addresses)).await;
    let connected = connected.map_err(|_| unavailable("no server answers in time"))?;
    let client = connected.map_err(|error| refused(&error))?;
    let version = client.server_info().version;
    if !version_suffices(&version) {
        let (major, minor, patch) = VERSION_MIN;
        return Err(invalid(format!("the server is version {version}, at least {major}.{minor}.{patch} is needed")));
    }
    let (request_timeout, deadline) = (config.request_timeout, config.deadline);
    let timeouts = ContextBuilder::new().timeout(request_timeout).ack_timeout(request_timeout);
    let context = timeouts.build(client.clone());
    let (budget, silence) = (Budget::default(), Silence::default());
    Ok(Connection { client, context, permissions, request_timeout, deadline, budget, silence })
}

/// Connects to the first server that greets; where that one then fails, to any of them.
async fn attempt(options: ConnectOptions, addresses: Vec<ServerAddr>) -> Result<Client, ConnectError> {
    if addresses.len() > 1 {
        let choosing = options.clone().reconnect_to_server_callback(|servers, _| first_to_greet(servers));
        match choosing.connect(addresses.clone()).await {
            Err(error) if !is_login_refused(&error) => {}
            connected => return connected,
        }
    }
    options.connect(addresses).await
}

fn is_login_refused(error: &ConnectError) -> bool {
    matches!(error.kind(), ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation)
}

async fn options(config: &JetStreamConfig) -> Result<ConnectOptions, StoreError> {
    let options = ConnectOptions::new()
        .name("cidgraph")
        .ping_interval(PING)
        .request_timeout(Some(config.request_timeout))
        .connection_timeout(config.request_timeout.min(HANDSHAKE));
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
        ConnectErrorKind::Tls => invalid(NOT_ENCRYPTED),
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
    use CertificateError as Certificate;
    if let rustls::Error::AlertReceived(alert) = error {
        return if *alert == AlertDescription::CertificateRequired {
            "the server demands a client certificate"
        } else if *alert == AlertDescription::CertificateExpired {
            "the client certificate has expired"
        } else {
            "the server refuses the client certificate"
        };
    }
    let rustls::Error::InvalidCertificate(error) = error else { return NOT_ENCRYPTED };
    if matches!(error, Certificate::Expired | Certificate::ExpiredContext { .. }) {
        return "the server's certificate has expired";
    }
    if matches!(error, Certificate::NotValidForName | Certificate::NotValidForNameContext { .. }) {
        return "the server's certificate is of another host";
    }
    if matches!(error, Certificate::UnknownIssuer | Certificate::BadSignature) {
        return "the server's certificate is of an authority that is not trusted";
    }
    "the server's certificate is not valid"
}

/// Returns whether a version is new enough; one that comes before a release, as 2.15.0-beta.1, is older than that.
fn version_suffices(version: &str) -> bool {
    let (numbers, is_release) = match version.split_once('-') {
        Some((numbers, _)) => (numbers, false),
        None => (version, true),
    };
    let numbers: Option<Vec<u64>> = numbers.split('.').map(|part| part.parse().ok()).collect();
    match numbers.as_deref() {
        Some(&[major, minor, patch]) => {
            (major, minor, patch) > VERSION_MIN || (major, minor, patch) == VERSION_MIN && is_release
        }
        Some(_) | None => false,
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
            ("2.15.0-beta.1", false),
            ("2.16.0-RC.1", true),
            ("3.0.0", true),
            ("2.14.3", false),
            ("2.9.25", false),
            ("2.15", false),
            ("", false),
        ] {
            assert_eq!(version_suffices(version), suffices, "{version:?}");
        }
    }
}
