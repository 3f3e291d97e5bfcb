//! A repository is the oracle: at each commit's version the live file nodes are the files of its tree.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use cidgraph::{
    Criterion, EventStore, GraphHistory, GraphId, GraphReplayService, HashKind, Key, Moment, NodeId, NodeQuery, Value,
};
use cidgraph_store_memory::MemoryStore;

use crate::binary::done;

/// Commits that are looked at, unless `CIDGRAPH_FULL` is set: then all are.
const COMMITS_MAX: usize = 200;

/// Commits of the line of the repository that is made, without merges.
const MADE: usize = 240;

/// Runs git in a repository; `None` where it fails.
fn git(repository: &Path, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("git");
    command.arg("-C").arg(repository).args(["-c", "user.name=Ann", "-c", "user.email=ann@example.org"]);
    let output = command.args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Picks commits by the hash of their ids, so that each run looks at the same ones.
fn picked(line: &str) -> Vec<String> {
    let max = if std::env::var_os("CIDGRAPH_FULL").is_some() { usize::MAX } else { COMMITS_MAX };
    let mut commits: Vec<_> =
        line.lines().map(|id| (HashKind::Sha2_256.digest(id.as_bytes()), id.to_owned())).collect();
    commits.sort();
    commits.into_iter().map(|(_, id)| id).take(max).collect()
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

/// Tells `git fast-import` of a line of commits: files are added, changed and removed, folders go, branches are merged.
fn made() -> String {
    let mut told = String::new();
    let mut mark = 0;
    let mut commit = |branch: &str, parents: &[usize], changes: &str| {
        mark += 1;
        let time = 1_700_000_000 + mark;
        write!(told, "commit refs/heads/{branch}\nmark :{mark}\ncommitter Ann <ann@example.org> {time} +0000\n")
            .and_then(|()| writeln!(told, "data 0"))
            .expect("text");
        for (word, parent) in ["from", "merge"].into_iter().zip(parents) {
            writeln!(told, "{word} :{parent}").expect("text");
        }
        told.push_str(changes);
        mark
    };
    let put = |name: &str, content: usize| {
        let content = content.to_string();
        format!("M 100644 inline {name}\ndata {}\n{content}\n", content.len())
    };
    let mut last = Vec::new();
    for number in 0..MADE {
        let folder = format!("folder{}", number % 3);
        let mut changes = put(&format!("{folder}/file{}", number % 11), number) + &put("changed", number);
        if number % 4 == 3 {
            changes += &format!("D {folder}\n");
        }
        let aside = put(&format!("side/{number}"), number);
        let side = (number % 10 == 7).then(|| commit(&format!("side{number}"), &last, &aside));
        last = vec![commit("main", &last, &changes)];
        if let Some(side) = side {
            last = vec![commit("main", &[last[0], side], &aside)];
        }
    }
    told
}

#[test]
fn files_of_a_made_repository_are_those_of_each_commit() {
    let folder = tempfile::tempdir().expect("a folder");
    let repository = folder.path();
    if git(repository, &["init", "-q", "-b", "main"]).is_none() {
        assert!(std::env::var_os("CI").is_none(), "git is missing");
        return eprintln!("skipped: git is missing");
    }
    let mut import = Command::new("git");
    import.arg("-C").arg(repository).args(["fast-import", "--quiet"]).stdin(Stdio::piped());
    let mut import = import.spawn().expect("git runs");
    import.stdin.take().expect("a pipe").write_all(made().as_bytes()).expect("written");
    assert!(import.wait().expect("it ends").success());
    let commits = MADE + MADE / 10;
    assert!(commits > COMMITS_MAX);
    let looked_at = compare(repository);
    assert!(looked_at == COMMITS_MAX || looked_at == commits, "{looked_at} of {commits}");
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
