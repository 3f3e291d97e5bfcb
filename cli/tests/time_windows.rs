//! A repository of ten years, imported into a store in memory and into one on a server: time windows and filters give
//! the same events.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use cidgraph::stream::{EventStreamTransaction, StreamEvent};
use cidgraph::{
    AggregateId, Cid, Engine, EventFilter, EventStore, EventStreamService, GraphId, ManualClock, ReplayPolicy,
    Submission, TransactionOptions,
};
use cidgraph_cli::import::git::{GitFormat, GitImport};
use cidgraph_cli::import::{ImportSource, Transaction};
use cidgraph_harness::nats::{Server, SyncInterval, or_skip};
use cidgraph_store_jetstream::{JetStreamConfig, JetStreamStore};
use cidgraph_store_memory::MemoryStore;

/// Commits of the first-parent line, nine days apart: about ten years.
const COMMITS: u64 = 400;
const DAY_S: u64 = 86_400;
const START_S: u64 = 1_200_000_000;
const SECOND_NS: u64 = 1_000_000_000;

/// Returns the committer's time of a commit: every 25th comes from a clock that is a month behind.
const fn time_s(commit: u64) -> u64 {
    let back = if commit % 25 == 24 { 30 * DAY_S } else { 0 };
    START_S + commit * 9 * DAY_S - back
}

fn begin(script: &mut String, branch: &str, mark: u64, commit: u64, message: &str) {
    let author = ["Ada", "Björn", "Chen"][usize::try_from(commit % 3).expect("it is small")];
    let who = format!("{author} <{author}@example.org> {} +0000", time_s(commit));
    write!(
        script,
        "commit refs/heads/{branch}\nmark :{mark}\nauthor {who}\ncommitter {who}\ndata {}\n{message}\n",
        message.len()
    )
    .expect("a string takes all");
}

fn put(script: &mut String, path: &str, text: &str) {
    writeln!(script, "M 100644 inline {path}\ndata {}\n{text}", text.len()).expect("a string takes all");
}

/// Says the history: files that are added, changed, removed and added again; every tenth commit merges a side branch.
fn history() -> String {
    let mut script = String::new();
    for commit in 0..COMMITS {
        let (mark, side) = (2 * commit + 2, 2 * commit + 1);
        let merges = commit % 10 == 9;
        if merges {
            begin(&mut script, "side", side, commit, &format!("side {commit}"));
            writeln!(script, "from :{}", 2 * (commit - 5) + 2).expect("a string takes all");
            put(&mut script, &format!("side/{}", commit % 40), &format!("side {commit}"));
        }
        begin(&mut script, "main", mark, commit, &format!("commit {commit}"));
        if commit > 0 {
            writeln!(script, "from :{}", mark - 2).expect("a string takes all");
        }
        if merges {
            writeln!(script, "merge :{side}").expect("a string takes all");
            put(&mut script, &format!("side/{}", commit % 40), &format!("side {commit}"));
        }
        put(&mut script, &format!("files/{}", commit % 17), &format!("text {commit}"));
        if commit % 13 == 12 {
            writeln!(script, "D files/{}", (commit - 1) % 17).expect("a string takes all");
        }
    }
    script
}

fn git(folder: &Path, arguments: &[&str], input: &str) {
    let mut command = Command::new("git");
    command.current_dir(folder).args(arguments).env("GIT_CONFIG_NOSYSTEM", "1").stdin(Stdio::piped());
    let mut child = command.spawn().expect("git runs");
    child.stdin.take().expect("it is piped").write_all(input.as_bytes()).expect("git reads");
    assert!(child.wait().expect("git ends").success(), "git {arguments:?}");
}

fn repository() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    git(folder.path(), &["init", "-q", "-b", "main"], "");
    git(folder.path(), &["fast-import", "--quiet"], &history());
    folder
}

/// Imports two branches, each as a graph.
async fn import(store: &Arc<dyn EventStore>, repository: &Path) {
    let clock = Arc::new(ManualClock::at(0));
    let engine = Engine::builder(Arc::clone(store)).clock(clock.clone()).build();
    for branch in ["main", "side"] {
        let graph = GraphId::named(branch);
        let source = ImportSource::new(graph);
        let format = GitFormat { branch: Some(branch.to_owned()), ..GitFormat::default() };
        let mut create = true;
        for transaction in GitImport::open(source, format, repository).expect("it is a repository") {
            let transaction = transaction.expect("a commit");
            clock.set(transaction.timestamp_ns);
            if create {
                let Transaction { actor, timestamp_ns, .. } = &transaction;
                submit(&engine, graph, Transaction::create_graph(graph, branch, actor, *timestamp_ns)).await;
                create = false;
            }
            submit(&engine, graph, transaction).await;
        }
    }
    engine.close().await;
}

