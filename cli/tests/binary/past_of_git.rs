//! A repository is the oracle: at each commit's version the live file nodes are the files of its tree.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use cidgraph::{
    Criterion, EventStore, GraphHistory, GraphId, GraphReplayService, HashKind, Key, Moment, NodeId, NodeQuery, Value,
};
use cidgraph_store_memory::MemoryStore;

use crate::binary::done;

/// Commits that are looked at.
const COMMITS_MAX: usize = 200;

/// Runs git in a repository; `None` where it fails.
fn git(repository: &Path, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("git");
    command.arg("-C").arg(repository).args(["-c", "user.name=Ann", "-c", "user.email=ann@example.org"]);
    let output = command.args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Picks commits by the hash of their ids, so that each run looks at the same ones.
fn picked(line: &str) -> Vec<String> {
    let mut commits: Vec<_> =
        line.lines().map(|id| (HashKind::Sha2_256.digest(id.as_bytes()), id.to_owned())).collect();
    commits.sort();
    commits.into_iter().map(|(_, id)| id).take(COMMITS_MAX).collect()
}

/// Imports a repository and compares its files at commits of its first-parent line; returns how many were looked at.
fn compare(repository: &Path) -> usize {
    let folder = tempfile::tempdir().expect("a folder");
    done(folder.path(), &["import", "git", &repository.to_string_lossy(), "--graph", "history", "--fsync", "never"]);
    let store = MemoryStore::open_read_only(folder.path().join(".cidgraph")).expect("opens");
    let store: Arc<dyn EventStore> = Arc::new(store);
    let history = GraphReplayService::new(store).history(GraphId::named("history"));
    let commits = picked(&git(repository, &["rev-list", "--first-parent", "HEAD"]).expect("a line"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for commit in &commits {
        let listed = git(repository, &["ls-tree", "-r", "--name-only", "-z", commit]).expect("a tree");
        let expected: BTreeSet<String> = listed.split_terminator('\0').map(str::to_owned).collect();
        assert_eq!(runtime.block_on(files_at(&history, commit)), expected, "at {commit}");
    }
    commits.len()
}

/// Returns the paths of the file nodes at the end of a commit's transaction.
async fn files_at(history: &GraphHistory, commit: &str) -> BTreeSet<String> {
    let node = NodeId::of_key(history.graph(), "Commit", &Key::from(commit));
    let state = history.at(Moment::Node(node)).await.expect("the commit was imported");
    let files = state.nodes(&NodeQuery::of(Criterion::kind("File"))).expect("an answer");
    let path = |file: &NodeId| match state.get(*file).and_then(|file| file.property("File", "path")) {
        Some(Value::Text(path)) => path.to_string(),
        other => panic!("the path of {file} is {other:?}"),
    };
    files.nodes.iter().map(|file| path(&file.id)).collect()
}

#[test]
fn files_of_a_made_repository_are_those_of_each_commit() {
    let folder = tempfile::tempdir().expect("a folder");
    let repository = folder.path();
    if git(repository, &["init", "-q", "-b", "main"]).is_none() {
        assert!(std::env::var_os("CI").is_none(), "git is missing");
        return eprintln!("skipped: git is missing");
    }
    let run = |arguments: &[&str]| assert!(git(repository, arguments).is_some(), "{arguments:?}");
    let write = |name: String, content: usize| {
        let file = repository.join(name);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("made");
        std::fs::write(file, content.to_string()).expect("written");
    };
    for number in 0..60_usize {
        if number % 10 == 7 {
            run(&["checkout", "-q", "-b", &format!("side{number}")]);
            write(format!("side/{number}"), number);
            run(&["add", "-A"]);
            run(&["commit", "-q", "-m", "aside"]);
            run(&["checkout", "-q", "main"]);
        }
        write(format!("folder{}/file{}", number % 3, number % 11), number);
        write("changed".to_owned(), number);
        if number % 4 == 3 {
            run(&["add", "-A"]);
            run(&["rm", "-q", "-r", "-f", "--ignore-unmatch", &format!("folder{}", number % 3)]);
        }
        run(&["add", "-A"]);
        run(&["commit", "-q", "-m", &format!("commit {number}")]);
        if number % 10 == 7 {
            run(&["merge", "-q", "--no-ff", "-m", "merge", &format!("side{number}")]);
        }
    }
    assert_eq!(compare(repository), 66);
}

#[test]
fn files_of_this_repository_are_those_of_each_commit() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let missing = match git(&repository, &["rev-parse", "--is-shallow-repository"]).as_deref().map(str::trim) {
        Some("false") => None,
        Some(_) => Some("this is a shallow clone"),
        None => Some("this is no git repository"),
    };
    if let Some(missing) = missing {
        assert!(std::env::var_os("CI").is_none(), "{missing}");
        return eprintln!("skipped: {missing}");
    }
    assert!(compare(&repository) > 20, "there is a history to look at");
}
