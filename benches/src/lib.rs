//! The hot paths of the engine, each ready to be run once: what budgets of instructions and allocations are kept of.

mod asking;
mod hot_path;
mod writing;

pub use asking::{AndCount, CachedQuery, PointLookup, TwoHops};
pub use hot_path::HotPath;
pub use writing::{AppendInMemory, ApplyOne, DecodeOne, SealOne};
