//! A NATS operator of a test's own: it signs accounts, an account signs users, and a server trusts the operator.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use nkeys::KeyPair;
use serde_json::{Value, json};

/// An operator with one account for events and one for the system.
pub(crate) struct Operator {
    keys: KeyPair,
    account: KeyPair,
    system: KeyPair,
}

impl Operator {
    /// Makes an operator.
    pub(crate) fn new() -> Self {
        Self { keys: KeyPair::new_operator(), account: KeyPair::new_account(), system: KeyPair::new_account() }
    }

    /// Returns the lines of the file of a server that trusts the operator.
    pub(crate) fn server_lines(&self) -> String {
        let operator = jwt(&self.keys, &self.keys, json!({"type": "operator", "version": 2}), None);
        let limits = json!({
            "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true, "conn": -1,
            "leaf": -1, "mem_storage": -1, "disk_storage": -1, "streams": -1, "consumer": -1
        });
        let mut system_limits = limits.clone();
        for limit in ["mem_storage", "disk_storage", "streams", "consumer"] {
            system_limits[limit] = json!(0);
        }
        let account = |account: &KeyPair, limits: Value| {
            let claims = json!({"type": "account", "version": 2, "limits": limits});
            format!("{}: {:?}", account.public_key(), jwt(&self.keys, account, claims, None))
        };
        format!(
            "operator: {operator:?}\nsystem_account: {}\nresolver: MEMORY\nresolver_preload: {{\n{}\n{}\n}}",
            self.system.public_key(),
            account(&self.account, limits),
            account(&self.system, system_limits),
        )
    }

    /// Makes a user of the account until a time, seconds since the Unix epoch; returns its `.creds` file and its seed.
    pub(crate) fn user(&self, folder: &Path, name: &str, until: Option<u64>) -> (PathBuf, String) {
        let user = KeyPair::new_user();
        let claims = json!({"type": "user", "version": 2, "subs": -1, "data": -1, "payload": -1});
        let jwt = jwt(&self.account, &user, claims, until);
        let seed = user.seed().unwrap();
        let path = folder.join(format!("{name}.creds"));
        let text = format!(
            "-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n\
             -----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
        );
        fs::write(&path, text).unwrap();
        (path, seed)
    }
}

/// Returns what `issuer` says of `subject` (NATS's ADR-14).
fn jwt(issuer: &KeyPair, subject: &KeyPair, nats: Value, until: Option<u64>) -> String {
    let mut claims = json!({
        "jti": subject.public_key(), "iat": 1_700_000_000, "iss": issuer.public_key(), "name": "test",
        "sub": subject.public_key(), "nats": nats
    });
    if let Some(until) = until {
        claims["exp"] = json!(until);
    }
    let header = json!({"typ": "JWT", "alg": "ed25519-nkey"});
    let text = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
    let signature = issuer.sign(text.as_bytes()).unwrap();
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}
