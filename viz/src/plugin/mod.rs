//! Graphs in a Bevy application: events in, pictures out.

mod message;
mod inbox;
mod replay;
mod playback;
mod element;
mod event_sourced;
mod machine;

pub use element::{GraphContainer, GraphEdge, GraphNode, Highlighted, Selected};
pub use event_sourced::{EventSourcedGraphPlugin, GraphSystems};
pub use inbox::{GraphInbox, InboxSink, ViewClosed};
pub use machine::{NamedStates, StateMachinePlugin, StateMachineVisual};
pub use message::{EventSource, GraphMutationEvent};
pub use playback::Playback;
pub use replay::TransactionReplay;
