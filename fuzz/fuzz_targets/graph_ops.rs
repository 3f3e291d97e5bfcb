//! The graph aggregate is two maps, whatever commands come, however they are grouped, taken back, folded and replayed.
//!
//! Input: a script of `graph_ops::play`, one decision a byte.

#![no_main]

#[path = "../../engine/tests/graph_ops/mod.rs"]
mod graph_ops;

use graph_ops::{Thoroughness, play};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|script: &[u8]| play(script, Thoroughness::Quick));
