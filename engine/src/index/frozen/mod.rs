//! An index as bytes, and read from them in place: what a snapshot's file holds.
//!
//! ```text
//! parts of the nodes, kinds, component types, categories      bitmaps, each at a multiple of 64
//! parts of each property                                      leaves (multiples of 8) and their bitmaps, then its root
//! directory                                                   rows of u64, at a multiple of 64
//! trailer                                                     64 bytes, the last ones
//! ```
//!
//! All numbers are little-endian; what lies between parts is 0. Bitmaps have the layout of CRoaring's
//! `roaring_bitmap_frozen_serialize`. The bytes are a function of the index's content: leaves hold 256 values but the
//! last, a container has the form that `run_optimize` would choose. Thawing reads the directory alone. Everything else
//! is checked when it is first touched; where it does not hold, [`Damaged`] unwinds.

mod bitmap;
mod check;
mod container;
mod damaged;
mod index;
mod keys;
mod lazy;
mod leaf;
mod list;
mod property;
mod sink;
mod source;

pub(in crate::index) use bitmap::FileBlocks;
pub(in crate::index) use container::Container;
pub use damaged::Damaged;
pub(in crate::index) use damaged::Origin;
pub use index::FrozenIndex;
pub(in crate::index) use lazy::Lazy;
pub use list::List;
pub use source::Touch;
