//! Importers against real inputs, by a small model of what their commands make of a graph.
#![expect(clippy::wildcard_enum_match_arm, reason = "what is not named here fails the test")]

mod csv;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::process::Command;

use cidgraph::{GraphCommand, GraphId, Key, NodeEntity, NodeId};
use cidgraph_cli::import::csv::{CsvFormat, CsvImport};
use cidgraph_cli::import::edges::{EdgesFormat, EdgesImport};
use cidgraph_cli::import::git::{GitFormat, GitImport, path_text};
use cidgraph_cli::import::jsonl::JsonlImport;
use cidgraph_cli::import::{Import, ImportError, ImportSource, Transaction};

/// Two maps that the commands of an import change.
#[derive(Default)]
struct Model {
    nodes: HashMap<NodeId, NodeEntity>,
    edges: Vec<(NodeId, String, NodeId)>,
}

impl Model {
    fn apply(&mut self, command: &GraphCommand) {
        match command.clone() {
            GraphCommand::AddNode { node } => self.add(node),
            GraphCommand::AddNodes { nodes } => nodes.into_iter().for_each(|node| self.add(node)),
            GraphCommand::RemoveNode { node } => self.remove(node),
            GraphCommand::RemoveNodes { nodes } => nodes.into_iter().for_each(|node| self.remove(node)),
            GraphCommand::UpdateNode { update } => self.update(&update),
            GraphCommand::UpdateNodes { updates } => updates.iter().for_each(|update| self.update(update)),
            GraphCommand::ConnectEdge { edge } => self.connect(&edge),
            GraphCommand::ConnectEdges { edges } => edges.iter().for_each(|edge| self.connect(edge)),
            other => panic!("no import says {other:?}"),
        }
    }

    fn add(&mut self, node: NodeEntity) {
        assert!(self.nodes.insert(node.id, node).is_none(), "a node is added once");
    }

    fn remove(&mut self, node: NodeId) {
        self.nodes.remove(&node).expect("the node is there");
        self.edges.retain(|(source, _, target)| *source != node && *target != node);
    }

    fn update(&mut self, update: &cidgraph::NodeUpdate) {
        let node = self.nodes.get_mut(&update.node).expect("the node is there");
        let mut properties = node
            .components
            .iter()
            .find(|component| component.component_type == update.component_type)
            .map(|component| component.properties.clone())
            .unwrap_or_default();
        properties.merge(&update.set);
        *node = node.clone().with(update.component_type.clone(), properties);
    }

    fn connect(&mut self, edge: &cidgraph::EdgeEntity) {
        for end in [edge.source, edge.target] {
            assert!(self.nodes.contains_key(&end), "an edge's ends are there");
        }
        self.edges.push((edge.source, edge.kind.to_string(), edge.target));
    }

    fn of(transactions: &[Transaction]) -> Self {
        let mut model = Self::default();
        for transaction in transactions {
            assert_eq!(transaction.commands.len(), transaction.positions.len());
            transaction.commands.iter().for_each(|command| model.apply(command));
        }
        model
    }

    fn kinds(&self) -> BTreeMap<String, usize> {
        let mut kinds = BTreeMap::new();
        self.nodes.values().for_each(|node| *kinds.entry(node.kind.to_string()).or_default() += 1);
        kinds
    }

    fn files(&self) -> BTreeSet<String> {
        let files = self.nodes.values().filter(|node| node.kind == "File");
        files.filter_map(|node| node.key.as_ref()).map(Key::to_string).collect()
    }
}

fn graph() -> GraphId {
    GraphId::named("g")
}

fn source() -> ImportSource {
    ImportSource::new(graph())
}

fn all(import: impl Import) -> Vec<Transaction> {
    import.collect::<Result<_, _>>().expect("the input is good")
}

