//! The servers that keep the stream, and which of them leads.

use std::time::Duration;

use async_nats::jetstream::stream::Info;
use cidgraph::StoreError;

use crate::backoff::{Failure, retry};
use crate::config::JetStreamConfig;
use crate::connection::connect;
use crate::log::Log;
use crate::message::Subjects;
use crate::pages::stream_info;

/// Connects without looking at the stream's configuration, which a repair may have left half changed.
pub(crate) async fn open_log(config: &JetStreamConfig) -> Result<Log, StoreError> {
    let connection = connect(config).await?;
    Ok(Log::new(connection, &config.stream, Subjects::new(&config.subject_prefix), config.replicas))
}

/// The servers that keep a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Members {
    /// The server that leads.
    pub(crate) leader: String,
    /// The others, ordered by name, each with whether it says that it has all that the leader has.
    pub(crate) others: Vec<(String, bool)>,
    /// Those of them that the leader does not hear from.
    away: Vec<String>,
}

impl Members {
    /// Reads the members out of what the leader says; `None` where the stream has no leader at present.
    pub(crate) fn of(info: &Info, connected_to: &str) -> Option<Self> {
        let Some(cluster) = &info.cluster else {
            return Some(Self { leader: connected_to.to_owned(), others: Vec::new(), away: Vec::new() });
        };
        let mut others: Vec<_> =
            cluster.replicas.iter().map(|peer| (peer.name.clone(), peer.current && !peer.offline)).collect();
        others.sort();
        let away = cluster.replicas.iter().filter(|peer| peer.offline).map(|peer| peer.name.clone()).collect();
        Some(Self { leader: cluster.leader.clone()?, others, away })
    }

    pub(crate) fn is_away(&self, server: &str) -> bool {
        self.away.iter().any(|name| name == server)
    }

    pub(crate) fn has(&self, server: &str) -> bool {
        self.leader == server || self.others.iter().any(|(name, _)| name == server)
    }

    /// Returns the number of servers that keep the stream.
    pub(crate) fn count(&self) -> usize {
        self.others.len() + 1
    }

    /// Returns all names, the leader's first.
    pub(crate) fn names(&self) -> Vec<String> {
        std::iter::once(&self.leader).chain(self.others.iter().map(|(name, _)| name)).cloned().collect()
    }
}

/// Asks for the stream until it has a leader and what it says suffices, up to a deadline.
pub(crate) async fn await_stream(
    log: &Log,
    deadline: Duration,
    awaited: &str,
    suffices: impl Fn(&Info, &Members) -> bool,
) -> Result<(Info, Members), StoreError> {
    let suffices = &suffices;
    retry(&log.access, &log.connection.budget, deadline, || async move {
        let info = stream_info(&log.connection.context, &log.name).await?;
        let members = Members::of(&info, &log.connection.client.server_info().server_name);
        match members {
            Some(members) if suffices(&info, &members) => Ok((info, members)),
            Some(_) => Err(Failure::Transient(format!("{awaited} did not come about in time"))),
            None => Err(Failure::Transient("the stream has no leader".to_owned())),
        }
    })
    .await
}

/// Asks for the stream as it is.
pub(crate) async fn stream(log: &Log) -> Result<(Info, Members), StoreError> {
    await_stream(log, log.connection.deadline, "a stream", |_, _| true).await
}
