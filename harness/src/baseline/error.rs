//! Why a baseline was not measured.

/// A server that did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// It refused, or did not answer.
    #[error("{doing}: {reason}")]
    Refused {
        /// What was being done.
        doing: &'static str,
        /// What it said.
        reason: String,
    },
}

impl BaselineError {
    /// Returns what makes an error of a reason.
    pub(super) fn at<E: ToString>(doing: &'static str) -> impl Fn(E) -> Self {
        move |error| Self::Refused { doing, reason: error.to_string() }
    }
}
