//! Layers of a configuration, and what is said of those that cannot be used.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::PathBuf;
use std::time::Duration;

use cidgraph::HashKind;

use super::*;
use crate::config::jetstream_config::{Credentials, Tls};
use crate::config::secret::Secret;
use crate::config::setting::{SETTINGS, VARIABLE_PREFIX};

const NO_VARIABLES: [(&str, &str); 0] = [];

const WHOLE: &str = r#"
urls = ["tls://nats-1:4222", "tls://nats-2:4222"]
stream = "event-store-2"
replicas = 3
max_bytes = "10GiB"
max_message_bytes = 1048576
duplicate_window = "1m"
request_timeout = "500ms"
deadline = "30s"
hash = "blake3"
monitor_urls = ["http://nats-1:8222"]
split_appends = true

[credentials]
user = "writer"
password = "hunter2"

[tls]
authorities = "ca.pem"
certificate = "client.pem"
key = "/keys/client.key"
"#;

fn whole(folder: &str) -> JetStreamConfig {
    let path = |name: &str| PathBuf::from(folder).join(name);
    JetStreamConfig {
        urls: vec!["tls://nats-1:4222".to_owned(), "tls://nats-2:4222".to_owned()],
        credentials: Credentials::UserPassword { user: "writer".to_owned(), password: Secret::new("hunter2") },
        tls: Some(Tls {
            authorities: Some(path("ca.pem")),
            client: Some((path("client.pem"), "/keys/client.key".into())),
        }),
        stream: "event-store-2".to_owned(),
        subject_prefix: "event.store".to_owned(),
        replicas: 3,
        replicas_by_servers: false,
        max_bytes: Some(10 << 30),
        max_message_bytes: Some(1 << 20),
        duplicate_window: Duration::from_secs(60),
        request_timeout: Duration::from_millis(500),
        deadline: Duration::from_secs(30),
        hash: HashKind::Blake3,
        monitor_urls: vec!["http://nats-1:8222".to_owned()],
        split_appends: true,
    }
}

#[test]
fn every_field_is_read_from_a_file() {
    assert_eq!(JetStreamConfig::from_toml(WHOLE), Ok(whole("")));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nats.toml");
    fs::write(&path, WHOLE).unwrap();
    let expected = whole(folder.path().to_str().unwrap());
    assert_eq!(JetStreamConfig::from_file(&path), Ok(expected.clone()));
    let named = [("CIDGRAPH_NATS_CONFIG", path.to_str().unwrap())];
    assert_eq!(JetStreamConfig::load(None, named), Ok(expected));
    let absent = JetStreamConfig::from_file(&folder.path().join("absent.toml")).unwrap_err().to_string();
    assert!(absent.ends_with("absent.toml cannot be read: entity not found"), "{absent}");
}

#[test]
fn every_field_is_read_from_the_environment() {
    let environment = [
        ("CIDGRAPH_NATS_URLS", "tls://nats-1:4222, tls://nats-2:4222"),
        ("CIDGRAPH_NATS_USER", "writer"),
        ("CIDGRAPH_NATS_PASSWORD", "hunter2"),
        ("CIDGRAPH_NATS_TLS_AUTHORITIES", "ca.pem"),
        ("CIDGRAPH_NATS_TLS_CERTIFICATE", "client.pem"),
        ("CIDGRAPH_NATS_TLS_KEY", "/keys/client.key"),
        ("CIDGRAPH_NATS_STREAM", "event-store-2"),
        ("CIDGRAPH_NATS_REPLICAS", "3"),
        ("CIDGRAPH_NATS_MAX_BYTES", "10GiB"),
        ("CIDGRAPH_NATS_MAX_MESSAGE_BYTES", "1MiB"),
        ("CIDGRAPH_NATS_DUPLICATE_WINDOW", "1m"),
        ("CIDGRAPH_NATS_REQUEST_TIMEOUT", "500ms"),
        ("CIDGRAPH_NATS_DEADLINE", "30s"),
        ("CIDGRAPH_NATS_HASH", "blake3"),
        ("CIDGRAPH_NATS_MONITOR_URLS", "http://nats-1:8222"),
        ("CIDGRAPH_NATS_SPLIT_APPENDS", "true"),
        ("CIDGRAPH_NATS_TOKEN", ""),
        ("CIDGRAPH_DATA", "of others"),
    ];
    assert_eq!(JetStreamConfig::load(None, environment), Ok(whole("")));
}

fn over(text: &str, environment: &[(&str, &str)]) -> Result<JetStreamConfig, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nats.toml");
    fs::write(&path, text).unwrap();
    JetStreamConfig::load(Some(&path), environment.iter().copied())
}

#[test]
fn the_environment_has_the_last_word() {
    let expected = JetStreamConfig { replicas_by_servers: true, ..JetStreamConfig::without_server() };
    assert_eq!(JetStreamConfig::load(None, NO_VARIABLES), Ok(expected));
    let config = over(
        "replicas = 3\nstream = 'other'\nmax_bytes = '1GiB'",
        &[("CIDGRAPH_NATS_REPLICAS", "5"), ("CIDGRAPH_NATS_MAX_BYTES", "unlimited")],
    );
    let config = config.unwrap();
    assert_eq!((config.replicas, config.stream.as_str(), config.max_bytes), (5, "other", None));
}

