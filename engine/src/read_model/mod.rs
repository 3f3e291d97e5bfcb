//! One version of a graph, asked: nodes by criteria, neighbourhoods, paths, and what the whole shape says.
//!
//! Every answer is a function of the version and the query alone. A query says what its answer rests on, so that a cache
//! knows how long it holds.

mod criterion;
mod resolved;
mod effort;
mod leaf;
mod select;
mod plan;
mod node_query;
mod page;
mod graph_query;
mod node_ref;
mod answer;
mod graph_metrics;
mod traverse;
mod analyze;
mod rests_on;
mod model;

pub use answer::{Answer, Neighbor, NodePage, PathView};
pub use criterion::Criterion;
pub use graph_metrics::GraphMetrics;
pub use graph_query::{GraphQuery, QueryError, Real};
pub use model::GraphReadModel;
pub use node_query::{NodeQuery, Order, OrderBy, Projection};
pub use node_ref::NodeRef;
pub use plan::Plan;
