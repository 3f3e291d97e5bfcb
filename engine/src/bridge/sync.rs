//! The one lock of the hand-over, named here so that `engine/tests/hand_over.rs` can put loom's in its place.

pub(super) use parking_lot::Mutex;
