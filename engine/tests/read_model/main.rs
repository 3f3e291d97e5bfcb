//! The read model against naive answers: criteria, orders and pages, walks and shapes, plans, and footprints.
#![expect(unreachable_pub, reason = "modules of a test are seen by the test alone")]
#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

mod world;
mod strategy;
mod naive;

mod criteria;
mod examples;
mod footprints;
mod plans;
mod walks;
