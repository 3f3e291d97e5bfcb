//! Drawing without a window: adapters, frames, pictures.

mod adapter;
mod picture;
mod view;

pub use adapter::{Adapter, AdapterError};
pub use picture::{Picture, PictureError};
pub use view::HeadlessView;
#[cfg(feature = "app")]
pub(crate) use view::{FRAMES_TO_A_PICTURE, FRAMES_TO_REST};
