//! A server of a test's own, and the arguments that lead the binary to it.

use cidgraph_harness::nats::{Server, SyncInterval, or_skip};
use tempfile::TempDir;

use crate::binary::{done, field, write};

/// A server and a folder to work in; both go with this.
pub(crate) struct Served {
    pub(crate) server: Server,
    pub(crate) folder: TempDir,
}

impl Served {
    /// Starts a server; `None` where there is none on this machine.
    pub(crate) fn start() -> Option<Self> {
        let server = or_skip(Server::start(SyncInterval::Default))?;
        Some(Self { server, folder: tempfile::tempdir().expect("a folder") })
    }

    /// Returns arguments that lead to the server.
    pub(crate) fn on<'a>(&'a self, arguments: &[&'a str]) -> Vec<&'a str> {
        on(&self.server.url, arguments)
    }

    /// Runs the binary on the server and returns what it printed.
    #[track_caller]
    pub(crate) fn done(&self, arguments: &[&str]) -> String {
        done(self.folder.path(), &self.on(arguments))
    }

    /// Runs the binary on the embedded store and returns what it printed.
    #[track_caller]
    pub(crate) fn done_embedded(&self, arguments: &[&str]) -> String {
        done(self.folder.path(), arguments)
    }

    /// Writes a file into the folder.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        write(self.folder.path(), name, content);
    }

    /// Returns a field of what `stats --json` says of a graph on the server.
    #[track_caller]
    pub(crate) fn stats(&self, graph: &str, pointer: &str) -> String {
        field(&self.done(&["stats", "--json", "--graph", graph]), pointer)
    }
}

/// Returns arguments that lead to servers.
pub(crate) fn on<'a>(urls: &'a str, arguments: &[&'a str]) -> Vec<&'a str> {
    [arguments, &["--store", "jetstream", "--nats-url", urls]].concat()
}

/// Returns a list of `count` edges with times and weights among some 300 nodes.
pub(crate) fn edges(count: u64) -> String {
    let edge = |index: u64| {
        let (source, target) = (index * index * 7 % 311, (index * 31 + 5) % 293);
        format!("{source},{target},{},{}\n", index % 21, 1_000_000 + index)
    };
    (0..count).map(edge).collect()
}

/// What reads such a list, but for the graph.
pub(crate) const IMPORT_EDGES: &[&str] = &["import", "edges", "e.csv", "--columns", "src,dst,weight,time", "--graph"];
