//! A task beside an open aggregate's writer: told when the writer has ended, and waited for by who closes the aggregate.

use std::fmt;

use tokio::sync::watch;

/// A task that accompanies a writer.
pub struct Companion {
    ended: watch::Sender<bool>,
    finished: watch::Receiver<bool>,
}

/// Tells a companion that its writer has ended.
#[derive(Debug)]
pub struct Ended(watch::Receiver<bool>);

impl Ended {
    /// Waits until the writer has ended.
    pub async fn wait(&mut self) {
        // An error says that nobody is left who could tell.
        drop(self.0.wait_for(|ended| *ended).await);
    }
}

impl Companion {
    /// Starts a companion on the current tokio runtime.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn start<F: Future<Output = ()> + Send + 'static>(run: impl FnOnce(Ended) -> F) -> Self {
        let (ended, told) = watch::channel(false);
        let (finish, finished) = watch::channel(false);
        let running = run(Ended(told));
        drop(tokio::spawn(async move {
            running.await;
            finish.send_replace(true);
        }));
        Self { ended, finished }
    }

    /// Tells it that the writer has ended.
    pub(super) fn end(&self) {
        self.ended.send_replace(true);
    }

    /// Waits until it has done what it still had to do.
    pub(super) async fn finished(&self) {
        // An error says that it was torn down.
        drop(self.finished.clone().wait_for(|finished| *finished).await);
    }
}

impl fmt::Debug for Companion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Companion").finish_non_exhaustive()
    }
}
