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
mod kinds;
mod base;
mod generation;
mod at;
mod ever;
mod carry_over;
mod check;
mod file;
mod renumber;
mod fold;
mod bucket;
mod touched;
mod naming;
mod view;
mod record;
mod past;
mod hash;
mod members;
mod tree;

pub use at::{At, NodeContent};
pub use base::Base;
pub use bucket::{BUCKETS, Bucket, ENTRY_BYTES, Entry, STATE_LEAVES, bucket_of, leaf_index_of};
pub use carry_over::Renumbering;
pub use file::Shape;
pub use fold::{Folded, fold, fold_history, fold_history_named, fold_named, rename};
pub use generation::{Change, Extent, Generation, NodeRow};
pub use info::{GraphInfo, SinceCheckpoint};
pub use lifetimes::Lifetimes;
pub use naming::{Categories, naming_of, naming_of_history};
pub use record::{node_record, read_node_record};
pub use timeline::{Timeline, TransactionEnd};
pub use touched::TouchedBuckets;
pub use tree::{OpenedBucket, StateTree};
pub(crate) use view::ViewIndex;
pub use view::{GraphView, PendingNode, Published};
