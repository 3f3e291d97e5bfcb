//! What is read of a repository: the first-parent line, a commit's details, the changes between two trees.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use gix::ObjectId;
use gix::bstr::{BStr, ByteSlice};
use gix::diff::tree::{Recorder, State, recorder};
use gix::objs::TreeRefIter;

use super::path::path_text;
use crate::import::ImportError;

/// The line of first parents of a branch, oldest commit first.
pub struct History {
    repository: gix::Repository,
    path: PathBuf,
    line: Vec<ObjectId>,
    shallow: HashSet<ObjectId>,
    diff: State,
}

impl std::fmt::Debug for History {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("History").field("path", &self.path).field("commits", &self.line.len()).finish_non_exhaustive()
    }
}

/// What a commit says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitDetails {
    /// Its id.
    pub id: ObjectId,
    /// The tree it holds.
    pub tree: ObjectId,
    /// Its parents that the repository has, the first one first.
    pub parents: Vec<ObjectId>,
    /// Who wrote it.
    pub author_name: String,
    /// Their address.
    pub author_email: String,
    /// When it was committed, seconds since the Unix epoch.
    pub time_s: i64,
    /// The first paragraph of its message on one line.
    pub summary: String,
}

/// What happened to a path between two trees.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// What happened; removals sort first.
    pub kind: ChangeKind,
    /// The path, as [`path_text`] shows it.
    pub path: String,
    /// The object that the path names now; of a removed one, what it named.
    pub blob: String,
}

/// What can happen to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// It is gone.
    Removed,
    /// It is there for the first time, or again.
    Added,
    /// It names another object.
    Modified,
    /// It names the same object with another mode.
    ModeChanged,
}

impl History {
    /// Opens a repository, bare or with a work tree, and reads the line of `branch`, or of what HEAD names.
    ///
    /// # Errors
    /// [`ImportError::Repository`] where there is no repository, no such branch, no commit, or the clone is shallow
    /// and `shallow` does not allow it.
    pub fn open(path: &Path, branch: Option<&str>, shallow: bool) -> Result<Self, ImportError> {
        let failed = |reason: String| ImportError::Repository { path: path.to_owned(), reason };
        let options = gix::open::Options::isolated();
        let mut repository = gix::open_opts(path, options)
            .map_err(|error| failed(format!("expected a git repository ({})", one_line(&error))))?;
        repository.object_cache_size_if_unset(OBJECT_CACHE_BYTES);
        let boundary = repository.shallow_commits().map_err(|error| failed(one_line(&error)))?;
        if boundary.is_some() && !shallow {
            let reason = "expected the whole history, the clone is shallow: \
                          run `git fetch --unshallow` first, or give --shallow to import what is there";
            return Err(failed(reason.to_owned()));
        }
        let shallow = boundary.map(|list| list.iter().copied().collect()).unwrap_or_default();
        let mut history = Self { repository, path: path.to_owned(), line: Vec::new(), shallow, diff: State::default() };
        history.line = history.first_parents(history.tip(branch)?)?;
        Ok(history)
    }

    /// Returns the commits of the line, oldest first.
    pub fn line(&self) -> &[ObjectId] {
        &self.line
    }

    fn failed(&self, reason: impl Into<String>) -> ImportError {
        ImportError::Repository { path: self.path.clone(), reason: reason.into() }
    }

    fn unreadable(&self, id: ObjectId, error: &dyn std::error::Error) -> ImportError {
        self.failed(format!("cannot read {id}: {}", one_line(error)))
    }

    fn tip(&self, branch: Option<&str>) -> Result<ObjectId, ImportError> {
        let Some(name) = branch else {
            let head = self.repository.head().map_err(|error| self.failed(one_line(&error)))?;
            let id = head.try_into_peeled_id().map_err(|error| self.failed(one_line(&error)))?;
            return id.map(gix::Id::detach).ok_or_else(|| self.failed("expected at least one commit, HEAD has none"));
        };
        if let Ok(reference) = self.repository.find_reference(name) {
            let id = reference.into_fully_peeled_id().map_err(|error| self.failed(one_line(&error)))?;
            return Ok(id.detach());
        }
        match ObjectId::from_hex(name.as_bytes()) {
            Ok(id) if self.repository.has_object(id) => Ok(id),
            _ => Err(self.failed(format!("expected a branch, tag or full commit id, found {name:?}"))),
        }
    }

    fn first_parents(&self, tip: ObjectId) -> Result<Vec<ObjectId>, ImportError> {
        let mut line = vec![tip];
        while let Some(parent) = self.parents(line[line.len() - 1])?.first() {
            line.push(*parent);
        }
        line.reverse();
        Ok(line)
    }

