//! The view of Cidgraph: any graph as it is and as it was, drawn by Bevy.
//!
//! [`EventSourcedGraphPlugin`] is all that another application needs; the program
//! `cidgraph-viz` is one such application. The modules in reading order; each imports only from those above it.

#![expect(clippy::too_many_arguments, clippy::type_complexity, reason = "a system is given what it works on")]

pub mod scene;
pub mod render;
pub mod plugin;
pub mod framing;
pub mod generate;
pub mod source;
pub mod headless;
pub mod app;
pub mod bench;
pub mod command;

pub use plugin::{EventSource, EventSourcedGraphPlugin, GraphBridge, GraphMutationEvent};
pub use render::GraphCamera;
pub use scene::GraphScene;
