//! What is asked of a store beside the frames, and what it answered.

use std::sync::Arc;

use cidgraph::pool::ComponentRegistry;
use cidgraph::{Cid, Engine, GraphId, GraphReadModel, GraphView, HistoryError, Moment, NodeId, NodeView};

use crate::destination::Destination;
use crate::plugin::GraphBridge;

use super::followed::Source;

/// What the store answered.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// The store's graphs with their names, and their last versions when they were listed.
    pub(super) graphs: Vec<(GraphId, u64)>,
    pub(super) node: Option<AskedNode>,
    pub(super) moment: Vec<(GraphId, u64)>,
    pub(super) states: Option<Vec<(GraphId, [u8; 32])>>,
    /// Questions that were not answered yet.
    pub(super) questions: usize,
    pub(super) trouble: Option<String>,
    /// Why questions have no answer.
    pub(super) mistakes: Vec<String>,
}

/// A node as it was at a version.
#[derive(Debug, Clone, PartialEq)]
pub struct AskedNode {
    /// The node; `None` where there was none.
    pub node: Option<NodeView>,
    /// The last event that changed it.
    pub event: Option<Cid>,
}

impl Source {
    /// Asks for a node as it was at a version; [`node`](Self::node) has it once it was answered.
    pub fn ask(&self, bridge: &GraphBridge, graph: GraphId, node: NodeId, version: u64) {
        let view = bridge.view(graph).or_else(|| self.still(graph)).filter(|view| view.version() == version);
        let engine = self.engine.clone();
        self.told.lock().node = None;
        self.question(
            async move { asked_node(&engine, graph, node, version, view).await },
            |told, answer| match answer {
                Ok(node) => told.node = Some(node),
                Err(error) => told.mistakes.push(error.to_string()),
            },
        );
    }

    /// Returns the node that was asked for last.
    pub fn node(&self) -> Option<AskedNode> {
        self.told.lock().node.clone()
    }

    /// Asks at which version graphs were at a moment, nothing yet being 0; [`take_moment`](Self::take_moment) has those
    /// that have one once they were answered.
    pub fn seek(&self, graphs: Vec<GraphId>, moment: Destination) {
        let engine = self.engine.clone();
        let places = async move {
            let (mut found, mut mistake) = (Vec::new(), None);
            for graph in graphs {
                match moment.version_in(&engine.history(graph)).await {
                    Ok(version) => found.push((graph, version)),
                    Err(error) => mistake = Some(error.to_string()),
                }
            }
            (found, mistake)
        };
        self.question(places, |told, (found, mistake)| {
            told.mistakes.extend(mistake.filter(|_| found.is_empty()));
            told.moment = found;
        });
    }

    /// Asks for the hashes of the states that graphs were in at versions; [`take_states`](Self::take_states) has them once
    /// they were answered. Of a snapshot it is that of its version, whichever is asked for.
    pub fn ask_states(&self, bridge: Option<&GraphBridge>, versions: Vec<(GraphId, u64)>) {
        let known = |(graph, version): (GraphId, u64)| {
            let followed = bridge.and_then(|bridge| bridge.view(graph)).filter(|view| view.version() == version);
            (graph, version, followed.or_else(|| self.still(graph)))
        };
        let known: Vec<_> = versions.into_iter().map(known).collect();
        let engine = self.engine.clone();
        let states = async move {
            let (mut states, mut mistakes) = (Vec::new(), Vec::new());
            for (graph, version, view) in known {
                let model = match view {
                    Some(view) => Ok(GraphReadModel::new(view, ComponentRegistry::default())),
                    None => engine.history(graph).at(Moment::Version(version)).await,
                };
                match model {
                    Ok(model) => states.push((graph, model.state_hash())),
                    Err(HistoryError::BeforeFirst { .. }) => {}
                    Err(error) => mistakes.push(error.to_string()),
                }
            }
            (states, mistakes)
        };
        self.question(states, |told, (states, mistakes)| {
            told.states = Some(states);
            told.mistakes.extend(mistakes);
        });
    }

    /// Returns the hashes that were asked for last, once; a graph that was empty before its first event has none.
    pub fn take_states(&self) -> Option<Vec<(GraphId, [u8; 32])>> {
        self.told.lock().states.take()
    }

    /// Asks something beside the frames.
    fn question<A: Send>(
        &self,
        question: impl Future<Output = A> + Send + 'static,
        tell: impl FnOnce(&mut Told, A) + Send + 'static,
    ) {
        let told = Arc::clone(&self.told);
        told.lock().questions += 1;
        self.runtime.spawn(async move {
            let answer = question.await;
            let mut told = told.lock();
            told.questions -= 1;
            tell(&mut told, answer);
        });
    }

    /// Returns the versions of the moment that was asked for last, once.
    pub fn take_moment(&self) -> Vec<(GraphId, u64)> {
        std::mem::take(&mut self.told.lock().moment)
    }

    /// Returns whether a question or a command has not been answered yet, or an answer has not been taken.
    pub fn is_waiting(&self) -> bool {
        let told = self.told.lock();
        let is_answered = !told.mistakes.is_empty() || !told.moment.is_empty() || told.states.is_some();
        !self.unanswered.is_empty() || told.questions > 0 || is_answered
    }
}

/// Returns a node as it was at a version: in `view`, where that is the version's.
async fn asked_node(
    engine: &Engine,
    graph: GraphId,
    node: NodeId,
    version: u64,
    view: Option<GraphView>,
) -> Result<AskedNode, HistoryError> {
    let view = match view {
        Some(view) => view,
        None => match engine.history(graph).at(Moment::Version(version)).await {
            Ok(model) => model.view().clone(),
            Err(HistoryError::BeforeFirst { .. }) => return Ok(AskedNode { node: None, event: None }),
            Err(error) => return Err(error),
        },
    };
    let at = view.at();
    let node = at.find_node(node).map(|node| at.node_view(node));
    let event = match &node {
        // It may stand within a transaction, which no moment does.
        Some(node) => {
            let read = engine.store().read(graph.into(), node.version, 1).await;
            read.ok().and_then(|read| read.first().map(|stored| stored.event.cid))
        }
        None => None,
    };
    Ok(AskedNode { node, event })
}
