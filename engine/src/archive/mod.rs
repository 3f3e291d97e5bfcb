//! Archives: an aggregate's old events as objects beside the store, in segments that any IPLD tool reads.
//!
//! [`archive`] moves events there: written, read back, verified, and only then let go. [`Archive`] reads them, so that a
//! store answers for versions that it no longer keeps itself. How far back a graph may be archived the caller says: up to
//! the version that a verified snapshot covers, unless it does without.

mod merge;
mod reader;
mod segment;
mod table;
mod writer;

pub use merge::merge;
pub use reader::{Archive, KeptEvents};
pub use segment::{SEGMENT_BYTES, Segment};
pub(crate) use segment::{decode_run, encode};
pub use writer::{ArchiveError, Archived, Covered, archive, archive_in_segments, foreign_segments};
