//! What a NATS server does for a client that does nothing else: the same bytes published and read without an engine.
//!
//! It stands beside every figure of a store on a server, from the same run, so that a figure says what the engine adds
//! and not how fast the machine is. This is the client library alone: no check of an expected sequence, no retries.

mod error;
mod servers;
mod message;
mod stream;

pub use error::BaselineError;
pub use message::RawMessage;
pub use servers::Servers;
pub use stream::RawStream;
