//! The wire form of graph events: each payload written in its current layout and read in every layout there ever was.
//!
//! Layouts stand in `docs/event.ipldsch`. Reading is strict: exactly the layout's fields, in DAG-CBOR's key order, an
//! optional field absent rather than null or empty. `read` and `write` know the current layouts alone; what older
//! programs wrote is the business of `upcast`. Nothing here checks a rule of the graph.

mod payload;
mod read;
mod upcast;
mod write;

pub use upcast::UPCAST_PROPERTIES;
