//! Who may connect and over what: every kind of credentials and of encryption on a real server, and what is said where
//! one side does not trust the other. No answer holds a secret or takes longer than the deadline.

use std::path::PathBuf;
use std::time::Duration;

use cidgraph::store::conformance::SampleStream;
use cidgraph::{EventStore, HashKind, Refusal, StoreError, StreamFilter};
use cidgraph_harness::nats::{Server, SyncInterval, or_skip};
use cidgraph_store_jetstream::{Credentials, JetStreamConfig, JetStreamStore, Secret, Tls};
use futures::StreamExt;

use crate::certificates::{Authority, server_lines};
use crate::operator::Operator;

/// Connects, appends and reads.
async fn accepted(config: JetStreamConfig) {
    let store = JetStreamStore::connect(config).await.unwrap();
    let part = SampleStream::new(1, HashKind::Sha2_256).append(2);
    store.append(std::slice::from_ref(&part)).await.unwrap();
    assert_eq!(store.read(part.aggregate, 1, 9).await.unwrap().len(), 2);
}

/// Checks that a connection is refused for ever, with a reason that tells no secret.
async fn refused(config: JetStreamConfig, expected: &str, secrets: &[&str]) {
    let connected = tokio::time::timeout(config.deadline + Duration::from_secs(10), JetStreamStore::connect(config));
    match connected.await.expect("it is answered") {
        Err(StoreError::Invalid { reason }) => {
            assert!(reason.contains(expected), "{reason:?} does not say {expected:?}");
            assert!(secrets.iter().all(|secret| !reason.contains(secret)), "{reason:?} holds a secret");
            assert!(!reason.contains('\n'), "{reason:?}");
        }
        answer => panic!("expected {expected:?}, got {answer:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_of_credentials_is_accepted_and_never_repeated() {
    let pass =
        |password: &str| Credentials::UserPassword { user: "writer".to_owned(), password: Secret::new(password) };
    let [user, nobody] = [(); 2].map(|()| nkeys::KeyPair::new_user());
    let (seed, other_seed) = (user.seed().unwrap(), nobody.seed().unwrap());
    let nkey = &*format!("authorization {{ users: [{{ nkey: {} }}] }}", user.public_key());
    let cases = [
        ("authorization { user: writer, password: \"right one\" }", pass("right one"), pass("wrong one")),
        (
            "authorization { token: \"right one\" }",
            Credentials::Token(Secret::new("right one")),
            Credentials::Token(Secret::new("wrong one")),
        ),
        (nkey, Credentials::NKeySeed(Secret::new(&*seed)), Credentials::NKeySeed(Secret::new(&*other_seed))),
    ];
    let secrets = ["right one", "wrong one", &seed, &other_seed];
    for (lines, right, wrong) in cases {
        let Some(server) = or_skip(Server::start_with(SyncInterval::Default, lines)) else { return };
        let with = |credentials| JetStreamConfig { credentials, ..JetStreamConfig::new(&server.url) };
        accepted(with(right)).await;
        refused(with(wrong), "the server refuses the credentials", &secrets).await;
        refused(with(Credentials::None), "the server refuses the credentials", &secrets).await;
        refused(with(Credentials::NKeySeed(Secret::new("SUhunter2"))), "credentials.nkey_seed", &["hunter2"]).await;
        let with_password = server.url.replace("//", "//writer:hunter2@");
        refused(JetStreamConfig::new(with_password), "urls must be", &["hunter2"]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_of_an_operators_account_is_known_by_its_creds_file() {
    let (operator, stranger) = (Operator::new(), Operator::new());
    let Some(server) = or_skip(Server::start_with(SyncInterval::Default, &operator.server_lines())) else { return };
    let folder = tempfile::tempdir().unwrap();
    let with =
        |path: PathBuf| JetStreamConfig { credentials: Credentials::File(path), ..JetStreamConfig::new(&server.url) };
    let (creds, _) = operator.user(folder.path(), "writer", None);
    accepted(with(creds)).await;
    let (creds, seed) = operator.user(folder.path(), "expired", Some(1_700_000_001));
    refused(with(creds), "the server refuses the credentials", &[&seed]).await;
    let (creds, seed) = stranger.user(folder.path(), "stranger", None);
    refused(with(creds), "the server refuses the credentials", &[&seed]).await;
    let torn = folder.path().join("torn.creds");
    std::fs::write(&torn, "-----BEGIN NATS USER JWT-----\nhunter2").unwrap();
    refused(with(torn), "torn.creds holds no JWT", &["hunter2"]).await;
    refused(with(folder.path().join("absent.creds")), "absent.creds cannot be read: entity not found", &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_trusted_by_its_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, others) = (Authority::new(&folder.path().join("ours")), Authority::new(&folder.path().join("others")));
    let trusting = |server: &Server, authority: Option<&Authority>| {
        let tls = Tls { authorities: authority.map(|authority| authority.certificate.clone()), client: None };
        JetStreamConfig { tls: Some(tls), ..JetStreamConfig::new(&server.url) }
    };
    let lines = server_lines(&ours.sign("server"), None);
    let Some(server) = or_skip(Server::start_with(SyncInterval::Default, &lines)) else { return };
    accepted(trusting(&server, Some(&ours))).await;
    let untrusted = "the server's certificate is of an authority that is not trusted";
    refused(trusting(&server, Some(&others)), untrusted, &[]).await;
    // The system's authorities, of which there may be none; the second time the server alone wants encryption.
    refused(trusting(&server, None), "certificate", &[]).await;
    refused(JetStreamConfig::new(&server.url), "certificate", &[]).await;
    let elsewhere =
        JetStreamConfig { urls: vec![server.url.replace("127.0.0.1", "localhost")], ..trusting(&server, Some(&ours)) };
    refused(elsewhere, "the server's certificate is of another host", &[]).await;
    let mut absent = trusting(&server, Some(&ours));
    absent.tls = Some(Tls { authorities: Some(folder.path().join("absent.pem")), client: None });
    refused(absent, "absent.pem cannot be read: entity not found", &[]).await;

    let lines = server_lines(&ours.sign_until("expired", 2001), None);
    let Some(server) = or_skip(Server::start_with(SyncInterval::Default, &lines)) else { return };
    refused(trusting(&server, Some(&ours)), "the server's certificate has expired", &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_is_known_by_its_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, others) = (Authority::new(&folder.path().join("ours")), Authority::new(&folder.path().join("others")));
    let lines = server_lines(&ours.sign("server"), Some(&ours));
    let Some(server) = or_skip(Server::start_with(SyncInterval::Default, &lines)) else { return };
    let with = |client: Option<(PathBuf, PathBuf)>| {
        let tls = Tls { authorities: Some(ours.certificate.clone()), client };
        JetStreamConfig { tls: Some(tls), ..JetStreamConfig::new(&server.url) }
    };
    accepted(with(Some(ours.sign("client")))).await;
    refused(with(None), "the server demands a client certificate", &[]).await;
    refused(with(Some(ours.sign_until("expired", 2001))), "the client certificate", &[]).await;
    refused(with(Some(others.sign("client"))), "the server refuses the client certificate", &[]).await;
    let (certificate, _) = ours.sign("one");
    let (_, key) = ours.sign("other");
    refused(with(Some((certificate, key))), "look at the certificates and the key", &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_does_not_encrypt_is_refused_where_it_must() {
    let Some(server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    let config = JetStreamConfig {
        tls: Some(Tls::default()),
        request_timeout: Duration::from_millis(500),
        ..JetStreamConfig::new(&server.url)
    };
    refused(config, "no encrypted connection comes about", &[]).await;
}

/// Returns what a user is told to lack where he may do everything but publish to `denied`.
async fn lacking(denied: &str, call: impl AsyncFn(JetStreamConfig) -> Result<(), StoreError>) -> Option<String> {
    let user = format!("user: w, password: w, permissions: {{ publish: {{ deny: [\"{denied}\"] }} }}");
    let lines = format!("authorization {{ users: [{{ {user} }}] }}");
    let server = or_skip(Server::start_with(SyncInterval::Default, &lines))?;
    let credentials = Credentials::UserPassword { user: "w".to_owned(), password: Secret::new("w") };
    let deadline = Duration::from_secs(300);
    let config = JetStreamConfig { credentials, deadline, ..JetStreamConfig::new(&server.url) };
    match tokio::time::timeout(deadline / 5, call(config)).await.expect("it is told at once") {
        Err(StoreError::Refused { refusal: Refusal::Forbidden { permission } }) => Some(permission),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_permission_that_is_lacking_is_named_by_its_subject() {
    let append = async |config| {
        let store = JetStreamStore::connect(config).await?;
        let mut stream = SampleStream::new(1, HashKind::Sha2_256);
        store.append(&[stream.append(2)]).await?;
        store.append(&[stream.append(1)]).await.map(drop)
    };
    let read = async |config| {
        let store = JetStreamStore::connect(config).await?;
        let part = SampleStream::new(1, HashKind::Sha2_256).append(2);
        store.append(std::slice::from_ref(&part)).await?;
        store.read(part.aggregate, 1, 9).await.map(drop)
    };
    let follow = async |config| {
        let store = JetStreamStore::connect(config).await?;
        store.append(&[SampleStream::new(1, HashKind::Sha2_256).append(2)]).await?;
        let mut followed = store.follow(0, StreamFilter::All).await?;
        followed.next().await.expect("it does not end").map(drop)
    };
    let connect = async |config| JetStreamStore::connect(config).await.map(drop);
    let Some(appending) = lacking("event.store.>", append).await else { return };
    assert!(appending.starts_with("to publish to event.store."), "{appending}");
    for (denied, permission) in [
        (lacking("$JS.API.STREAM.INFO.>", connect).await, "to publish to $JS.API.STREAM.INFO.event-store"),
        (lacking("$JS.API.DIRECT.GET.>", read).await, "to publish to $JS.API.DIRECT.GET.event-store"),
        (lacking("$JS.API.CONSUMER.MSG.NEXT.>", follow).await, "to publish to $JS.API.CONSUMER.MSG.NEXT.event-store."),
    ] {
        assert!(denied.as_ref().is_some_and(|denied| denied.starts_with(permission)), "{denied:?}");
    }
}
