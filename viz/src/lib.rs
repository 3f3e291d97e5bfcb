//! The view of Cidgraph: any graph as it is and as it was, drawn by Bevy.
//!
//! [`EventSourcedGraphPlugin`] is all that another application needs; the program
//! `cidgraph-viz` is one such application, left out where the feature `app` is off. The modules in reading order; each
//! imports only from those above it.

#![expect(clippy::too_many_arguments, reason = "a system is given what it works on")]
#![cfg_attr(feature = "app", expect(clippy::type_complexity, reason = "a system is given what it works on"))]

pub mod scene;
pub mod render;
pub mod plugin;
pub mod framing;
pub mod generate;
pub mod headless;
#[cfg(feature = "app")]
pub mod destination;
#[cfg(feature = "app")]
pub mod source;
#[cfg(feature = "app")]
pub mod app;
#[cfg(feature = "app")]
pub mod bench;
#[cfg(feature = "app")]
pub mod command;

pub use plugin::{EventSource, EventSourcedGraphPlugin, GraphBridge, GraphMutationEvent};
pub use render::GraphCamera;
pub use scene::GraphScene;
