//! Proofs: that a graph's writer committed to a node being so, or not being, at a version; checked with nothing but the
//! CID of a later event.
//!
//! `docs/PROOF.md` says what a proof file holds and what follows from it. A [`Prover`] makes proofs from a store;
//! [`check`] needs neither store nor graph; a [`Derivation`] compares a proof with the events that it rests on.

mod error;
mod format;
mod check;
mod derivation;
mod prover;

pub use check::{Proven, check};
pub use derivation::{Derivation, Derived};
pub use error::{ProofError, ProveError};
pub use format::{Anchor, Committed, Proof, StateProof};
pub use prover::Prover;

/// Bytes of a proof, at most.
pub const PROOF_BYTES_MAX: usize = 512 * 1024;