/// Returns a file of the shared data, or `None` with a printed reason where it is not there and need not be.
fn data(file: &str) -> Option<PathBuf> {
    let fallback = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data"));
    let path = std::env::var_os("CIDGRAPH_DATA").map_or_else(fallback, PathBuf::from).join(file);
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var_os("CI").is_none(), "{} is missing", path.display());
    eprintln!("skipped: {} is missing", path.display());
    None
}

fn monotone(transactions: &[Transaction]) -> bool {
    transactions.is_sorted_by_key(|transaction| transaction.timestamp_ns)
}

fn edge_list(file: &str, columns: Option<&str>, nodes: usize, edges: usize) {
    let Some(path) = data(file) else { return };
    let columns = columns.map(|names| names.split(',').map(str::to_owned).collect());
    let format = EdgesFormat { columns, ..EdgesFormat::default() };
    let transactions = all(EdgesImport::open(source(), format.clone(), &path).expect("opens"));
    let model = Model::of(&transactions);
    assert_eq!((model.nodes.len(), model.edges.len()), (nodes, edges));
    assert!(monotone(&transactions));
    let commands: Vec<_> = transactions.iter().map(|transaction| transaction.commands.len()).collect();
    let full = &commands[..commands.len() - 1];
    assert!(full.iter().all(|count| (998..=1000).contains(count)), "a row is at most three commands: {full:?}");
    let again = EdgesImport::open(source(), format, &path).expect("opens");
    assert_eq!(again.transaction_count(), Some(commands.len() as u64));
    assert_eq!(transactions, all(again));
}

#[test]
fn edge_lists_have_their_published_sizes() {
    edge_list("CollegeMsg.txt.gz", None, 1_899, 59_835);
    edge_list("bitcoin-otc-edges.csv.gz", Some("src,dst,rating,time"), 5_881, 35_592);
    edge_list("email-Eu-core-temporal.txt.gz", None, 986, 332_334);
}

