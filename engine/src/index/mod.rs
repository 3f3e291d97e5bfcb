//! Secondary indices over node ordinals: which nodes are of a kind, have a component, hold a value.
//!
//! An [`Index`] is immutable and cheap to clone; an [`IndexUpdater`] makes the next one from it and copies only what it
//! touches, so readers keep the one they have without a lock. Nothing here knows events or ids: nodes are ordinals of
//! 32 bits, names are their numbers in the pool. A [`FrozenIndex`] is one in a file, read in place.

mod bitmap;
mod block;
mod bounds;
mod bytes;
mod edge_kinds;
mod facts;
mod form;
mod frozen;
mod key;
mod leaf;
mod names;
mod number;
mod postings;
mod property;
mod secondary;
mod sharing;
#[cfg(test)]
mod tests;
mod union;
mod updater;
mod validation;
mod words;

pub use bitmap::{Bitmap, BitmapBuilder, BitmapIter};
pub use bytes::IndexBytes;
pub use edge_kinds::EdgeKinds;
pub use facts::{FactComponent, Facts, NameNumber, NodeFacts};
pub use frozen::{Damaged, FrozenIndex, List, Touch};
pub use number::Number;
pub use postings::{Postings, PostingsIter};
pub use property::PropertyIndex;
pub use secondary::Index;
pub use updater::IndexUpdater;
