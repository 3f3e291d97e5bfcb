//! Git repositories: the first-parent line of a branch as one transaction a commit.
//!
//! Along the line files are added, updated, removed and added again, so the live file nodes after a commit are what
//! `git ls-tree -r --name-only` lists for it. A merged parent that is not on the line is added as a bare commit node
//! in the transaction of the merge; its own ancestors and files are not imported.

mod history;
mod import;
mod path;

pub use history::{Change, ChangeKind, CommitDetails, History};
pub use import::{GitFormat, GitImport};
pub use path::path_text;
