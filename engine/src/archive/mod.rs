//! Archives: an aggregate's old events as objects beside the store, in segments that any IPLD tool reads.
//!
//! [`archive`] moves events there: written, read back, verified, and only then let go. [`Archive`] reads them, so that a
//! store answers for versions that it no longer keeps itself. How far back a graph may be archived the caller says; once
//! there are snapshots, that is the version that the last verified one covers.

mod merge;
mod reader;
mod segment;
mod table;
mod writer;

pub use merge::merge;
pub use reader::Archive;
pub use segment::{SEGMENT_BYTES, Segment};
pub(crate) use segment::{decode_run, encode};
pub use writer::{ArchiveError, Archived, archive, archive_in_segments};
