//! Commits as transactions.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use cidgraph::{
    EdgeEntity, GraphCommand, HashKind, Key, Limits, Name, NodeEntity, NodeId, NodeUpdate, Properties, Value,
};
use gix::ObjectId;

use super::history::{Change, ChangeKind, CommitDetails, History};
use crate::import::field::TIME_NS_MAX;
use crate::import::{CommandIds, Import, ImportError, ImportSource, SourcePosition, Transaction};

const COMMIT: &str = "Commit";
const AUTHOR: &str = "Author";
const FILE: &str = "File";

/// From how many elements on the bulk forms of commands are used.
const BULK_MIN: usize = 64;

/// How a repository is imported.
#[derive(Debug, Clone, Default)]
pub struct GitFormat {
    /// The branch, tag or full commit id; without it what HEAD names.
    pub branch: Option<String>,
    /// Whether e-mail addresses are kept as they are; otherwise their SHA-256 in hex stands in their place.
    pub keep_emails: bool,
    /// Whether a shallow clone is imported as far as it goes.
    pub shallow: bool,
}

/// A repository's first-parent line on its way to transactions.
#[derive(Debug)]
pub struct GitImport {
    import: ImportSource,
    format: GitFormat,
    history: History,
    file: Arc<str>,
    next: usize,
    tree: Option<ObjectId>,
    commits: HashSet<ObjectId>,
    authors: HashMap<Key, String>,
    ids: CommandIds,
}

impl GitImport {
    /// Opens a repository.
    ///
    /// # Errors
    /// [`ImportError::Repository`].
    pub fn open(import: ImportSource, format: GitFormat, path: &Path) -> Result<Self, ImportError> {
        let history = History::open(path, format.branch.as_deref(), format.shallow)?;
        let ids = CommandIds::start(import.graph, "git", if format.keep_emails { "emails" } else { "" });
        let (file, authors) = (path.to_string_lossy().into(), HashMap::new());
        Ok(Self { import, format, history, file, next: 0, tree: None, commits: HashSet::new(), authors, ids })
    }

    fn read_commit(&mut self, id: ObjectId) -> Result<Transaction, ImportError> {
        let details = self.history.commit(id)?;
        let changes = self.history.changes(self.tree, details.tree)?;
        let mut commands = Vec::new();
        let author = self.push_author(&details, &mut commands);
        for parent in &details.parents {
            if self.commits.insert(*parent) {
                let parent = self.history.commit(*parent)?;
                commands.push(GraphCommand::AddNode { node: self.commit_node(&parent) });
            }
        }
        self.commits.insert(id);
        let commit = self.commit_node(&details);
        let commit_id = commit.id;
        commands.push(GraphCommand::AddNode { node: commit });
        for parent in &details.parents {
            let edge = EdgeEntity::new(commit_id, "parent", self.node_id(COMMIT, &sha_key(*parent)));
            commands.push(GraphCommand::ConnectEdge { edge });
        }
        commands.push(GraphCommand::ConnectEdge { edge: EdgeEntity::new(author, "authored", commit_id) });
        self.push_files(commit_id, &changes, &mut commands);
        self.tree = Some(details.tree);
        let file = format!("{}@{id}", self.file);
        let position = SourcePosition { file: file.into(), line: 0, column: 0 };
        let seconds = u64::try_from(details.time_s).unwrap_or(0);
        Ok(Transaction {
            command: self.ids.next(id.as_bytes()),
            actor: actor(&details.author_name),
            timestamp_ns: seconds.saturating_mul(1_000_000_000).min(TIME_NS_MAX),
            positions: vec![position; commands.len()],
            commands,
            named: Vec::new(),
        })
    }

    fn node_id(&self, kind: &str, key: &Key) -> NodeId {
        NodeId::of_key(self.import.graph, kind, key)
    }

    fn commit_node(&self, details: &CommitDetails) -> NodeEntity {
        let properties = Properties::from([
            ("sha", Value::text(details.id.to_string())),
            ("time", Value::Int(details.time_s)),
            ("summary", Value::text(&details.summary)),
        ]);
        NodeEntity::keyed(self.import.graph, COMMIT, sha_key(details.id)).with(COMMIT, properties)
    }

