//! The bench's sections that need nothing but a store and something that applies transactions to it.
//!
//! Each takes a [`BenchContext`] and gives a [`SectionOutcome`]; together they make a report. A [`GraphService`] is what
//! load is sent to: the store alone ([`StoreService`]) or an engine above it.

mod append;
mod capacity;
mod context;
mod ingest;
mod replay;
mod service;
mod store_service;
mod sustained;

pub use append::{concurrent_appends, single_appends};
pub use capacity::append_capacity;
pub use context::{BenchContext, SectionOutcome, finish_report};
pub use ingest::ingest;
pub use replay::replay_and_verify;
pub use service::{Acknowledgement, GraphService, ServiceError};
pub use store_service::StoreService;
pub use sustained::{prepare, sustained_load};
