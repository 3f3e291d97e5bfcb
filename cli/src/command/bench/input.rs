//! The real input of the bench, through the command's own importers.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cidgraph::{GraphId, GraphView, Value};
use cidgraph_harness::section::{InputCheck, RealInput, ServiceError};
use cidgraph_harness::workload::WorkloadTransaction;

use crate::import::edges::{EdgesFormat, EdgesImport};
use crate::import::git::{GitFormat, GitImport};
use crate::import::{Import, ImportSource, Transaction};

/// Opens `file` as an edge list.
pub(super) fn edge_list(file: &Path) -> Result<RealInput, ServiceError> {
    let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned();
    let source = ImportSource::new(GraphId::named(&name));
    let import = EdgesImport::open(source.clone(), EdgesFormat::default(), file).map_err(ServiceError::new)?;
    Ok(of(name, &source, Box::new(import), None))
}

/// Opens the git repository at `path`.
pub(super) fn repository(path: &Path) -> Result<RealInput, ServiceError> {
    let name = "this clone's git history";
    let source = ImportSource::new(GraphId::named("git"));
    let format = GitFormat { shallow: true, ..GitFormat::default() };
    let import = GitImport::open(source.clone(), format, path).map_err(ServiceError::new)?;
    let check = files_at_head(path).map(|files| -> InputCheck { Box::new(move |view| differing(view, &files)) });
    Ok(of(name.to_owned(), &source, Box::new(import), check))
}

/// Returns the nearest folder, from the working folder upwards, that holds a git repository.
pub(super) fn repository_around() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    here.ancestors().find(|folder| folder.join(".git").exists()).map(Path::to_owned)
}

fn of(
    name: String,
    source: &ImportSource,
    import: Box<dyn Import + Send>,
    differing_files: Option<InputCheck>,
) -> RealInput {
    let graph = source.graph;
    let create = Transaction::create_graph(graph, &name, &source.actor, source.clock_ns);
    let transactions = std::iter::once(Ok(create)).chain(import).map(move |transaction| {
        let transaction = transaction.map_err(ServiceError::new)?;
        Ok(WorkloadTransaction { graph, context: transaction.context(), commands: transaction.commands })
    });
    RealInput { name, graph, transactions: Box::new(transactions), differing_files }
}

/// Asks git itself for the files of the last commit; `None` where there is no git.
fn files_at_head(path: &Path) -> Option<BTreeSet<String>> {
    let arguments = ["ls-tree", "-r", "--name-only", "-z", "--full-tree", "HEAD"];
    let output = Command::new("git").arg("-C").arg(path).args(arguments).stderr(Stdio::null()).output().ok()?;
    if !output.status.success() {
        return None;
    }
    let names = output.stdout.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    Some(names.map(|name| String::from_utf8_lossy(name).into_owned()).collect())
}

/// Counts the files that only the graph or only the commit has.
fn differing(view: &GraphView, files: &BTreeSet<String>) -> u64 {
    let nodes = view.at().nodes().map(|node| view.at().node_view(node)).filter(|node| node.kind == "File");
    let path = |properties: &cidgraph::Properties| match properties.get("path") {
        Some(Value::Text(path)) => Some(path.to_string()),
        Some(_) | None => None,
    };
    let paths =
        nodes.filter_map(|node| path(&node.components.iter().find(|one| one.component_type == "File")?.properties));
    let live: BTreeSet<String> = paths.collect();
    live.symmetric_difference(files).count() as u64
}
