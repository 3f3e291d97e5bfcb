//! Tests of the store on real servers, each test with its own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;
mod archive;
mod neighbours;
mod certificates;
mod conformance;
mod failing;
mod following;
mod lists;
mod objects;
mod operator;
mod outages;
mod races;
mod replicas;
mod same_answers;
mod security;
mod setup;
mod splits;
mod wire;
