//! The rules of graphs, over values: no store, nothing to wait for.
#![expect(unreachable_pub, reason = "the modules of a test crate are its own")]

mod given;
mod ask;
mod rules;
mod numbers;
mod hierarchy;
mod no_trace;
mod limits;
mod blocks;
