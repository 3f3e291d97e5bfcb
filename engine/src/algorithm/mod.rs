//! What a graph's shape says: walks, paths, components, order, rank and clusters, over any [`Topology`].
//!
//! Every answer is a function of the topology and the arguments alone, never of timing or the number of threads. What
//! may take long looks at a [`CancelToken`].
//!
//! [`Topology`]: crate::topology::Topology

mod cancel;
mod direction;
mod path;
mod scratch;

mod walk;

mod shortest_path;
mod weighted;

mod cheapest_path;

mod k_shortest;

mod component;
mod order;

mod clustering;
mod label_propagation;
mod page_rank;
mod shape;

pub use cancel::{CancelToken, Cancelled};
pub use cheapest_path::cheapest_path;
pub use clustering::local_clustering;
pub use component::{Components, strong_components, weak_components};
pub use direction::{Direction, Orientation, degree, neighbours};
pub use k_shortest::k_shortest_paths;
pub use label_propagation::label_propagation;
pub use order::{OrderError, find_cycle, topological_order};
pub use page_rank::{PageRank, RankError, page_rank};
pub use path::Path;
pub use shape::{degree_distribution, density, depth};
pub use shortest_path::{shortest_path, shortest_path_along};
pub use walk::{Levels, breadth_first, depth_first, neighbourhood, neighbourhood_along};
pub use weighted::{WeightError, WeightedPath, a_star, distances};
