//! A real NATS server of a test's own: on loopback, on a free port, in a folder that goes with it.
//!
//! Where there is no server a test is skipped with a printed reason; under `CI` it fails.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cidgraph_store_jetstream::JetStreamConfig;
use tempfile::TempDir;

/// The version that `scripts/setup` installs.
const VERSION: &str = "2.15.1";

/// How long a server may take to start.
const START: Duration = Duration::from_secs(20);

/// When the server writes to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sync {
    /// Every two minutes.
    Default,
    /// Before each acknowledgement.
    Always,
}

/// A running server; it ends with this.
#[derive(Debug)]
pub(crate) struct Server {
    process: Child,
    folder: TempDir,
    /// Lines of its file besides those that all servers have.
    lines: String,
    /// The address of its clients.
    pub(crate) url: String,
    /// The address of its monitor.
    pub(crate) monitor_url: String,
}

impl Server {
    /// Starts a server, or says why there is none.
    pub(crate) fn start(sync: Sync) -> Option<Self> {
        Self::start_with(sync, "")
    }

    /// Starts a server whose file has more lines.
    pub(crate) fn start_with(sync: Sync, lines: &str) -> Option<Self> {
        let mut server = spawn_server(sync, lines)?;
        server.wait();
        Some(server)
    }

    /// Waits until the server says where it listens.
    fn wait(&mut self) {
        (self.url, self.monitor_url) = self.addresses();
    }

    /// Kills the server and starts it again at the same addresses with the same files.
    pub(crate) fn restart(&mut self, sync: Sync) {
        self.kill();
        let port = |url: &str| url.rsplit_once(':').unwrap().1.to_owned();
        write_config(self.folder.path(), &port(&self.url), &port(&self.monitor_url), sync, &self.lines);
        self.process = spawn(&program().unwrap(), self.folder.path());
        self.addresses();
    }

    /// Ends the server as a crash would.
    pub(crate) fn kill(&mut self) {
        drop(self.process.kill());
        self.process.wait().unwrap();
        for file in fs::read_dir(self.folder.path().join("ports")).unwrap() {
            fs::remove_file(file.unwrap().path()).unwrap();
        }
    }

    /// Waits until the server says where it listens.
    fn addresses(&mut self) -> (String, String) {
        let until = Instant::now() + START;
        loop {
            if let Some(addresses) = self.written_addresses() {
                return addresses;
            }
            let log = || fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            assert!(self.process.try_wait().unwrap().is_none(), "the server ended: {}", log());
            assert!(Instant::now() < until, "the server did not start: {}", log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn written_addresses(&self) -> Option<(String, String)> {
        let file = fs::read_dir(self.folder.path().join("ports")).unwrap().next()?.unwrap().path();
        let ports: serde_json::Value = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
        let first = |list: &str| Some(ports[list][0].as_str()?.to_owned());
        Some((first("nats")?, first("monitoring")?))
    }
}

/// Three servers that replicate; they end with this.
#[derive(Debug)]
pub(crate) struct Cluster {
    /// The servers.
    pub(crate) servers: Vec<Server>,
}

impl Cluster {
    /// Starts three servers, or says why there are none.
    pub(crate) fn start(sync: Sync) -> Option<Self> {
        let listeners: Vec<_> = (0..3).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let routes: Vec<_> = listeners.iter().map(|listener| listener.local_addr().unwrap().to_string()).collect();
        drop(listeners);
        let peers: Vec<_> = routes.iter().map(|route| format!("nats://{route}")).collect();
        let lines = |number: usize, route: &str| {
            let peers = peers.join(", ");
            format!("server_name: n{number}\ncluster {{ name: c, listen: \"{route}\", routes: [{peers}] }}")
        };
        let started = (1..).zip(&routes).map(|(number, route)| spawn_server(sync, &lines(number, route)));
        let mut servers = started.collect::<Option<Vec<_>>>()?;
        servers.iter_mut().for_each(Server::wait);
        Some(Self { servers })
    }

    /// Returns what a store on all three must be told. A request that meets no leader yet is soon sent again.
    pub(crate) fn config(&self) -> JetStreamConfig {
        JetStreamConfig {
            urls: self.servers.iter().map(|server| server.url.clone()).collect(),
            replicas: 3,
            request_timeout: Duration::from_millis(500),
            deadline: Duration::from_secs(60),
            ..JetStreamConfig::new("")
        }
    }

    /// Returns the addresses of all monitors.
    pub(crate) fn monitor_urls(&self) -> Vec<String> {
        self.servers.iter().map(|server| server.monitor_url.clone()).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn spawn_server(sync: Sync, lines: &str) -> Option<Server> {
    let Some(program) = program() else {
        let reason = "there is no nats-server: scripts/setup installs it";
        assert!(std::env::var_os("CI").is_none(), "{reason}");
        eprintln!("skipped: {reason}");
        return None;
    };
    let folder = tempfile::tempdir().unwrap();
    write_config(folder.path(), "-1", "-1", sync, lines);
    let process = spawn(&program, folder.path());
    let lines = lines.to_owned();
    Some(Server { process, folder, lines, url: String::new(), monitor_url: String::new() })
}

fn program() -> Option<PathBuf> {
    if let Some(program) = std::env::var_os("NATS_SERVER") {
        return Some(program.into());
    }
    let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache"));
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home)?;
    let program = cache.join(format!("cidgraph/nats-server-{VERSION}/nats-server"));
    program.exists().then_some(program)
}

fn write_config(folder: &Path, port: &str, monitor_port: &str, sync: Sync, lines: &str) {
    let ports = folder.join("ports");
    fs::create_dir_all(&ports).unwrap();
    let sync = if sync == Sync::Always { "sync_interval: always" } else { "" };
    let config = format!(
        "listen: \"127.0.0.1:{port}\"\nhttp: \"127.0.0.1:{monitor_port}\"\nports_file_dir: {ports:?}\n\
         jetstream {{ store_dir: {:?}\n {sync}\n }}\n{lines}\n",
        folder.join("store")
    );
    fs::write(folder.join("server.conf"), config).unwrap();
}

fn spawn(program: &Path, folder: &Path) -> Child {
    let mut command = Command::new(program);
    command.arg("--config").arg(folder.join("server.conf")).arg("--log").arg(folder.join("log"));
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}