    fn parents(&self, id: ObjectId) -> Result<Vec<ObjectId>, ImportError> {
        if self.shallow.contains(&id) {
            return Ok(Vec::new());
        }
        let commit = self.repository.find_commit(id).map_err(|error| self.unreadable(id, &error))?;
        Ok(commit.parent_ids().map(gix::Id::detach).collect())
    }

    /// Reads a commit.
    ///
    /// # Errors
    /// [`ImportError::Repository`].
    pub fn commit(&self, id: ObjectId) -> Result<CommitDetails, ImportError> {
        let commit = self.repository.find_commit(id).map_err(|error| self.unreadable(id, &error))?;
        let decoded = commit.decode().map_err(|error| self.unreadable(id, &error))?;
        let author = commit.author().map_err(|error| self.unreadable(id, &error))?;
        let committer = commit.committer().map_err(|error| self.unreadable(id, &error))?;
        Ok(CommitDetails {
            id,
            tree: decoded.tree(),
            parents: self.parents(id)?,
            author_name: clean(author.name),
            author_email: clean(author.email),
            time_s: committer.seconds(),
            summary: clean(&decoded.message_summary()),
        })
    }

    /// Returns what changed between two trees, removals first, then by path; directories are left out, links and
    /// submodules are files. `before` is `None` for the empty tree.
    ///
    /// # Errors
    /// [`ImportError::Repository`].
    pub fn changes(&mut self, before: Option<ObjectId>, after: ObjectId) -> Result<Vec<Change>, ImportError> {
        let before_data = before.map(|tree| self.tree(tree)).transpose()?.unwrap_or_default();
        let after_data = self.tree(after)?;
        let hash = self.repository.object_hash();
        let mut recorder = Recorder::default();
        gix::diff::tree(
            TreeRefIter::from_bytes(&before_data, hash),
            TreeRefIter::from_bytes(&after_data, hash),
            &mut self.diff,
            &self.repository.objects,
            &mut recorder,
        )
        .map_err(|error| ImportError::Repository {
            path: self.path.clone(),
            reason: format!("cannot read tree {after}: {}", one_line(&error)),
        })?;
        let mut changes = Vec::with_capacity(recorder.records.len());
        recorder.records.into_iter().for_each(|record| push_change(record, &mut changes));
        changes.sort();
        Ok(changes)
    }

    fn tree(&self, id: ObjectId) -> Result<Vec<u8>, ImportError> {
        let tree = self.repository.find_tree(id).map_err(|error| self.unreadable(id, &error))?;
        Ok(tree.detach().data)
    }
}

const OBJECT_CACHE_BYTES: usize = 32 << 20;

fn push_change(record: recorder::Change, changes: &mut Vec<Change>) {
    let change = |kind, path: &BStr, oid: ObjectId| Change { kind, path: path_text(path), blob: oid.to_string() };
    match record {
        recorder::Change::Addition { entry_mode, oid, path, .. } if !entry_mode.is_tree() => {
            changes.push(change(ChangeKind::Added, path.as_bstr(), oid));
        }
        recorder::Change::Deletion { entry_mode, oid, path, .. } if !entry_mode.is_tree() => {
            changes.push(change(ChangeKind::Removed, path.as_bstr(), oid));
        }
        recorder::Change::Modification { previous_entry_mode, previous_oid, entry_mode, oid, path } => {
            let kind = match (previous_entry_mode.is_tree(), entry_mode.is_tree()) {
                (true, true) => return,
                (true, false) => ChangeKind::Added,
                (false, true) => ChangeKind::Removed,
                (false, false) if previous_oid == oid => ChangeKind::ModeChanged,
                (false, false) => ChangeKind::Modified,
            };
            changes.push(change(kind, path.as_bstr(), if kind == ChangeKind::Removed { previous_oid } else { oid }));
        }
        recorder::Change::Addition { .. } | recorder::Change::Deletion { .. } => {}
    }
}

/// Returns text that may not be UTF-8 as text, with the replacement character, cut to what a value may hold.
fn clean(text: &BStr) -> String {
    const BYTES_MAX: usize = 4096;
    let mut text = text.to_str_lossy().into_owned();
    if let Some(end) = (0..=BYTES_MAX.min(text.len())).rev().find(|at| text.is_char_boundary(*at)) {
        text.truncate(end);
    }
    text
}

fn one_line(error: &dyn std::error::Error) -> String {
    error.to_string().lines().map(str::trim).collect::<Vec<_>>().join(" ")
}
