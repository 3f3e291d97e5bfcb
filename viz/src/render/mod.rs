//! Drawing the scene with Bevy's renderer: uploads of what changed, two draws a picture, no picture where nothing changed.

mod detail;
mod facts;
mod buffers;
mod pipelines;
mod lay;
mod layer;
mod draw;
mod seen;
mod plugin;

pub use detail::Detail;
pub use facts::{Facts, RenderFacts};
pub use layer::GraphCamera;
pub use plugin::GraphRenderPlugin;
pub(crate) use seen::seen_slots;
