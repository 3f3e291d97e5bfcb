//! A graph aggregate driven by bytes against a model of two maps; the test and the fuzz target share it.

mod commands;
mod compare;
mod model;
mod facets;
mod followed;
mod play;

pub use play::{Thoroughness, play};
