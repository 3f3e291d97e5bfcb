//! Fetching a slice of the event stream: verified as it is read, whole transactions only.
//!
//! A slice starts and ends where transactions do, so what it holds can be applied as it is. Works on every
//! [`EventStore`](crate::EventStore).

mod filter;
mod options;
mod service;
mod slice;
mod stream_event;
mod subject;

pub use filter::EventFilter;
pub use options::{ReplayPolicy, TransactionOptions};
pub use service::EventStreamService;
pub(crate) use slice::AggregateStream;
pub use slice::StreamError;
pub use stream_event::{EventStreamTransaction, FetchMetadata, SequenceRange, StreamEvent};
pub use subject::{InvalidSubject, SubjectPattern, subject};