#[test]
fn the_social_network_has_as_many_elements_of_a_kind_as_lines() {
    let Some(folder) = data("snb-sf0.003/vanilla") else { return };
    let (mut nodes, mut edges) = (Vec::new(), Vec::new());
    for part in ["static", "dynamic"] {
        for entry in std::fs::read_dir(folder.join(part)).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a file").to_string_lossy().into_owned();
            if name.matches('_').count() == 2 { nodes.push(path) } else { edges.push(path) }
        }
    }
    let lists = vec!["Person.language".to_owned(), "Person.email".to_owned()];
    let format = CsvFormat { nodes: nodes.clone(), edges: edges.clone(), lists, ..CsvFormat::default() };
    let model = Model::of(&all(CsvImport::open(source(), &format).expect("opens")));
    let lines = |path: &Path| std::fs::read_to_string(path).expect("reads").lines().count() - 1;
    let stem = |path: &Path| path.file_name().expect("a file").to_string_lossy().replace("_0_0.csv", "");
    let kinds = model.kinds();
    for path in &nodes {
        let (kind, count) = kinds.iter().find(|(kind, _)| kind.eq_ignore_ascii_case(&stem(path))).expect("the kind");
        assert_eq!(*count, lines(path), "{kind}");
    }
    let mut relations: BTreeMap<String, usize> = BTreeMap::new();
    for (source, kind, target) in &model.edges {
        let (source, target) = (&model.nodes[source].kind, &model.nodes[target].kind);
        *relations.entry(format!("{source}_{kind}_{target}").to_lowercase()).or_default() += 1;
    }
    for path in &edges {
        assert_eq!(relations[&stem(path).to_lowercase()], lines(path), "{}", stem(path));
    }
    assert_eq!(relations.len(), edges.len());
    let person = NodeId::of_key(graph(), "Person", &Key::Number(8_796_093_022_220));
    let shown = format!("{:?}", model.nodes[&person].components);
    assert!(shown.contains(r#""language": ["es", "en"]"#), "{shown}");
}

fn git(folder: &Path, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("git")
        .current_dir(folder)
        .args(["-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "protocol.file.allow=always"])
        .args(arguments)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_AUTHOR_DATE", "2001-02-03T04:05:06Z")
        .env("GIT_COMMITTER_DATE", "2001-02-03T04:05:06Z")
        .output()
        .expect("git runs");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn listed(folder: &Path, commit: &str) -> BTreeSet<String> {
    let list = git(folder, &["ls-tree", "-r", "-z", "--name-only", "--full-tree", commit]);
    list.split(|byte| *byte == 0).filter(|path| !path.is_empty()).map(path_text).collect()
}

/// Imports a repository and checks its live files after every commit.
fn import_git(folder: &Path, format: GitFormat) -> Model {
    let mut model = Model::default();
    for transaction in GitImport::open(source(), format, folder).expect("opens") {
        let transaction = transaction.expect("a commit");
        transaction.commands.iter().for_each(|command| model.apply(command));
        let (_, commit) = transaction.positions[0].file.rsplit_once('@').expect("a commit id");
        assert_eq!(model.files(), listed(folder, commit), "after {commit}");
    }
    model
}

fn write(folder: &Path, file: impl AsRef<Path>, text: &str) {
    let path = folder.join(file);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    std::fs::write(path, text).expect("written");
}

/// Makes a repository with files added, changed, removed and added again, a folder that becomes a file, a link, a
/// mode change, an odd path and a merge.
fn odd_repository() -> tempfile::TempDir {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let commit = |message: &str| {
        git(path, &["add", "-A"]);
        git(path, &["commit", "-q", "--allow-empty", "-m", message]);
    };
    git(path, &["init", "-q", "-b", "main"]);
    write(path, "a", "1");
    write(path, "d/b", "1");
    write(path, Path::new(std::ffi::OsStr::from_bytes(b"odd/\xff%\n")), "1");
    commit("first");
    write(path, "a", "2");
    std::fs::remove_dir_all(path.join("d")).expect("removed");
    write(path, "d", "now a file");
    std::os::unix::fs::symlink("a", path.join("link")).expect("linked");
    commit("second");
    git(path, &["rm", "-q", "a", "d"]);
    commit("third");
    git(path, &["checkout", "-q", "-b", "side"]);
    write(path, "side", "1");
    commit("on the side");
    git(path, &["checkout", "-q", "main"]);
    write(path, "a", "again");
    commit("fourth");
    git(path, &["merge", "-q", "--no-ff", "-m", "merge", "side"]);
    git(path, &["update-index", "--chmod=+x", "a"]);
    git(path, &["commit", "-q", "-m", "mode"]);
    commit("empty");
    folder
}

#[test]
fn live_files_are_those_of_the_tree_after_every_commit() {
    let folder = odd_repository();
    let model = import_git(folder.path(), GitFormat::default());
    assert_eq!(model.kinds()["Commit"], 8);
    assert_eq!(model.kinds()["Author"], 1);
    let parents = model.edges.iter().filter(|(_, kind, _)| kind == "parent").count();
    assert_eq!(parents, 7, "six on the line and one to the side");
    let again = |format: GitFormat| all(GitImport::open(source(), format, folder.path()).expect("opens"));
    assert_eq!(again(GitFormat::default()), again(GitFormat::default()));
    let kept = again(GitFormat { keep_emails: true, ..GitFormat::default() });
    assert!(format!("{kept:?}").contains("a@b.c"));
    assert!(!format!("{:?}", again(GitFormat::default())).contains("a@b.c"));
    let side = import_git(folder.path(), GitFormat { branch: Some("side".to_owned()), ..GitFormat::default() });
    assert_eq!(side.kinds()["Commit"], 4);
}

#[test]
fn bare_clones_and_detached_heads_are_imported() {
    let folder = odd_repository();
    let into = tempfile::tempdir().expect("a folder");
    let bare = into.path().join("bare.git");
    git(into.path(), &["clone", "-q", "--bare", &folder.path().to_string_lossy(), &bare.to_string_lossy()]);
    let files = import_git(&bare, GitFormat::default()).files();
    git(folder.path(), &["checkout", "-q", "--detach"]);
    assert_eq!(import_git(folder.path(), GitFormat::default()).files(), files);
}

#[test]
fn this_repository_is_imported() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    if !folder.join(".git").exists() {
        eprintln!("skipped: {} is no repository", folder.display());
        return;
    }
    let model = import_git(folder, GitFormat { shallow: true, ..GitFormat::default() });
    assert_eq!(model.files(), listed(folder, "HEAD"));
}

#[track_caller]
fn git_refused(folder: &Path, format: GitFormat, expected: &str) {
    let error = GitImport::open(source(), format, folder).expect_err("refused").to_string();
    assert!(error.contains(expected) && error.lines().count() == 1, "{error}");
}

#[test]
fn what_is_no_whole_repository_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    git_refused(folder.path(), GitFormat::default(), "expected a git repository");
    git_refused(&folder.path().join("missing"), GitFormat::default(), "expected a git repository");
    git(folder.path(), &["init", "-q"]);
    git_refused(folder.path(), GitFormat::default(), "expected at least one commit");
    let full = odd_repository();
    let branch = Some("no-such".to_owned());
    git_refused(full.path(), GitFormat { branch, ..GitFormat::default() }, "expected a branch, tag or full commit id");
    let shallow = folder.path().join("shallow");
    let url = format!("file://{}", full.path().display());
    git(folder.path(), &["clone", "-q", "--depth", "2", &url, &shallow.to_string_lossy()]);
    git_refused(&shallow, GitFormat::default(), "the clone is shallow");
    import_git(&shallow, GitFormat { shallow: true, ..GitFormat::default() });
}

/// Writes a file into a folder of its own and gives it to `import`.
fn with_file<T>(name: &str, content: &[u8], import: impl FnOnce(&Path) -> T) -> T {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    std::fs::write(&path, content).expect("written");
    import(&path)
}

fn edges_of(content: &[u8], format: EdgesFormat, skip_bad: u64) -> Result<Vec<Transaction>, ImportError> {
    with_file("e.txt", content, |path| {
        EdgesImport::open(ImportSource { skip_bad, ..source() }, format, path)?.collect()
    })
}

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, ImportError>, expected: &str) {
    let error = result.expect_err("refused").to_string();
    let line = error.rsplit('/').next().expect("a line");
    assert_eq!(line, expected);
}

#[test]
fn a_bad_edge_is_named_with_line_and_column() {
    let edges = |content: &[u8]| edges_of(content, EdgesFormat::default(), 0);
    refused(edges(b"1 2 3\n1 2\n"), r#"e.txt:2:3: expected 3 columns, found "1 2""#);
    refused(
        edges(b"# c\n\n1 2 3\n1 2 -4\n"),
        r#"e.txt:4:5: expected a time of at least 0 and at most 2^63-1 nanoseconds, as a decimal number, found "-4""#,
    );
    refused(edges(b"1,2,3\n,2,3\n"), "e.txt:2:1: expected a node's key, found nothing");
    refused(
        edges(b"1 2 3 4\n"),
        r#"e.txt:1: expected 2 columns (src dst) or 3 (src dst time), or names for them by --columns, found "1 2 3 4""#,
    );
    refused(edges(b"src,dst,w,w\n"), r#"e.txt:1:4: expected column names that do not stand twice, found "w""#);
    refused(edges(b"1 2 \xff\n"), "e.txt:1:5: expected UTF-8 text, found \"\u{fffd}\"");
    let long = [b"1 2 3\n".to_vec(), vec![b'1'; 10_000_000]].concat();
    refused(edges(&long), "e.txt:2: expected a line of at most 1048576 bytes, found 10000000 bytes");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut packed, b"1 2 3\n").expect("packed");
    let cut = packed.finish().expect("packed");
    let error = edges(&cut[..cut.len() - 6]).expect_err("cut").to_string();
    assert!(error.starts_with("cannot read ") && error.lines().count() == 1, "{error}");
}

#[test]
fn bad_lines_are_left_out_up_to_the_limit() {
    let lines = b"1 2 3\nx\n1 3 4\n\xff\n2 3 5\n";
    let model = Model::of(&edges_of(lines, EdgesFormat::default(), 2).expect("two may be bad"));
    assert_eq!((model.nodes.len(), model.edges.len()), (3, 3));
    refused(
        edges_of(lines, EdgesFormat::default(), 1),
        "e.txt:4:1: expected UTF-8 text, found \"\u{fffd}\"; it is bad line 2 and --skip-bad allows 1",
    );
}

#[test]
fn edges_come_in_time_order_with_their_columns_as_properties() {
    let content = b"source\ttarget\ttime\tw\tnote\nb\ta\t2.5\t1\tx y\na\tb\t1\t2\t\na\tc\t1\t3\tz\n";
    let transactions = edges_of(content, EdgesFormat::default(), 0).expect("good");
    let [transaction] = transactions.as_slice() else { panic!("one transaction") };
    assert_eq!(transaction.timestamp_ns, 2_500_000_000);
    let lines: Vec<u64> = transaction.positions.iter().map(|position| position.line).collect();
    assert_eq!(lines, [3, 3, 3, 4, 4, 2]);
    let edges: Vec<String> = transaction
        .commands
        .iter()
        .filter_map(|command| match command {
            GraphCommand::ConnectEdge { edge } => Some(format!("{:?}", edge.properties)),
            _ => None,
        })
        .collect();
    assert_eq!(
        edges,
        [
            r#"{"w": 2, "time": 1.0}"#,
            r#"{"w": 3, "note": "z", "time": 1.0}"#,
            r#"{"w": 1, "note": "x y", "time": 2.5}"#
        ]
    );
}

#[test]
fn commands_come_in_transactions_that_the_file_may_name() {
    let lines = concat!(
        r#"{"add_node":{"kind":"P","key":1}}"#,
        "\n\n",
        r#"{"transaction":{"timestamp_ns":7,"actor":"alice"}}"#,
        "\n",
        r#"{"add_node":{"kind":"P","key":2}}"#,
        "\n",
        r#"{"connect_edge":{"kind":"e","source":{"kind":"P","key":1},"target":{"kind":"P","key":2}}}"#,
        "\n",
    );
    let read = |content: &[u8], skip_bad| {
        with_file("c.jsonl", content, |path| {
            JsonlImport::open(ImportSource { skip_bad, ..source() }, path)?.collect::<Result<Vec<_>, _>>()
        })
    };
    let many = format!("{{\"transaction\":{{}}}}\n{}", "{\"rename_graph\":{\"name\":\"n\"}}\n".repeat(2500));
    assert_eq!(read(many.as_bytes(), 0).expect("good").len(), 1);
    let (_, unnamed) = many.split_once('\n').expect("lines");
    assert_eq!(read(unnamed.as_bytes(), 0).expect("good").len(), 3);
    let transactions = read(lines.as_bytes(), 0).expect("good");
    let shape: Vec<_> = transactions.iter().map(|t| (t.commands.len(), t.timestamp_ns, t.actor.as_str())).collect();
    assert_eq!(shape, [(1, 0, "import"), (2, 7, "alice")]);
    refused(
        read(b"{\"add_node\":{\"kind\":3}}", 0),
        r#"c.jsonl:1:21: expected a command (invalid type: integer `3`, expected a string), found "3}}""#,
    );
    assert_eq!(read(b"x\n{\"rename_graph\":{\"name\":\"n\"}}\n", 1).expect("one may be bad").len(), 1);
}
