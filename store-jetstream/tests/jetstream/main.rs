//! Tests of the store on real servers, each test with its own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;
mod certificates;
mod operator;
mod conformance;
mod following;
mod lists;
mod outages;
mod races;
mod same_answers;
mod security;
mod setup;
mod splits;
mod wire;
