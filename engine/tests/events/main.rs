//! Events on their way: written, fetched, followed, over a real store that fails as told.
#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

mod closing;
mod faulty;
mod following;
#[path = "../support/mod.rs"]
mod support;
mod writer;
mod writer_failures;
