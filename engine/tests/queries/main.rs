//! What is asked of a graph against naive answers, what answers rest on, and the cache in front of them.
#![expect(unreachable_pub, reason = "modules of a test are seen by the test alone")]
#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

mod content;
mod world;

mod naive;
mod shape;

mod analysis;

mod lookups;
mod paging;

mod selecting;
mod walking;
mod cached;
mod damaged;
mod footprints;
mod plans;
mod room;
mod snapshots;
mod threads;
mod past;
mod petgraph_view;
