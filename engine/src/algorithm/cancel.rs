//! How a caller stops an algorithm that takes too long.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag that the caller raises and the algorithm looks at; clones share it.
#[derive(Debug, Clone)]
pub struct CancelToken {
    /// `None` for one that cannot be raised.
    cancelled: Option<Arc<AtomicBool>>,
}

impl Default for CancelToken {
    fn default() -> Self {
        Self::new()
    }
}

/// The caller cancelled; there is no partial result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cancelled by the caller")]
pub struct Cancelled;

impl CancelToken {
    /// Returns a token that nobody has cancelled.
    #[must_use]
    pub fn new() -> Self {
        Self { cancelled: Some(Arc::default()) }
    }

    /// A token that nobody can cancel.
    pub const NEVER: Self = Self { cancelled: None };

    /// Asks whatever runs with this token to stop soon.
    pub fn cancel(&self) {
        if let Some(cancelled) = &self.cancelled {
            cancelled.store(true, Ordering::Relaxed);
        }
    }

    /// Goes on unless the token was cancelled.
    ///
    /// # Errors
    /// [`Cancelled`] when it was.
    pub fn check(&self) -> Result<(), Cancelled> {
        let is_cancelled = self.cancelled.as_ref().is_some_and(|cancelled| cancelled.load(Ordering::Relaxed));
        if is_cancelled { Err(Cancelled) } else { Ok(()) }
    }
}
