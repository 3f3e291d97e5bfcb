//! What the measurements of graphs share: a seeded random graph and the printing of times.
#![expect(unreachable_pub, reason = "each example includes this module whole")]

mod random;
mod timing;

pub use random::Random;
pub use timing::{batches, milliseconds};
