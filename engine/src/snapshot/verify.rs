//! All of a file looked at: every page, how its parts fit together, and whether the state is the one it says.

use crate::graph::index_of;
use crate::pages::{SnapshotDamage, guarded};
use crate::sections::{SectionKind, wrong as wrong_section};

use super::error::SnapshotError;
use super::header::wrong;
use super::open::Snapshot;

impl Snapshot {
    /// Checks every page, that everything in the file fits together, that its indices are those of its nodes, and that its
    /// state has the hash that it says.
    ///
    /// # Errors
    /// The first damage that is found.
    pub fn verify(&self) -> Result<(), SnapshotError> {
        self.check_structure()?;
        self.check_index()?;
        if guarded(|| self.view().state_hash())? != self.info.state_hash {
            return Err(wrong("the state has another hash").into());
        }
        Ok(())
    }

    /// Checks the checksums of all pages.
    pub(crate) fn check_sums(&self) -> Result<(), SnapshotDamage> {
        guarded(|| self.sections.check_sums())
    }

    /// Makes the indices again, which is deterministic, and compares them byte by byte with those of the file.
    fn check_index(&self) -> Result<(), SnapshotDamage> {
        let kind = SectionKind::Index;
        if self.sections.get(kind).is_none() {
            return Ok(());
        }
        let made = guarded(|| {
            let mut bytes = Vec::new();
            let index = index_of(self.view().generation().frozen(), self.categories());
            index.freeze(&|name| name, &mut bytes).map(|()| bytes)
        })?;
        let made = made.map_err(|_| wrong_section(kind, "it cannot be made again"))?;
        if self.sections.bytes(kind)? != made {
            return Err(wrong_section(kind, "it is not that of the nodes"));
        }
        Ok(())
    }

    /// Checks every page and that everything in the file fits together.
    pub(super) fn check_structure(&self) -> Result<(), SnapshotDamage> {
        guarded(|| {
            self.sections.check_pages();
            let view = self.view();
            let generation = view.generation();
            generation.pool().check();
            generation.base().check(generation.pool());
            view.index().check().unwrap_or_else(|damaged| damaged.unwind());
        })
    }
}
