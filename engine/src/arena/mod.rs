//! Memory that one writer appends to while any number of readers read it, none of them ever waiting.
//!
//! [`Arena`] is a list that only grows; [`Paged`] a sparse table of numbers. Both keep what they hold in chunks that
//! double in size, are made part by part and never move, so a reader's reference stays good while the writer appends.
//! Empty ones own no heap.

mod chunks;
mod list;
mod paged;

pub use list::Arena;
pub use paged::Paged;
