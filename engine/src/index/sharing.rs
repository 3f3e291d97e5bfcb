//! Copy-on-write that counts what it copies.

use std::sync::Arc;

/// Gives write access to what `shared` holds, copying it first where someone else holds it too; `bytes` says what a
/// copy costs, and `copied` is raised by it.
pub(super) fn own<'a, T: Clone>(
    shared: &'a mut Arc<T>,
    copied: &mut usize,
    bytes: impl FnOnce(&T) -> usize,
) -> &'a mut T {
    if Arc::strong_count(shared) > 1 {
        *copied += bytes(shared);
    }
    Arc::make_mut(shared)
}
