//! The algorithms agree with petgraph's, with models that are obviously right, and with themselves on any number of
//! threads.

mod boundaries;
mod graphs;
mod paths;
mod petgraph_view;
mod whole_graph;
