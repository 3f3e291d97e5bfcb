//! Two reports side by side: faster, slower, or not to be told apart.

mod bootstrap;
mod comparison;

pub use bootstrap::{RatioInterval, ratio_interval};
pub use comparison::{Comparison, Outcome, compare, render_comparison};
