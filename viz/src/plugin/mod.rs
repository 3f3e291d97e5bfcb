//! Graphs in a Bevy application: events in, pictures out.

mod message;
mod bridge;
mod replay;
mod playback;
mod element;
mod event_sourced;
mod machine;

pub use bridge::GraphBridge;
pub use element::{GraphContainer, GraphEdge, GraphNode, Highlighted, Selected};
pub use event_sourced::{EventSourcedGraphPlugin, GraphSystems};
pub use machine::{NamedStates, StateMachinePlugin, StateMachineVisual};
pub use message::{CommandAnswered, EventSource, GraphMutationEvent};
pub use playback::Playback;
pub use replay::TransactionReplay;
