//! Exporters: each writes the nodes and edges of a graph in one form, from any source of them.

mod csv;
mod dot;
mod graphml;
mod jsonl;
mod source;
mod view;

pub use csv::{write_edges_csv, write_nodes_csv};
pub use dot::write_dot;
pub use graphml::write_graphml;
pub use jsonl::write_jsonl;
pub use source::{GraphSource, Listed};
pub use view::Exported;