#[test]
fn credentials_are_of_the_last_kind_that_was_named() {
    let login =
        |password: &str| Credentials::UserPassword { user: "writer".to_owned(), password: Secret::new(password) };
    let seed = &*nkeys::KeyPair::new_user().seed().unwrap();
    let token = || Credentials::Token(Secret::new("hunter2"));
    let (user, password) = (("CIDGRAPH_NATS_USER", "writer"), ("CIDGRAPH_NATS_PASSWORD", "hunter3"));
    let check = |text: &str, environment: &[(&str, &str)], expected: Credentials| {
        assert_eq!(over(text, environment).unwrap().credentials, expected, "{text}");
    };
    check("", &[], Credentials::None);
    check("credentials.token = 'hunter2'", &[], token());
    check("credentials = { user = 'writer', password = 'hunter2' }", &[], login("hunter2"));
    check("credentials.user = 'writer'", &[password], login("hunter3"));
    check("credentials = { user = 'writer', password = 'hunter2' }", &[password], login("hunter3"));
    check("credentials.token = 'hunter2'", &[user, password], login("hunter3"));
    check("credentials.user = 'writer'", &[("CIDGRAPH_NATS_TOKEN", "hunter2")], token());
    check("", &[("CIDGRAPH_NATS_NKEY_SEED", seed)], Credentials::NKeySeed(Secret::new(seed)));
    check("", &[("CIDGRAPH_NATS_CREDENTIALS_FILE", "a.creds")], Credentials::File("a.creds".into()));
}

#[test]
fn encryption_is_switched_on_by_naming_it() {
    let tls = |text: &str, environment: &[(&str, &str)]| over(text, environment).unwrap().tls;
    assert_eq!(tls("[tls]", &[]), Some(Tls::default()));
    assert_eq!(tls("tls = true", &[]), Some(Tls::default()));
    assert_eq!(tls("", &[("CIDGRAPH_NATS_TLS", "true")]), Some(Tls::default()));
    assert_eq!(tls("[tls]\ncertificate = 'a'\nkey = 'b'", &[("CIDGRAPH_NATS_TLS", "false")]), None);
    let authorities = Some(Tls { authorities: Some("ca.pem".into()), client: None });
    assert_eq!(tls("", &[("CIDGRAPH_NATS_TLS_AUTHORITIES", "ca.pem")]), authorities);
}

/// Every error names the place, is one line and repeats no value.
#[test]
fn errors_name_the_place_and_no_value() {
    let file = |text: &str, expected: &str| {
        let error = JetStreamConfig::from_toml(text).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error:?} does not start with {expected:?}");
        assert!(!error.contains("hunter2") && !error.contains('\n'), "{error}");
    };
    file("\n\nreplica = 3", "line 3: replica is no setting");
    file("[credentials]\nuser = 'a'\npasswort = 'hunter2'", "line 3: credentials.passwort is no setting");
    file("[credentials.more]\na = 1", "line 1: credentials.more is no setting");
    file("[stream]\nname = 'a'", "line 1: stream must be a stream's name");
    file("credentials.password = hunter2", "line 1 is not TOML: ");
    file("a = 1\n[credentials]\npassword = \"hunter2", "line 3 is not TOML: ");
    file("[credentials]\npassword = \"hunter2\\q\"", "line 2 is not TOML: ");
    file("[credentials]\npassword = 'hunter2' 'hunter2'", "line 2 is not TOML: ");
    file("[credentials]\ntoken = 'hunter2'\ntoken = 'hunter2'", "line 3 is not TOML: duplicate key");
    file("credentials.password = 12345", "line 1: credentials.password must be text");
    file("credentials.token = ['hunter2']", "line 1: credentials.token must be text");
    file("credentials = 'hunter2'", "line 1: credentials is no setting");
    file("credentials.nkey_seed = 'hunter2'", "line 1: credentials.nkey_seed must be a user's NKey seed");
    file("urls = ['nats://a:4222', 'nats://writer:hunter2@b:4222']", "line 1: urls must be addresses of servers");
    file("urls = 'hunter2@'", "line 1: urls must be");
    file("urls = [1]", "line 1: urls must be");
    file("urls = []", "line 1: urls must be");
    file("monitor_urls = 'http://writer:hunter2@b:8222'", "line 1: monitor_urls must be");
    file("replicas = 2", "line 1: replicas must be 1, 3 or 5");
    file("replicas = 3.0", "line 1: replicas must be");
    file("max_bytes = '10 gallons'", "line 1: max_bytes must be a size");
    file("max_message_bytes = '3GiB'", "line 1: max_message_bytes must be");
    file("deadline = 20", "line 1: deadline must be a duration");
    file("hash = 'md5'", "line 1: hash must be sha2-256 or blake3");
    file("credentials = { user = 'a', token = 'hunter2' }", "line 1: credentials.");
    file("credentials.user = 'a'", "credentials.user is given without credentials.password");
    file("tls.key = 'a'", "tls.key is given without tls.certificate");
    let variable = |name: &str, content: &str, expected: &str| {
        let name = format!("{VARIABLE_PREFIX}{name}");
        let error = JetStreamConfig::load(None, [(name, content)]).unwrap_err().to_string();
        assert!(error.starts_with(expected) && !error.contains("hunter2"), "{error:?}");
    };
    variable("URL", "nats://writer:hunter2@a", "CIDGRAPH_NATS_URL is no setting");
    variable("URLS", "nats://writer:hunter2@a", "CIDGRAPH_NATS_URLS must be");
    variable("TLS", "yes", "CIDGRAPH_NATS_TLS must be true or false");
    variable("PASSWORD", "hunter2", "credentials.password is given without credentials.user");
}

#[test]
fn the_documentation_names_every_setting() {
    let documentation = include_str!("mod.rs");
    for row in &SETTINGS {
        let expected = format!("//! | `{}` | `{VARIABLE_PREFIX}{}` |", row.key, row.variable);
        assert!(documentation.contains(&expected), "{expected}");
    }
}
