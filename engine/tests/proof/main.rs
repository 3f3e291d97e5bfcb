//! Checkpoints and proofs: made on the embedded store, checked with nothing but a CID, refused where anything is amiss.
#![expect(unreachable_pub, reason = "a test crate's own modules")]
#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

mod history;

mod checkpoints;
mod proofs;
mod refused;
