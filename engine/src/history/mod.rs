//! Time travel: a graph at any moment of its history, what differs between two, and which events brought it about.
//!
//! A state of the past is the same read model as that of now. It is made of the nearest state at hand and the verified
//! events behind it; states inside a transaction are never shown. Everything here works on any
//! [`EventStore`](crate::EventStore).

mod moment;
mod error;
mod place;
mod walker;
mod states;
mod mention;
mod events;
mod touched;
mod diff;
mod drawn;
mod graph_history;
mod during;
mod trace;
mod causes;
mod why;
mod bisect;
mod step;
mod animation;
mod transactions;
mod service;

pub use animation::{Frame, ReplayAnimation};
pub use bisect::{Parting, bisect};
pub use diff::{AboutGraph, ChangeKind, ComponentChange, EdgeChange, GraphDiff, NodeChange, PropertyChange};
pub use during::During;
pub use error::HistoryError;
pub use events::EventRef;
pub use graph_history::GraphHistory;
pub use moment::{InvalidMoment, Moment};
pub use place::Place;
pub use service::GraphReplayService;
pub use states::{HistoryConfig, NoStarts, Starts};
pub use step::{InvalidStep, Step};
pub use trace::{NodeEvent, NodeTouch, NodeTrace};
pub use transactions::PastTransactions;
pub use why::{Because, Cause, Subject};
