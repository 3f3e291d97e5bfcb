//! The target table: what was asked for, what was measured, and whether that meets it at the scale it was asked for.

mod definition;
mod judgement;

pub use definition::{Bound, EMBEDDED_BARS, Group, Scale, TARGETS, Target};
pub use judgement::{Measurement, Reached, TargetRow, judge_all};
