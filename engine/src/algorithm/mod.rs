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
mod shortest_path;
mod walk;

pub use cancel::{CancelToken, Cancelled};
pub use direction::{Direction, Orientation, degree, neighbours};
pub use path::Path;
pub use shortest_path::{shortest_path, shortest_path_along};
pub use walk::{Levels, breadth_first, depth_first, neighbourhood, neighbourhood_along};
