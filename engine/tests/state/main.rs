//! The state of a graph against a list of all its past states, under readers that look on, and by its hash.
#![expect(unreachable_pub, reason = "modules of a test are seen by the test alone")]
#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

mod content;
mod model;
mod subject;

mod script;

mod comparison;
mod differential;
mod hashes;
mod readers;
