//! Who is connected to whom: the adjacency that queries and algorithms run on, by ordinals of 32 bits.
//!
//! [`Topology`] is what an algorithm needs to know of a graph; the live model, a mapped snapshot and a past state all
//! offer it. Ordinals mean nothing outside the view that gave them.

mod adjacency;
mod weights;
mod csr;
mod overlay;
#[cfg(any(test, feature = "testkit"))]
mod edge_list;
mod visit;

pub use adjacency::{Adjacent, Topology};
pub use csr::{Csr, CsrColumns};
#[cfg(any(test, feature = "testkit"))]
pub use edge_list::EdgeListGraph;
pub use overlay::{EdgeRow, NewEdgeRow, Overlay, Rows, Stamp};
pub use petgraph::graph::{EdgeIndex, NodeIndex};
pub use visit::{EdgeReference, PetgraphView};
pub use weights::Weights;