async fn submit(engine: &Engine, graph: GraphId, transaction: Transaction) {
    let context = transaction.context();
    let submission = Submission { context, commands: transaction.commands, expected: None };
    engine.submit(graph, submission).await.expect("an import breaks no rule");
}

/// What must be the same of an event: all but its place in the store.
fn shown(events: &[StreamEvent]) -> Vec<(Cid, AggregateId, u64, u64)> {
    let one = |event: &StreamEvent| {
        (event.cid, event.header.aggregate, event.header.metadata.version, event.header.timestamp_ns)
    };
    events.iter().map(one).collect()
}

struct Both {
    memory: EventStreamService,
    jetstream: EventStreamService,
    /// Everything, as the store in memory tells it.
    all: Vec<StreamEvent>,
}

impl Both {
    /// Checks that both stores give exactly the events of a window that pass, and returns how many.
    async fn agree(&self, start_ns: u64, end_ns: u64, filter: Option<&EventFilter>) -> usize {
        let within = |event: &&StreamEvent| (start_ns..end_ns).contains(&event.header.timestamp_ns);
        let passes = |event: &&StreamEvent| filter.is_none_or(|filter| filter.matches(event));
        let expected: Vec<StreamEvent> = self.all.iter().filter(within).filter(passes).cloned().collect();
        for service in [&self.memory, &self.jetstream] {
            let window = service.fetch_time_window(start_ns, end_ns, filter.cloned()).await.expect("it is whole");
            assert_eq!(shown(&window.events), shown(&expected), "{start_ns}..{end_ns} {filter:?}");
        }
        expected.len()
    }

    async fn fetch(service: &EventStreamService, start_ns: u64) -> EventStreamTransaction {
        let replay_policy = ReplayPolicy::ByTime { start_ns };
        let options = TransactionOptions { replay_policy, max_events: Some(50), ..TransactionOptions::default() };
        service.fetch_transaction(AggregateId::from(GraphId::named("main")), options).await.expect("it is whole")
    }
}

async fn imported(repository: &Path, server: &Server) -> Both {
    let jetstream = JetStreamStore::connect(JetStreamConfig::new(&server.url)).await.expect("it is there");
    let stores: [Arc<dyn EventStore>; 2] = [Arc::new(MemoryStore::new()), Arc::new(jetstream)];
    for store in &stores {
        import(store, repository).await;
    }
    let [memory, jetstream] = stores.map(EventStreamService::new);
    let all = memory.fetch_time_window(0, u64::MAX, None).await.expect("it is whole").events;
    Both { memory, jetstream, all }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_years_of_commits_give_the_same_time_windows_on_both_stores() {
    let Some(server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    let repository = repository();
    let both = imported(repository.path(), &server).await;
    let first_ns = START_S * SECOND_NS;
    let span_ns = both.all.iter().map(|event| event.header.timestamp_ns).max().expect("there are events") - first_ns;
    assert!(both.all.len() > 2000 && span_ns > 9 * 365 * DAY_S * SECOND_NS, "{} events", both.all.len());
    both.agree(0, u64::MAX, None).await;
    let quarter_ns = 91 * DAY_S * SECOND_NS;
    let mut counted = 0;
    for quarter in 0..=span_ns / quarter_ns {
        let start_ns = first_ns + quarter * quarter_ns;
        counted += both.agree(start_ns, start_ns + quarter_ns, None).await;
    }
    assert_eq!(counted, both.all.len(), "windows side by side hold each event once");
    // A commit from a clock that is behind has the time of the one before it.
    for commit in [0, 23, 24, 25, 26, COMMITS - 1] {
        let at_ns = time_s(commit) * SECOND_NS;
        for (start_ns, end_ns) in [(at_ns, at_ns), (at_ns, at_ns + 1), (at_ns - 1, at_ns), (at_ns + 1, at_ns + DAY_S)] {
            both.agree(start_ns, end_ns, None).await;
        }
        let (memory, jetstream) = (Both::fetch(&both.memory, at_ns).await, Both::fetch(&both.jetstream, at_ns).await);
        assert_eq!(shown(&memory.events), shown(&jetstream.events));
    }
    let filters = [
        EventFilter::ByActor("Björn".into()),
        EventFilter::ByAggregate(AggregateId::from(GraphId::named("side"))),
        EventFilter::ByEventType("EdgeConnected".into()),
        EventFilter::ByCorrelation(both.all[1000].header.metadata.correlation),
        EventFilter::Subject("event.store.*.NodeRemoved".parse().expect("it is a pattern")),
    ];
    for filter in &filters {
        assert!(both.agree(0, u64::MAX, Some(filter)).await > 0, "{filter:?} passes something");
        for year in 0..10 {
            let start_ns = first_ns + year * 4 * quarter_ns;
            both.agree(start_ns, start_ns + 4 * quarter_ns, Some(filter)).await;
        }
    }
}
