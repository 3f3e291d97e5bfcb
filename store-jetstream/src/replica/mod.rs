//! Each server's own copy of the stream: read, compared with the others, and made good where it is damaged.
//!
//! A server checks what it keeps when it starts, and drops silently what it cannot read: up to a whole file of
//! messages. It stays a member, may be elected, and answers reads as if there had never been more. So nothing that one
//! server says shows whether the others are whole: every copy is read to its end and compared, event by event.

mod members;
mod copy;
mod archived;
mod union;
mod survey;
mod resync;
mod merge;
mod car;
mod rebuild;
mod repair;

pub use repair::{Remedy, Repair, Repaired, plan, repair};
pub use survey::{ReplicaSurvey, StreamSurvey, survey_replicas};
