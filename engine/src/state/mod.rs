//! The state of one graph: a frozen base, what happened since, and views of both at a version.
//!
//! One writer appends; readers hold a [`GraphView`], which never changes and never blocks. [`At`] is the reading half:
//! everything that can be asked of a generation at a stamp. [`fold`] turns a view into the next generation's base.

mod id_table;
mod keys;
mod base;
mod generation;
mod at;
mod carry_over;
mod check;
mod file;
mod fold;
mod bucket;
mod touched;
mod naming;
mod view;
mod record;
mod hash;
mod members;
mod tree;

pub use at::{At, NodeContent};
pub use base::{Base, BaseLedger};
pub use bucket::{BUCKETS, Bucket, ENTRY_BYTES, Entry, STATE_LEAVES, bucket_of, leaf_index_of};
pub use carry_over::Renumbering;
pub use file::Shape;
pub use fold::{Folded, fold, fold_named};
pub use generation::{Change, Extent, Generation, NodeRow};
pub use naming::{Categories, naming_of};
pub use record::{node_record, read_node_record};
pub use touched::TouchedBuckets;
pub use tree::{OpenedBucket, StateTree};
pub(crate) use view::ViewIndex;
pub use view::{GraphInfo, GraphView, PendingNode, Published, SinceCheckpoint};
