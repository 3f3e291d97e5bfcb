//! Whether a server that should have answered did not.
//!
//! A question that any replica may answer goes to one of them by chance, also to one that is stopped as long as the others
//! have not noticed. Then several questions at once meet one that answers, sooner than one after the other.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// How long a silence is remembered.
const REMEMBERED: Duration = Duration::from_secs(10);

/// Questions that are asked at once then: where one of three replicas answers, all of them miss it in one of 25 cases.
const QUESTIONS: usize = 8;

/// When a question was not answered last.
#[derive(Debug, Clone, Default)]
pub(crate) struct Silence(Arc<Mutex<Option<Instant>>>);

impl Silence {
    /// Returns how many questions are to be asked at once.
    pub(crate) fn questions(&self) -> usize {
        let lasts = self.0.lock().is_some_and(|since| since.elapsed() < REMEMBERED);
        if lasts { QUESTIONS } else { 1 }
    }

    /// Notes that a question was not answered.
    pub(crate) fn note(&self) {
        *self.0.lock() = Some(Instant::now());
    }
}