    /// Adds the author on first sight, updates the name where it differs from the last one, and returns the node.
    fn push_author(&mut self, details: &CommitDetails, commands: &mut Vec<GraphCommand>) -> NodeId {
        let email = match (self.format.keep_emails, details.author_email.is_empty()) {
            (_, true) => String::new(),
            (true, false) => details.author_email.clone(),
            (false, false) => sha256_hex(details.author_email.as_bytes()),
        };
        let key = if email.is_empty() { sha256_hex(details.author_name.as_bytes()) } else { email.clone() };
        let key = bounded_key(&key);
        let name = Value::text(&details.author_name);
        let id = self.node_id(AUTHOR, &key);
        match self.authors.insert(key.clone(), details.author_name.clone()) {
            None => {
                let properties = Properties::from([("name", name), ("email", Value::text(email))]);
                let node = NodeEntity::keyed(self.import.graph, AUTHOR, key).with(AUTHOR, properties);
                commands.push(GraphCommand::AddNode { node });
            }
            Some(before) if before != details.author_name => {
                let set = Properties::from([("name", name)]);
                let update = NodeUpdate { node: id, component_type: AUTHOR.into(), set, unset: Vec::new() };
                commands.push(GraphCommand::UpdateNode { update });
            }
            Some(_) => {}
        }
        id
    }

    fn push_files(&self, commit: NodeId, changes: &[Change], commands: &mut Vec<GraphCommand>) {
        let (mut removed, mut added, mut updated, mut touched) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for change in changes {
            let key = bounded_key(&change.path);
            let id = self.node_id(FILE, &key);
            let blob = Value::text(&change.blob);
            match change.kind {
                ChangeKind::Removed => removed.push(id),
                ChangeKind::Added => {
                    let properties = Properties::from([("path", Value::text(&change.path)), ("blob", blob)]);
                    added.push(NodeEntity::keyed(self.import.graph, FILE, key).with(FILE, properties));
                }
                ChangeKind::Modified => {
                    let set = Properties::from([("blob", blob)]);
                    updated.push(NodeUpdate { node: id, component_type: FILE.into(), set, unset: Vec::new() });
                }
                ChangeKind::ModeChanged => {}
            }
            let said = match change.kind {
                ChangeKind::Removed => continue,
                ChangeKind::Added => "added",
                ChangeKind::Modified => "modified",
                ChangeKind::ModeChanged => "mode",
            };
            touched.push(EdgeEntity::new(commit, "touched", id).with_properties([("change", said)]));
        }
        push_all(
            commands,
            removed,
            |node| GraphCommand::RemoveNode { node },
            |nodes| GraphCommand::RemoveNodes { nodes },
        );
        push_all(commands, added, |node| GraphCommand::AddNode { node }, |nodes| GraphCommand::AddNodes { nodes });
        push_all(
            commands,
            updated,
            |update| GraphCommand::UpdateNode { update },
            |updates| GraphCommand::UpdateNodes { updates },
        );
        push_all(
            commands,
            touched,
            |edge| GraphCommand::ConnectEdge { edge },
            |edges| GraphCommand::ConnectEdges { edges },
        );
    }
}

/// Pushes a command an element, or one bulk command where there are many.
fn push_all<T>(
    commands: &mut Vec<GraphCommand>,
    elements: Vec<T>,
    one: impl Fn(T) -> GraphCommand,
    many: impl Fn(Vec<T>) -> GraphCommand,
) {
    if elements.len() < BULK_MIN {
        commands.extend(elements.into_iter().map(one));
    } else {
        commands.push(many(elements));
    }
}

fn sha_key(id: ObjectId) -> Key {
    Key::Text(Name::new(id.to_string()))
}

/// Returns the key of a text; one that is too long for a key is named by its SHA-256.
fn bounded_key(text: &str) -> Key {
    if text.len() <= Limits::default().key_bytes_max {
        return Key::from(text);
    }
    Key::from(format!("/sha256:{}", sha256_hex(text.as_bytes())))
}

fn actor(name: &str) -> Name {
    let end = (0..=name.len().min(Limits::default().name_bytes_max)).rev().find(|at| name.is_char_boundary(*at));
    match &name[..end.unwrap_or(0)] {
        "" => Name::new_static("unknown"),
        name => Name::new(name),
    }
}

fn sha256_hex(bytes: &[u8]) -> String {
    HashKind::Sha2_256.digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes all");
        text
    })
}

impl Iterator for GitImport {
    type Item = Result<Transaction, ImportError>;

    fn next(&mut self) -> Option<Self::Item> {
        let id = *self.history.line().get(self.next)?;
        let transaction = self.read_commit(id);
        self.next = if transaction.is_ok() { self.next + 1 } else { usize::MAX };
        Some(transaction)
    }
}

impl Import for GitImport {
    fn bad_lines(&self) -> u64 {
        0
    }

    fn transaction_count(&self) -> Option<u64> {
        Some(self.history.line().len() as u64)
    }
}
