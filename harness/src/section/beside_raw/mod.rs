//! A store on servers, each figure beside the one of a client that publishes and reads the same bytes and does nothing
//! else. The two are measured in turns, so that what else the machine does meets both.

mod batches;
mod checked;
mod pipelined;
mod projected;
mod replayed;
mod single;

pub use batches::batches;
pub use pipelined::pipelined;
pub use projected::projected_load;
pub use replayed::{replayed, start_behind};
pub use single::single;
