//! The state of one graph: a frozen base, what happened since, and views of both at a version.
//!
//! One writer appends; readers hold a [`GraphView`], which never changes and never blocks. [`At`] is the reading half:
//! everything that can be asked of a generation at a stamp. [`fold`] turns a view into the next generation's base,
//! [`fold_history`] into one that answers for the versions before it too.

mod id_table;
mod keys;
mod marks;
mod lifetimes;
mod info;
mod timeline;
mod base;
mod generation;
mod at;
mod ever;
mod carry_over;
mod fold;
mod view;
mod past;
mod hash;

pub use at::{At, NodeContent};
pub use base::{Base, BaseLedger};
pub use carry_over::Renumbering;
pub use fold::{Folded, fold, fold_history};
pub use generation::{Change, Extent, Generation, NodeRow};
pub use info::GraphInfo;
pub use lifetimes::Lifetimes;
pub use timeline::{Moment, Timeline};
pub use view::{GraphView, PendingNode, Published};
