//! Fault drills: servers and writers are killed, stopped and started again under load, and every acknowledged event is
//! looked for afterwards.
//!
//! A drill starts servers of its own; the stores on them come from the caller.

mod error;
mod plan;
mod report;
mod stores;

mod pulse;
mod writer;

mod load;

mod kill_client;
mod kill_server;

mod failover;
#[cfg(unix)]
mod pause;

#[cfg(unix)]
mod corrupt;

#[cfg(unix)]
mod certificate;
#[cfg(unix)]
mod slow;

mod run;

pub use error::DrillError;
pub use kill_client::write_until_killed;
pub use plan::{Drill, DrillPlan};
pub use report::{Condition, DrillReport};
pub use run::{DrillSurroundings, MakeWriter, run};
pub use stores::{CopyFound, ServerStores, Special, StoreTerms};
