//! An engine under comparison, and those there are.

mod cidgraph;
mod cidgraph_mapped;
mod grafeo;
mod overgraph;
mod petgraph;

use std::path::Path;

use crate::Outcome;
use crate::data::Node;

/// The engines that are linked in.
pub(crate) const PEERS: [&str; 4] = ["cidgraph", "petgraph", "overgraph", "grafeo"];

/// An engine under comparison. Nodes are called by their number in the data.
pub(crate) trait Peer {
    /// Loads nodes and edges, and returns once they are at rest.
    fn load(
        &mut self,
        nodes: &mut dyn Iterator<Item = Node>,
        edges: &mut dyn Iterator<Item = (u32, u32)>,
    ) -> Outcome<()>;

    /// Opens what [`load`](Self::load) left in the engine's folder; `false` where it leaves nothing.
    fn open(&mut self) -> Outcome<bool>;

    /// Returns a node's color and score as [`Node::answer`] puts them.
    fn point(&self, node: u32) -> Outcome<u64>;

    /// Counts the nodes of a kind and color.
    fn count(&self, kind: &str, color: &str) -> Outcome<u64>;

    /// Counts the other nodes within two hops along outgoing edges.
    fn two_hop(&self, node: u32) -> Outcome<u64>;

    /// Returns the number of edges on a shortest path along outgoing edges.
    fn path(&self, from: u32, to: u32) -> Outcome<Option<u64>>;
}

/// Makes an engine that keeps its files in `home`.
pub(crate) fn make(name: &str, home: &Path) -> Outcome<Box<dyn Peer>> {
    Ok(match name {
        "cidgraph" => Box::new(cidgraph::Cidgraph::new(home)?),
        "cidgraph mapped" => Box::new(cidgraph_mapped::Mapped::new(home)),
        "petgraph" => Box::new(petgraph::Petgraph::default()),
        "overgraph" => Box::new(overgraph::Overgraph::new(home)),
        "grafeo" => Box::new(grafeo::Grafeo::new(home)),
        other => return Err(format!("no engine is called {other}").into()),
    })
}
