//! Tests of the store on real servers, each test with its own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;
mod conformance;
mod outages;
mod races;
mod replicas;
mod setup;
mod wire;
