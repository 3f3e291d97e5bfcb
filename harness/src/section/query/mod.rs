//! What queries cost by class, alone and while events arrive.

mod question;

mod class;

mod loaded;

pub use class::query_classes;
pub(super) use loaded::change;
pub use loaded::loaded_queries;
pub use question::question;
