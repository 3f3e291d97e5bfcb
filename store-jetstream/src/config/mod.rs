//! What a store must be told: where the servers are, who asks, and what the stream is to be like; from a file, from the
//! environment, from the caller.
//!
//! A default gives way to the file (TOML), the file to the environment, the environment to the caller, who sets fields
//! of [`JetStreamConfig`]. [`JetStreamConfig::load`] reads the file and the environment. A variable that is empty says
//! nothing; a key or a variable `CIDGRAPH_NATS_…` that is none of these is refused by its name.
//!
//! | key in the file | variable | value |
//! |---|---|---|
//! | | `CIDGRAPH_NATS_CONFIG` | the file, where the caller names none |
//! | `urls` | `CIDGRAPH_NATS_URLS` | `nats://host:port` or `tls://host:port`, several with commas between them or as a list |
//! | `credentials.user` | `CIDGRAPH_NATS_USER` | text |
//! | `credentials.password` | `CIDGRAPH_NATS_PASSWORD` | text |
//! | `credentials.token` | `CIDGRAPH_NATS_TOKEN` | text |
//! | `credentials.nkey_seed` | `CIDGRAPH_NATS_NKEY_SEED` | the seed, `SU…` |
//! | `credentials.file` | `CIDGRAPH_NATS_CREDENTIALS_FILE` | the path of a `.creds` file |
//! | `tls` | `CIDGRAPH_NATS_TLS` | `true` or `false`; in the file a table is `true` |
//! | `tls.authorities` | `CIDGRAPH_NATS_TLS_AUTHORITIES` | the path of a PEM file |
//! | `tls.certificate` | `CIDGRAPH_NATS_TLS_CERTIFICATE` | the path of a PEM file |
//! | `tls.key` | `CIDGRAPH_NATS_TLS_KEY` | the path of a PEM file |
//! | `stream` | `CIDGRAPH_NATS_STREAM` | the stream's name |
//! | `subject_prefix` | `CIDGRAPH_NATS_SUBJECT_PREFIX` | what every subject starts with, `event.store`; two streams of one account need two |
//! | `replicas` | `CIDGRAPH_NATS_REPLICAS` | 1, 3 or 5; without it the servers decide |
//! | `max_bytes` | `CIDGRAPH_NATS_MAX_BYTES` | a size (`10GiB`, `500MB`, `1048576`) or `unlimited` |
//! | `max_message_bytes` | `CIDGRAPH_NATS_MAX_MESSAGE_BYTES` | a size or `unlimited` |
//! | `duplicate_window` | `CIDGRAPH_NATS_DUPLICATE_WINDOW` | a duration (`500ms`, `20s`, `2m`, `1h`) |
//! | `request_timeout` | `CIDGRAPH_NATS_REQUEST_TIMEOUT` | a duration |
//! | `deadline` | `CIDGRAPH_NATS_DEADLINE` | a duration |
//! | `hash` | `CIDGRAPH_NATS_HASH` | `sha2-256` or `blake3` |
//! | `monitor_urls` | `CIDGRAPH_NATS_MONITOR_URLS` | `http://host:port`, several as in `urls` |
//! | `split_appends` | `CIDGRAPH_NATS_SPLIT_APPENDS` | `true` or `false` |
//!
//! Paths in a file start at the file's folder. Credentials are of one kind: user and password, token, seed or file. The
//! environment's kind replaces the file's; a password in the environment completes a user in the file.
//!
//! A secret is shown by no `Debug`, and no error repeats a value.

mod secret;
mod jetstream_config;
mod error;
mod quantity;
mod setting;
mod check;
mod draft;
mod file;
mod environment;
mod load;

pub use error::{ConfigError, Place};
pub use jetstream_config::{Credentials, JetStreamConfig, Tls};
pub(crate) use jetstream_config::{monitor_host, server_address};
pub use secret::Secret;
