//! Real NATS servers on loopback, to test and drill with: started, paused, killed and started again.

mod error;
mod program;

mod ports;

mod monitor;

mod server;

mod cluster;

mod damage;

pub use cluster::{Cluster, SERVERS};
pub use damage::FileDamage;
pub use error::NatsError;
pub use monitor::StreamState;
pub use program::{VERSION, or_skip, program};
pub use server::{Server, SyncInterval};
