//! What queries cost by class, alone and while events arrive.

mod ask;
mod class;
mod loaded;

pub use ask::{Asked, answer};
pub use class::query_classes;
pub use loaded::loaded_queries;
