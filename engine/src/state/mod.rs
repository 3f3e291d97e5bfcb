//! The state of one graph: a frozen base, what happened since, and views of both at a version.
//!
//! One writer appends; readers hold a [`GraphView`], which never changes and never blocks. [`At`] is the reading half:
//! everything that can be asked of a generation at a stamp. [`fold`] turns a view into the next generation's base.

mod id_table;
mod keys;
mod kinds;
mod base;
mod generation;
mod at;
mod carry_over;
mod fold;
mod view;
mod hash;

pub use at::{At, NodeContent};
pub use base::Base;
pub use carry_over::Renumbering;
pub use fold::{Folded, fold};
pub use generation::{Change, Extent, Generation, NodeRow};
pub use view::{GraphInfo, GraphView, PendingNode, Published};
