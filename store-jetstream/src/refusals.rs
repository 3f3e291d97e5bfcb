//! What is said where something is not done.

use cidgraph::{Refusal, StoreError};

/// Says that the setup cannot be used.
pub(crate) fn invalid(reason: impl Into<String>) -> StoreError {
    StoreError::Invalid { reason: reason.into() }
}

/// Says that the servers are not to be reached.
pub(crate) fn unavailable(reason: impl Into<String>) -> StoreError {
    StoreError::Unavailable { reason: reason.into() }
}

/// Returns what an error says, without what is said of every store that is not to be reached: for a text that says so.
pub(crate) fn reason(error: StoreError) -> String {
    if let StoreError::Unavailable { reason } = error { reason } else { error.to_string() }
}

/// Says that a stream is not there.
pub(crate) fn missing(stream: &str) -> StoreError {
    Refusal::Missing { what: format!("stream {stream}") }.into()
}
