//! Drawing the scene with Bevy's renderer: uploads of what changed, two draws a picture and a few for loops and
//! for what stands before the rest, no picture where nothing changed.

mod detail;
mod facts;
mod buffers;
mod pipelines;
mod lay;
mod layer;
mod draw;
mod seen;
mod plugin;

pub use detail::{Detail, RADIUS_MAX_PX};
pub use facts::{Facts, RenderFacts};
pub use layer::GraphCamera;
pub use plugin::GraphRenderPlugin;
pub(crate) use seen::seen_slots;
