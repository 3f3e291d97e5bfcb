//! Strict, canonical DAG-CBOR: the one wire form of an event.
//!
//! Follows the IPLD DAG-CBOR specification in its strict form: definite lengths only, shortest integers, floats always
//! of 64 bits and finite and not −0, map keys text in length-first order without duplicates, tag 42 alone. What the
//! decoder accepts, the encoder writes again byte for byte. Integers are of 64 bits signed, and nesting is
//! limited to [`DEPTH_MAX`]; a length that the input cannot hold is refused before anything is reserved for it.

mod decoder;
#[cfg(test)]
mod decoder_tests;
mod encoder;
mod wire;

pub use decoder::{CodecError, Decoder};
pub use encoder::Encoder;
pub use wire::DEPTH_MAX;
