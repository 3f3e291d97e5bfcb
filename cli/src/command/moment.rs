//! How people name a point in a graph's history, and reading the graph as it was then.

use std::sync::Arc;

use cidgraph::{EventStore, GraphHistory, GraphId, GraphReadModel, GraphReplayService, Head, HistoryError, Moment};
use clap::Args;

use super::node::{former_node, reference};
use crate::failure::Failure;
use crate::session::Session;
use crate::store::Snapshots;

/// The option that asks for the past.
#[derive(Debug, Clone, Default, Args)]
pub struct At {
    /// As it was then: a version as 120, seq:9, a time as 2025-03-01T00:00:00Z, an event's CID, or node:ID,
    /// node:KIND:KEY or node:KEY for when that node was added
    #[arg(long, value_name = "MOMENT")]
    pub at: Option<String>,
}

impl At {
    /// Loads a graph as it was then, or as it is now.
    ///
    /// # Errors
    /// As of [`Session::read_graph`], and where there is no such moment.
    pub fn read_graph(
        &self,
        session: &Session,
        name: Option<&str>,
    ) -> Result<(Arc<dyn EventStore>, GraphReadModel), Failure> {
        read_graph(session, name, self.at.as_deref())
    }

    /// Finds a graph and its last event of then, or of now.
    ///
    /// # Errors
    /// Where graph or moment are not there, or the store cannot be read.
    pub fn head(
        &self,
        session: &Session,
        store: &Arc<dyn EventStore>,
        name: Option<&str>,
    ) -> Result<(GraphId, Head), Failure> {
        let (graph, head) = session.graph(&**store, name)?;
        let Some(at) = self.at.as_deref() else { return Ok((graph, head)) };
        let history = GraphReplayService::new(Arc::clone(store)).history(graph);
        Ok((graph, session.wait(history.place(moment(session, &history, at)?))?.head))
    }
}

/// Loads a graph as it was at a moment, or as it is now.
///
/// # Errors
/// As of [`At::read_graph`].
pub fn read_graph(
    session: &Session,
    name: Option<&str>,
    at: Option<&str>,
) -> Result<(Arc<dyn EventStore>, GraphReadModel), Failure> {
    let Some(at) = at else { return session.read_graph(name) };
    let (store, history) = history(session, name)?;
    let moment = moment(session, &history, at)?;
    Ok((store, session.wait(history.at(moment))?))
}

/// Returns a graph's past.
///
/// # Errors
/// Where the graph is not there, or the store cannot be read.
pub fn history(session: &Session, name: Option<&str>) -> Result<(Arc<dyn EventStore>, GraphHistory), Failure> {
    let store = session.open_to_read()?;
    let (graph, _) = session.graph(&*store, name)?;
    let engine = session.options.store.engine(Arc::clone(&store), Snapshots::Use).build();
    Ok((store, engine.history(graph)))
}

/// Reads a moment of a graph.
///
/// # Errors
/// [`Failure::Usage`] for a text that is none; for a node's key alone, where the events cannot be read.
pub fn moment(session: &Session, history: &GraphHistory, text: &str) -> Result<Moment, Failure> {
    session.wait(moment_in(history, text))
}

/// Reads a moment of a graph, as [`moment`] does.
///
/// # Errors
/// As of [`moment`].
pub async fn moment_in(history: &GraphHistory, text: &str) -> Result<Moment, Failure> {
    match text.strip_prefix("node:").map(|node| (node, reference(node))) {
        Some((_, Ok(node))) => Ok(Moment::Node(node.resolve(history.graph()))),
        Some((key, Err(_))) => {
            let now = Moment::Version(history.now().await?.head.version);
            Ok(Moment::Node(former_node(history, key, now).await?))
        }
        None => text.parse().map_err(|error: cidgraph::history::InvalidMoment| Failure::usage(error.to_string())),
    }
}

/// Reads a moment of a graph; without one, the last there is.
///
/// # Errors
/// As of [`moment`], and where the store cannot be read.
pub fn moment_or_now(session: &Session, history: &GraphHistory, text: Option<&str>) -> Result<Moment, Failure> {
    match text {
        Some(text) => moment(session, history, text),
        None => Ok(Moment::Version(session.wait(history.now())?.head.version)),
    }
}

impl From<HistoryError> for Failure {
    fn from(error: HistoryError) -> Self {
        Self::Engine(error.into())
    }
}
