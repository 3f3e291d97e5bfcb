//! Shows what an aggregate has published.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::state::{GraphView, Published};

/// Shows the published state of one graph; clones show the same one.
#[derive(Clone)]
pub struct GraphReader(pub(super) Arc<ArcSwap<Published>>);

impl GraphReader {
    /// Returns the graph as it is now; the view never changes.
    #[inline]
    pub fn view(&self) -> GraphView {
        GraphView::new(self.0.load_full())
    }

    /// Returns the version that is published now, without taking a view.
    #[inline]
    pub fn version(&self) -> u64 {
        self.0.load().version()
    }
}

impl fmt::Debug for GraphReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GraphReader").field("version", &self.version()).finish_non_exhaustive()
    }
}
