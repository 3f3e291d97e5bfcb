//! The bench's sections: what each part of the engine does, on any store.
//!
//! Each takes what it works on and gives a [`SectionOutcome`]; together they make a report. A [`GraphService`] is what
//! load is sent to: a whole engine ([`EngineService`]) or the store alone ([`StoreService`]). Stores come from a
//! [`StoreSource`], real input from whoever can read it.

mod context;

mod service;
mod stores;

mod engine_service;
mod store_service;

mod fixture;

mod append;
mod capacity;
mod ingest;
mod sustained;

mod replay;

mod query;

mod cache;

mod memory;

mod crash;
mod recovery;
mod start;

mod snapshot;

mod history;

mod real_input;

mod beside_raw;

pub use append::{concurrent_appends, single_appends};
pub use beside_raw::{batches, pipelined, projected_load, replayed, single, start_behind};
pub use cache::cached_queries;
pub use capacity::append_capacity;
pub use context::{BenchContext, SectionOutcome, finish_report};
pub(crate) use crash::parse_acknowledgement;
pub use crash::{crash, write_until_killed};
pub use engine_service::EngineService;
pub use fixture::{GraphFixture, settle};
pub use history::{LongHistory, proofs_of_the_past, states_of_the_past};
pub use ingest::ingest;
pub use memory::{MeasuredGraph, memory_by_structure};
pub use query::{loaded_queries, query_classes, question};
pub use real_input::{InputCheck, RealInput, real_input};
pub use recovery::{KeptGraph, recovery};
pub use replay::{full_verify, replay_and_verify, verify_log};
pub use service::{Acknowledgement, GraphService, ServiceError};
pub use snapshot::{SnapshotFile, mapped_memory, mapped_queries, serve_snapshot, snapshot_opening};
pub use start::start;
pub use store_service::StoreService;
pub use stores::{Opening, StoreSource, SyncPolicy};
pub use sustained::{Follower, prepare, sustained_load};
