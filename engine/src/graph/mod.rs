//! The graph aggregate: decides graph commands, applies graph events, publishes what readers see.
//!
//! It is a [`Draft`](crate::aggregate::Draft) on a shared [`Generation`](crate::state::Generation): what a command
//! appends lies above the published stamp until it is published, and is made invisible when it is taken back.

mod measure;
mod checked;
mod step;
mod hierarchy;
mod spatial;
mod mutation;
mod facts;
mod found;
mod fold;
mod room;
mod draft;
mod apply;
mod publish;
mod past;
mod decide;
mod validate;
mod reader;
mod traced;

pub use draft::{GraphAggregate, GraphDrafts};
pub use facts::{LiveFacts, index_of};
pub use mutation::GraphMutation;
pub use reader::GraphReader;
pub use spatial::Placement;
pub use traced::TracedNode;
