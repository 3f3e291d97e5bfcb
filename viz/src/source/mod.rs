//! Where graphs come from: a store that is followed beside the frames, and what is asked of it and written to it.

mod place;
mod open;
mod followed;
mod ask;

pub use ask::AskedNode;
pub use followed::{FOLLOWED_MAX, Source, follow_new_graphs};
pub use place::{Place, Stretch};
