//! All of a file looked at: every page, how its parts fit together, and whether the state is the one it says.

use crate::pages::{SnapshotDamage, guarded};

use super::error::SnapshotError;
use super::header::wrong;
use super::open::Snapshot;

impl Snapshot {
    /// Checks every page, that everything in the file fits together, and that its state has the hash that it says.
    ///
    /// # Errors
    /// The first damage that is found.
    pub fn verify(&self) -> Result<(), SnapshotError> {
        self.check_structure()?;
        if guarded(|| self.view().state_hash())? != self.info.state_hash {
            return Err(wrong("the state has another hash").into());
        }
        Ok(())
    }

    /// Checks the checksums of all pages.
    pub(crate) fn check_sums(&self) -> Result<(), SnapshotDamage> {
        guarded(|| self.sections.check_sums())
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
