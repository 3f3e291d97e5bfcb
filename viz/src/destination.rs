//! A point in graphs' histories as a viewer names it.

use std::str::FromStr;

use cidgraph::history::InvalidMoment;
use cidgraph::{GraphHistory, HistoryError, Key, Moment, NodeId};
use cidgraph_cli::command::node::reference;
use cidgraph_cli::import::field::read_key;
use cidgraph_cli::json::NodeReference;

/// A moment, in the forms that `cidgraph --at` takes.
#[derive(Debug, Clone, PartialEq)]
pub enum Destination {
    /// A moment that means the same in every graph.
    Moment(Moment),
    /// The addition of a node: `node:ID`, `node:KIND:KEY`.
    Node(NodeReference),
    /// The addition of the node of a key, whatever its kind: `node:KEY`.
    Key(Key),
}

/// Why a graph has no such moment.
#[derive(Debug, thiserror::Error)]
pub enum NowhereError {
    /// Its history cannot be read, or there is no such moment.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// No node ever had the key.
    #[error("no node {key} in the graph: expected an id, KIND:KEY or a key")]
    Unknown {
        /// The key.
        key: Key,
    },
    /// Nodes of several kinds had the key.
    #[error("several nodes had the key {key}: say which, {kinds}")]
    Ambiguous {
        /// The key.
        key: Key,
        /// The nodes as `KIND:KEY`.
        kinds: String,
    },
}

impl FromStr for Destination {
    type Err = InvalidMoment;

    fn from_str(text: &str) -> Result<Self, InvalidMoment> {
        let Some(node) = text.strip_prefix("node:") else { return text.parse().map(Self::Moment) };
        let key = || read_key(node).map(Self::Key);
        reference(node).ok().map(Self::Node).or_else(key).map_or_else(|| text.parse().map(Self::Moment), Ok)
    }
}

impl Destination {
    /// Returns the version at which a graph was then.
    ///
    /// # Errors
    /// [`NowhereError`].
    pub async fn version_in(&self, history: &GraphHistory) -> Result<u64, NowhereError> {
        let moment = match self {
            Self::Moment(moment) => *moment,
            Self::Node(node) => Moment::Node(node.resolve(history.graph())),
            Self::Key(key) => Moment::Node(node_of(history, key).await?),
        };
        match history.place(moment).await {
            Ok(place) => Ok(place.head.version),
            Err(HistoryError::BeforeFirst { .. }) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }
}

/// Returns the node that has or had a key.
async fn node_of(history: &GraphHistory, key: &Key) -> Result<NodeId, NowhereError> {
    let now = Moment::Version(history.now().await?.head.version);
    match history.nodes_of_key(key, now).await?.as_slice() {
        [] => Err(NowhereError::Unknown { key: key.clone() }),
        [(_, node)] => Ok(*node),
        several => {
            let kinds: Vec<_> = several.iter().map(|(kind, _)| format!("{kind}:{key}")).collect();
            Err(NowhereError::Ambiguous { key: key.clone(), kinds: kinds.join(" or ") })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_named_as_on_the_command_line() {
        let of_key = |kind: &str, key| Destination::Node(NodeReference::Key { kind: kind.to_owned(), key });
        let id = NodeId::from_u64(7);
        for (text, destination) in [
            ("12".to_owned(), Destination::Moment(Moment::Version(12))),
            ("seq:9".to_owned(), Destination::Moment(Moment::Sequence(9))),
            (format!("node:{id}"), Destination::Node(NodeReference::Id(id))),
            ("node:Person:alice".to_owned(), of_key("Person", Key::from("alice"))),
            ("node:city:Київ am Dnipro".to_owned(), of_key("city", Key::from("Київ am Dnipro"))),
            ("node:order:17".to_owned(), of_key("order", Key::Number(17))),
            ("node:alice".to_owned(), Destination::Key(Key::from("alice"))),
        ] {
            assert_eq!(text.parse(), Ok(destination), "{text}");
        }
        assert!("there".parse::<Destination>().is_err() && "node:".parse::<Destination>().is_err());
    }
}
