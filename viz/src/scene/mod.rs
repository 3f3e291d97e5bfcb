//! Every graph that is shown, kept from their events: what the GPU has a copy of, and what is needed to find things in it.

mod column;
mod record;
mod look;
mod standing;
mod chronicle;
mod incidence;
mod sunflower;
mod graph_scene;
mod change;
mod mutation;
mod shown;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod scene_tests;

pub use column::Column;
pub use graph_scene::{GRAPHS_MAX, GraphScene, NodeName, SceneColumns, SceneGraph};
pub use look::{EDGE_COLOR, NodeLook, RADIUS, Shape, VISUAL, nearest, palette};
pub use record::{
    ALIVE, Bits, EdgeRecord, GroupRecord, NO_RECORD, NO_VERSION, NodeRecord, PastHead, PastRecord, Place, gpu_version,
};
pub use standing::Standing;
pub use sunflower::sunflower;
