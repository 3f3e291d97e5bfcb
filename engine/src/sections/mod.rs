//! The sections of a snapshot file: written one after another, found and checked again by their kind.
//!
//! What is in a section only its owner knows: the state, the pool, the indices write and read their own. A reader tells
//! what it demands of a section's numbers, and a page that does not hold is never read. See `docs/SNAPSHOT.md`.

mod kind;
mod entry;
mod write;
mod read;

pub use entry::{ALIGNMENT, ENTRY_LEN, Section, padding};
pub use kind::SectionKind;
pub use read::{Sections, wrong};
pub use write::SectionWriter;
