//! A point in graphs' histories as a viewer names it.

use std::str::FromStr;

use cidgraph::history::InvalidMoment;
use cidgraph::{GraphHistory, HistoryError, Moment};
use cidgraph_cli::command::moment::moment_in;
use cidgraph_cli::failure::Failure;

/// A moment, in the forms that `cidgraph --at` takes: which one it is, each graph says for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination(String);

impl FromStr for Destination {
    type Err = InvalidMoment;

    fn from_str(text: &str) -> Result<Self, InvalidMoment> {
        let is_node = text.strip_prefix("node:").is_some_and(|node| !node.is_empty());
        if !is_node {
            text.parse::<Moment>()?;
        }
        Ok(Self(text.to_owned()))
    }
}

impl Destination {
    /// Returns the version at which a graph was then, 0 before its first event.
    ///
    /// # Errors
    /// Where the graph has no such moment, or its history cannot be read.
    pub async fn version_in(&self, history: &GraphHistory) -> Result<u64, Failure> {
        match history.place(moment_in(history, &self.0).await?).await {
            Ok(place) => Ok(place.head.version),
            Err(HistoryError::BeforeFirst { .. }) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_no_moment_of_any_graph_is_refused() {
        for text in ["12", "seq:9", "2025-03-01", "node:Person:alice", "node:city:Київ am Dnipro", "node:alice"] {
            assert_eq!(text.parse(), Ok(Destination(text.to_owned())));
        }
        for text in ["there", "", "node:", "seq:"] {
            assert!(text.parse::<Destination>().is_err(), "{text:?}");
        }
    }
}
