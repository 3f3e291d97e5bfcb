//! Load as the world sends it: open loop, every latency taken from the moment at which the operation was meant to be
//! sent, so that a stalled service cannot hide behind a generator that waits for it (coordinated omission, Tene 2013).

mod arrival;
mod closed_loop;
mod interval;
mod open_loop;
mod pacer;
mod search;

pub use arrival::{Arrival, Schedule};
pub use closed_loop::{ClosedLoop, ClosedLoopResult, run_closed_loop};
pub use interval::{Interval, IntervalSeries};
pub use open_loop::{OpenLoop, OpenLoopResult, run_open_loop};
pub use pacer::Pacing;
pub use search::{RateSearch, RateSearchResult, Trial, Verdict, highest_rate};
