//! How nodes looked and where they stood before: each change, so that a version is shown as it was.
//!
//! Showing another version costs what changed between the two.

use std::collections::VecDeque;

use super::standing::Standing;

/// Changes that are kept of a graph, 72 bytes each.
const CHANGES_MAX: usize = 1 << 20;

/// A node is different from a version on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change {
    pub(super) version: u32,
    pub(super) node: u32,
    pub(super) before: Standing,
    pub(super) after: Standing,
}

/// The changes of one graph in the order of their versions, and how many of them are shown.
#[derive(Debug, Default)]
pub(super) struct Chronicle {
    changes: VecDeque<Change>,
    shown: usize,
}

impl Chronicle {
    /// Returns whether all changes are shown.
    pub(super) fn is_at_end(&self) -> bool {
        self.shown == self.changes.len()
    }

    /// Adds a change, which may be shown where all before it are. Where there are too many, the oldest one is forgotten:
    /// the node is as it was after it in all versions before too, and is returned where it has to be shown so.
    pub(super) fn push(&mut self, change: Change, is_shown: bool) -> Option<Change> {
        self.push_bounded(change, is_shown, CHANGES_MAX)
    }

    fn push_bounded(&mut self, change: Change, is_shown: bool, max: usize) -> Option<Change> {
        self.shown += usize::from(is_shown);
        self.changes.push_back(change);
        let forgotten = (self.changes.len() > max).then(|| self.changes.pop_front()).flatten()?;
        let was_shown = self.shown > 0;
        self.shown = self.shown.saturating_sub(1);
        (!was_shown).then_some(forgotten)
    }

    /// Shows a version: `set` is called with what changes on the way there, in order.
    pub(super) fn turn_to(&mut self, version: u32, mut set: impl FnMut(u32, Standing)) {
        while let Some(change) = self.changes.get(self.shown).filter(|change| change.version <= version) {
            set(change.node, change.after);
            self.shown += 1;
        }
        while let Some(last) = self.shown.checked_sub(1).filter(|last| self.changes[*last].version > version) {
            set(self.changes[last].node, self.changes[last].before);
            self.shown = last;
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;

    fn standing(scale: u8) -> Standing {
        Standing { scale: f32::from(scale), ..Standing::of_kind(0) }
    }

    fn change(version: u8) -> Change {
        Change { version: u32::from(version), node: 0, before: standing(version - 1), after: standing(version) }
    }

    #[test]
    fn every_version_is_found_from_every_other() {
        let mut chronicle = Chronicle::default();
        assert!((1..=9).all(|version| chronicle.push(change(version), true).is_none()));
        let mut shown = standing(9);
        for step in 0..200_u32 {
            let version = step * step * 7 % 13;
            chronicle.turn_to(version, |_, standing| shown = standing);
            assert_eq!(shown.scale, f32::from(u8::try_from(version.min(9)).unwrap()));
            assert_eq!(chronicle.is_at_end(), version >= 9);
        }
    }

    #[test]
    fn the_oldest_change_is_forgotten() {
        let mut chronicle = Chronicle::default();
        assert!((1..=4).all(|version| chronicle.push_bounded(change(version), true, 3).is_none()), "it was shown");
        let mut shown = standing(4);
        chronicle.turn_to(0, |_, standing| shown = standing);
        assert_eq!(shown, standing(1), "what was before is not known any more");
        let forgotten = chronicle.push_bounded(change(5), false, 3).expect("it was not shown");
        assert_eq!((forgotten.version, forgotten.after), (2, standing(2)));
        assert!(!chronicle.is_at_end());
    }
}
