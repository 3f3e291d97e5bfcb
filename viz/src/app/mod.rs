//! The application: what a viewer can do, with hands or by a script.

mod action;
mod eye;
mod picking;
mod mistake;
mod selection;
mod camera;
mod time;
mod edit;
mod paint;
mod layouts;
mod script;
mod serve;
mod viewer;
mod labels;
mod card;
mod machines;
mod hands;
mod board;
mod window;

pub use action::{Action, Filter, InvalidAction, PropertyName};
pub use camera::Orbit;
pub use card::Card;
pub use eye::Eye;
pub use layouts::Layouts;
pub use machines::STATE_MACHINE;
pub use mistake::{LastMistake, Mistake};
pub use paint::{LegendLine, Paint};
pub use picking::{neighbourhood, node_at, nodes_within};
pub use script::{InvalidScript, Script};
pub use selection::Selection;
pub use viewer::ViewerPlugin;
pub use window::{WindowViewerPlugin, window_app};
