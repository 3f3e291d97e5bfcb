//! Cidgraph mapped: the snapshot file that the live engine left, queried in place by a process that has nothing else.

use std::path::{Path, PathBuf};

use cidgraph::pool::ComponentRegistry;
use cidgraph::{GraphReadModel, Snapshot};

use super::Peer;
use super::cidgraph::{SNAPSHOT, count, path, point, two_hop};
use crate::Outcome;
use crate::data::Node;

/// A snapshot file.
pub(crate) struct Mapped {
    file: PathBuf,
    model: Option<GraphReadModel>,
}

impl Mapped {
    pub(crate) fn new(home: &Path) -> Self {
        Self { file: home.join(SNAPSHOT), model: None }
    }

    fn model(&self) -> Outcome<&GraphReadModel> {
        Ok(self.model.as_ref().ok_or("the file is open")?)
    }
}

impl Peer for Mapped {
    fn load(&mut self, _: &mut dyn Iterator<Item = Node>, _: &mut dyn Iterator<Item = (u32, u32)>) -> Outcome<()> {
        Err("it reads what the live engine wrote".into())
    }

    fn open(&mut self) -> Outcome<bool> {
        self.model = Some(Snapshot::map(&self.file)?.read(ComponentRegistry::default()));
        Ok(true)
    }

    fn point(&self, node: u32) -> Outcome<u64> {
        point(self.model()?, node)
    }

    fn count(&self, kind: &str, color: &str) -> Outcome<u64> {
        Ok(count(self.model()?, kind, color))
    }

    fn two_hop(&self, node: u32) -> Outcome<u64> {
        two_hop(self.model()?, node)
    }

    fn path(&self, from: u32, to: u32) -> Outcome<Option<u64>> {
        path(self.model()?, from, to)
    }
}
