//! Named objects beside a store's events: archives, snapshots. The port, its contract, and what every implementation
//! shares: the form in which contents are kept.

pub mod contract;
pub mod frames;

pub use contract::{ObjectError, ObjectInfo, ObjectStore, check_name};
pub use frames::{FRAME_BYTES, Packer, Received, Unpacker};
