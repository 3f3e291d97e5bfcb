//! What the servers forbid a login: they say it beside the answers, which never come then.

use std::collections::VecDeque;
use std::sync::Arc;

use async_nats::{Event, ServerError};
use cidgraph::{Refusal, StoreError};
use tokio::sync::watch;

/// Denials that are remembered for those who wait for an answer meanwhile.
const REMEMBERED: usize = 64;

/// What every subject to which answers come starts with.
const INBOX: &str = "_INBOX.";

/// A request that was forbidden.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Denial {
    subject: String,
    /// What is lacking, as an error says it.
    permission: String,
}

/// The last denials, and how many there were.
#[derive(Debug, Default)]
struct Denials {
    count: usize,
    lasts: VecDeque<Denial>,
}

/// What was forbidden on one connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct Permissions(Arc<watch::Sender<Denials>>);

/// The denials from a moment on.
#[derive(Debug)]
pub(crate) struct Watch {
    denials: watch::Receiver<Denials>,
    seen: usize,
}

/// What may be forbidden of what is asked of one stream.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    permissions: Permissions,
    names: Arc<[String]>,
}

impl Access {
    /// Asks the servers something, unless they forbid it.
    pub(crate) async fn unless_denied<T>(&self, asking: impl Future<Output = T>) -> Result<T, StoreError> {
        let mut watch = self.permissions.watch();
        tokio::select! {
            biased;
            done = asking => Ok(done),
            denied = watch.denied(|subject| self.concerns(subject)) => Err(denied),
        }
    }

    /// Returns the stream's name.
    pub(crate) fn stream(&self) -> &str {
        self.names.first().map_or("", String::as_str)
    }

    /// Returns whether a subject is one of the stream's, or one on which answers come.
    pub(crate) fn concerns(&self, subject: &str) -> bool {
        let is_of = |name: &String| {
            subject.split('.').any(|token| token == name)
                || subject.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('.'))
        };
        subject.starts_with(INBOX) || self.names.iter().any(is_of)
    }

    pub(crate) fn watch(&self) -> Watch {
        self.permissions.watch()
    }
}

impl Permissions {
    /// Takes in what a connection was told.
    pub(crate) fn note(&self, event: &Event) {
        let Event::ServerError(ServerError::Other(text)) = event else { return };
        let Some(denial) = Denial::read(text) else { return };
        self.0.send_modify(|denials| {
            denials.count += 1;
            denials.lasts.push_back(denial);
            if denials.lasts.len() > REMEMBERED {
                denials.lasts.pop_front();
            }
        });
    }

    /// Starts to watch: what is forbidden from now on will be seen.
    pub(crate) fn watch(&self) -> Watch {
        let mut denials = self.0.subscribe();
        let seen = denials.borrow_and_update().count;
        Watch { denials, seen }
    }

    /// Returns the access to subjects that hold one of these names as a token, or start with one; the stream's name comes
    /// first.
    pub(crate) fn to<const N: usize>(&self, names: [String; N]) -> Access {
        Access { permissions: self.clone(), names: Arc::new(names) }
    }
}

impl Watch {
    /// Waits until something that concerns the caller was forbidden.
    pub(crate) async fn denied(&mut self, concerns: impl Fn(&str) -> bool) -> StoreError {
        loop {
            if self.denials.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
            let denials = self.denials.borrow_and_update();
            let new = (denials.count - self.seen).min(denials.lasts.len());
            self.seen = denials.count;
            let mut news = denials.lasts.range(denials.lasts.len() - new..);
            if let Some(denial) = news.find(|denial| concerns(&denial.subject)) {
                return Refusal::Forbidden { permission: denial.permission.clone() }.into();
            }
        }
    }
}

impl Denial {
    /// Reads what a server says, as `Permissions Violation for Publish to "event.store.a.b"`.
    fn read(text: &str) -> Option<Self> {
        let (action, rest) = text.strip_prefix("Permissions Violation for ")?.split_once(" to \"")?;
        let subject = rest.split_once('"')?.0.to_owned();
        let verb = if action == "Publish" { "publish" } else { "subscribe" };
        Some(Self { permission: format!("to {verb} to {subject}"), subject })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denied(text: &str) -> Event {
        Event::ServerError(ServerError::Other(text.to_owned()))
    }

    #[test]
    fn a_denial_names_its_subject() {
        for (text, permission) in [
            ("Permissions Violation for Publish to \"a.b\"", Some("to publish to a.b")),
            ("Permissions Violation for Subscription to \"a.>\"", Some("to subscribe to a.>")),
            ("Permissions Violation for Subscription to \"a\" using queue \"q\"", Some("to subscribe to a")),
            ("Maximum Subscriptions Exceeded", None),
        ] {
            assert_eq!(Denial::read(text).map(|denial| denial.permission).as_deref(), permission, "{text}");
        }
    }

    #[test]
    fn subjects_concern_the_stream_that_they_name() {
        let access = Permissions::default().to(["event-store".to_owned(), "event.store".to_owned()]);
        for (subject, holds) in [
            ("$JS.API.STREAM.INFO.event-store", true),
            ("$JS.API.CONSUMER.CREATE.event-store.c.event.store.>", true),
            ("event.store.a.NodeAdded", true),
            ("_INBOX.a.b", true),
            ("event.stores.a", false),
            ("$JS.API.STREAM.INFO.OBJ_object-store", false),
        ] {
            assert_eq!(access.concerns(subject), holds, "{subject}");
        }
    }

    #[tokio::test]
    async fn only_what_is_forbidden_meanwhile_ends_a_call() {
        let permissions = Permissions::default();
        let access = permissions.to(["a".to_owned()]);
        permissions.note(&denied("Permissions Violation for Publish to \"a.before\""));
        let asking = async {
            permissions.note(&denied("Permissions Violation for Publish to \"b.other\""));
            tokio::task::yield_now().await;
            permissions.note(&denied("Permissions Violation for Publish to \"a.own\""));
            std::future::pending::<()>().await;
        };
        let ended = access.unless_denied(asking).await;
        assert!(matches!(
            ended,
            Err(StoreError::Refused { refusal: Refusal::Forbidden { permission } }) if permission == "to publish to a.own"
        ));
        assert_eq!(access.unless_denied(async { 7 }).await.ok(), Some(7));
    }
}
