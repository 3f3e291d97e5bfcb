//! The algorithms agree with petgraph's, with models that are obviously right, and with themselves on any number of
//! threads.

#![expect(clippy::unwrap_used, reason = "a test fails where a call does")]

mod boundaries;
mod graphs;
mod paths;
mod petgraph_view;
mod whole_graph;
