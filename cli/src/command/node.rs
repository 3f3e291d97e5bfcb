//! How people name nodes: by id, by `KIND:KEY`, or by key alone.

use cidgraph::{GraphHistory, GraphReadModel, Key, Moment, NodeId, NodeView};

use crate::failure::Failure;
use crate::import::field::read_key;
use crate::json::NodeReference;
use crate::session::Session;

/// Reads a node: its id, or `KIND:KEY`.
///
/// # Errors
/// [`Failure::Usage`].
pub fn reference(text: &str) -> Result<NodeReference, Failure> {
    if let Ok(id) = text.parse() {
        return Ok(NodeReference::Id(id));
    }
    let (kind, key) = text
        .split_once(':')
        .ok_or_else(|| Failure::usage(format!("expected a node's id or KIND:KEY, as Person:alice, found {text:?}")))?;
    Ok(NodeReference::Key { kind: kind.to_owned(), key: read_key(key).unwrap_or_else(|| Key::from(key)) })
}

/// Finds the node that `text` names: its id, `KIND:KEY`, or a key that one node has.
///
/// # Errors
/// [`Failure::Usage`] where there is none, or several nodes have the key.
pub fn find_node(model: &GraphReadModel, text: &str) -> Result<NodeView, Failure> {
    if let Some(node) = reference(text).ok().and_then(|node| model.node(node.resolve(model.graph()))) {
        return Ok(node);
    }
    let key = read_key(text).ok_or_else(|| unknown(text))?;
    let mut found = model.nodes_by_key(&key);
    match (found.pop(), found.len()) {
        (Some(node), 0) => Ok(node),
        (None, _) => Err(unknown(text)),
        (Some(last), _) => {
            let kinds: Vec<_> = found.iter().chain([&last]).map(|node| format!("{}:{text}", node.kind)).collect();
            Err(Failure::usage(format!("several nodes have the key {text:?}: say which, {}", kinds.join(" or "))))
        }
    }
}

/// Returns whether `text` is the key of several nodes.
pub fn has_key_of_several(model: &GraphReadModel, text: &str) -> bool {
    read_key(text).is_some_and(|key| model.nodes_by_key(&key).len() > 1)
}

/// Returns the id of a node that `text` names, also of one that is gone.
///
/// # Errors
/// Where it names none, or several, or the graph as it was at the moment cannot be read.
pub fn node_id(session: &Session, history: &GraphHistory, text: &str, at: Moment) -> Result<NodeId, Failure> {
    if let Ok(node) = reference(text) {
        return Ok(node.resolve(history.graph()));
    }
    let model = session.wait(history.at(at))?;
    match find_node(&model, text) {
        Ok(node) => Ok(node.id),
        Err(error) if has_key_of_several(&model, text) => Err(error),
        Err(_) => session.wait(former_node(history, text, at)),
    }
}

/// Finds the node that had the key `text` at some time up to a moment: one that is gone too.
///
/// # Errors
/// [`Failure::Usage`] where there was none, or nodes of several kinds had the key; where the events cannot be read.
pub async fn former_node(history: &GraphHistory, text: &str, until: Moment) -> Result<NodeId, Failure> {
    let key = read_key(text).ok_or_else(|| unknown(text))?;
    match history.nodes_of_key(&key, until).await?.as_slice() {
        [] => Err(unknown(text)),
        [(_, node)] => Ok(*node),
        several => {
            let kinds: Vec<_> = several.iter().map(|(kind, _)| format!("{kind}:{text}")).collect();
            Err(Failure::usage(format!("several nodes had the key {text:?}: say which, {}", kinds.join(" or "))))
        }
    }
}

fn unknown(text: &str) -> Failure {
    Failure::usage(format!("no node {text:?} in the graph: expected an id, KIND:KEY or a key"))
}
