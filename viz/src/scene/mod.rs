//! Every graph that is shown, kept from their events: what the GPU has a copy of, and what is needed to find things in it.

mod column;
mod record;
mod look;
mod incidence;
mod placement;
mod graph_scene;
mod mutation;
#[cfg(test)]
mod tests;

pub use column::Column;
pub use graph_scene::{GRAPHS_MAX, GraphScene, NodeName, SceneColumns, SceneGraph};
pub use look::{EDGE_COLOR, NodeLook, RADIUS, Shape, VISUAL, nearest, place_of};
pub use mutation::GraphMutation;
pub use placement::{Placement, Sunflower, sunflower};
pub use record::{ALIVE, Bits, EdgeRecord, GroupRecord, NO_VERSION, NodeRecord, Place, gpu_version};
