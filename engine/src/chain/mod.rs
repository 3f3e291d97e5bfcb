//! The event chain: how an event becomes a block with a CID, and how a block is read and checked again.
//!
//! A block is one DAG-CBOR map (DESIGN: the event). Its CID is taken over exactly these bytes, and it names the CID of
//! the aggregate's event before it, so a change of any byte changes every later CID. Sealing writes the bytes once;
//! nothing writes them again.

mod block;
mod seal;
mod verifier;
mod verify;

pub use block::{EventHeader, Metadata, OpenedBlock, open_block, open_block_in_place};
pub use seal::{ChainTip, seal};
pub use verifier::{ChainVerifier, LogVerifier, verify_blocks};
pub use verify::{ChainError, Link, verify_block, verify_block_in_place, verify_each, verify_link};
