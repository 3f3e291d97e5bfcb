//! Waking up when operations are due.
//!
//! A tokio timer wakes once a millisecond: far too coarse where a whole append takes 100 µs. A thread of its own that
//! sleeps on the kernel's high-resolution timer wakes within some 60 µs and costs no core.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

/// How the generator waits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Pacing {
    /// A thread that sleeps to within some 60 µs.
    #[default]
    Thread,
    /// The runtime's timer, to within a millisecond; follows a paused clock.
    Timer,
}

/// Waits for moments of one run.
#[derive(Debug)]
pub(super) enum Pacer {
    Timer,
    Thread { ask: std::sync::mpsc::Sender<Instant>, answer: mpsc::UnboundedReceiver<()> },
}

impl Pacer {
    /// # Panics
    /// Where the system refuses another thread.
    pub(super) fn new(pacing: Pacing) -> Self {
        match pacing {
            Pacing::Timer => Self::Timer,
            Pacing::Thread => {
                let (ask, asked) = std::sync::mpsc::channel();
                let (answered, answer) = mpsc::unbounded_channel();
                std::thread::Builder::new()
                    .name("load-pacer".to_owned())
                    .spawn(move || answer_all(&asked, &answered))
                    .expect("the system starts one more thread");
                Self::Thread { ask, answer }
            }
        }
    }

    /// Waits until `moment`; returns at once where it has passed.
    pub(super) async fn wait_until(&mut self, moment: Instant) {
        match self {
            Self::Timer => tokio::time::sleep_until(moment).await,
            Self::Thread { ask, answer } => {
                ask.send(moment).expect("the pacer thread lives as long as this end");
                answer.recv().await.expect("the pacer thread lives as long as this end");
            }
        }
    }
}

/// Answers each question when its moment has come; ends with the other end.
fn answer_all(asked: &std::sync::mpsc::Receiver<Instant>, answered: &mpsc::UnboundedSender<()>) {
    while let Ok(moment) = asked.recv() {
        let wait = moment.saturating_duration_since(Instant::now());
        if wait > Duration::ZERO {
            std::thread::sleep(wait);
        }
        if answered.send(()).is_err() {
            return;
        }
    }
}
