//! One server: on loopback, on ports of its own, in a folder that goes with it.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::error::NatsError;
use super::monitor::{StreamState, stream_state};
use super::ports::free_ports;
use super::program::program;

/// How long a server may take to start.
const START: Duration = Duration::from_secs(20);

/// Looks at a server that is starting, one after the other.
const LOOK: Duration = Duration::from_millis(5);

/// Starts with other ports, where the first ones are taken.
pub(super) const STARTS_MAX: usize = 10;

/// Lines of a log that an error shows.
const LOG_LINES: usize = 5;

/// What systems say where a port is taken.
const PORT_TAKEN: [&str; 2] = ["address already in use", "Only one usage of each socket address"];

/// When a server writes to the disk (its `sync_interval`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncInterval {
    /// Every two minutes.
    Default,
    /// Before each acknowledgement.
    Always,
}

/// A server; it ends with this, and so does what it kept.
#[derive(Debug)]
pub struct Server {
    /// `None` where it was killed.
    process: Option<Child>,
    program: PathBuf,
    folder: TempDir,
    starts: u32,
    /// Its name, as its cluster knows it.
    pub name: String,
    /// The address of its clients, `nats://host:port`.
    pub url: String,
    /// The address of its monitor, `http://host:port`.
    pub monitor_url: String,
}

impl Server {
    /// Starts a server.
    ///
    /// # Errors
    /// [`NatsError::NoProgram`] where this machine has none; others where it does not start.
    pub fn start(sync: SyncInterval) -> Result<Self, NatsError> {
        Self::start_with(sync, "")
    }

    /// Starts a server whose configuration file has more lines.
    ///
    /// # Errors
    /// As [`start`](Self::start), and where the server does not take the lines.
    pub fn start_with(sync: SyncInterval, lines: &str) -> Result<Self, NatsError> {
        let mut tries = 1;
        loop {
            let mut server = Self::spawn("n1", free_ports()?, sync, lines)?;
            match server.wait() {
                Err(NatsError::PortTaken) if tries < STARTS_MAX => tries += 1,
                Err(error) => return Err(error),
                Ok(()) => return Ok(server),
            }
        }
    }

    /// Starts a server's process without waiting for it.
    pub(super) fn spawn(name: &str, ports: [u16; 2], sync: SyncInterval, lines: &str) -> Result<Self, NatsError> {
        let program = program()?;
        let folder = tempfile::Builder::new().prefix("cidgraph-nats-").tempdir().map_err(NatsError::files)?;
        let [port, monitor_port] = ports;
        let config = configuration(folder.path(), name, ports, sync) + lines + "\n";
        fs::create_dir(folder.path().join("ports")).map_err(NatsError::files)?;
        fs::write(folder.path().join("server.conf"), config).map_err(NatsError::files)?;
        let url = format!("nats://127.0.0.1:{port}");
        let monitor_url = format!("http://127.0.0.1:{monitor_port}");
        let name = name.to_owned();
        let mut server = Self { process: None, program, folder, starts: 0, name, url, monitor_url };
        server.run()?;
        Ok(server)
    }

    /// Ends the server as a crash would (SIGKILL) and waits until it is gone; without effect where it is.
    ///
    /// # Errors
    /// Those of the system.
    pub fn kill(&mut self) -> Result<(), NatsError> {
        let Some(mut process) = self.process.take() else { return Ok(()) };
        process.kill().and_then(|()| process.wait()).map_err(NatsError::not_controlled)?;
        Ok(())
    }

    /// Ends the server as an orderly shutdown does (SIGTERM) and waits until it is gone; without effect where it is.
    ///
    /// # Errors
    /// Those of the system.
    #[cfg(unix)]
    pub fn stop(&mut self) -> Result<(), NatsError> {
        self.signal(rustix::process::Signal::TERM)?;
        let Some(mut process) = self.process.take() else { return Ok(()) };
        process.wait().map(drop).map_err(NatsError::not_controlled)
    }

    /// Starts the server again, at the same addresses with the same files; kills it before where it runs.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn restart(&mut self) -> Result<(), NatsError> {
        self.kill()?;
        let until = Instant::now() + START;
        loop {
            self.run()?;
            match self.wait() {
                Err(NatsError::PortTaken) if Instant::now() < until => std::thread::sleep(LOOK),
                started => return started,
            }
        }
    }

    /// Stops the process without ending it (SIGSTOP): its connections stay, and nothing is answered.
    ///
    /// # Errors
    /// Those of the system.
    #[cfg(unix)]
    pub fn pause(&self) -> Result<(), NatsError> {
        self.signal(rustix::process::Signal::STOP)
    }

    /// Lets a paused process go on (SIGCONT).
    ///
    /// # Errors
    /// Those of the system.
    #[cfg(unix)]
    pub fn resume(&self) -> Result<(), NatsError> {
        self.signal(rustix::process::Signal::CONT)
    }

    #[cfg(unix)]
    fn signal(&self, signal: rustix::process::Signal) -> Result<(), NatsError> {
        let Some(process) = &self.process else { return Ok(()) };
        let id = rustix::process::Pid::from_child(process);
        rustix::process::kill_process(id, signal).map_err(|error| NatsError::not_controlled(error.into()))
    }

    /// Returns whether the process was started and not killed since.
    pub const fn is_running(&self) -> bool {
        self.process.is_some()
    }

    /// Returns the folder in which the server keeps its streams; they lie in `jetstream/$G/streams/NAME/msgs`.
    pub fn store_folder(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    /// Asks the server for a stream, `None` where it keeps none of this name.
    ///
    /// # Errors
    /// [`NatsError::Monitor`] where it does not answer.
    pub fn stream_state(&self, stream: &str) -> Result<Option<StreamState>, NatsError> {
        stream_state(&self.monitor_url, stream)
    }

    /// Deletes a stream with all it has, as any client may.
    ///
    /// # Errors
    /// Those of the connection.
    pub fn delete_stream(&self, stream: &str) -> Result<(), NatsError> {
        let address = self.url.trim_start_matches("nats://");
        let deleted = TcpStream::connect(address).and_then(|connection| {
            let mut lines = BufReader::new(&connection).lines();
            (&connection).write_all(b"CONNECT {\"verbose\":false}\r\nSUB answer 1\r\n")?;
            (&connection).write_all(format!("PUB $JS.API.STREAM.DELETE.{stream} answer 0\r\n\r\n").as_bytes())?;
            lines.find(|line| line.as_ref().map_or(true, |line| line.starts_with("MSG answer"))).transpose()
        });
        deleted.map(drop).map_err(NatsError::not_controlled)
    }

    fn run(&mut self) -> Result<(), NatsError> {
        let ports = fs::read_dir(self.folder.path().join("ports")).map_err(NatsError::files)?;
        for file in ports {
            fs::remove_file(file.map_err(NatsError::files)?.path()).map_err(NatsError::files)?;
        }
        self.starts += 1;
        let mut command = Command::new(&self.program);
        command.arg("--config").arg(self.folder.path().join("server.conf")).arg("--log").arg(self.log_file());
        let spawned = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let not_run = |source| NatsError::NotRun { program: self.program.clone(), source };
        self.process = Some(spawned.map_err(not_run)?);
        Ok(())
    }

    /// Waits until the server says that it listens.
    pub(super) fn wait(&mut self) -> Result<(), NatsError> {
        let until = Instant::now() + START;
        while !self.listens()? {
            let Some(process) = &mut self.process else { return Err(NatsError::Ended { log: self.log() }) };
            if process.try_wait().map_err(NatsError::not_controlled)?.is_some() {
                self.process = None;
                let log = self.log();
                let taken = PORT_TAKEN.iter().any(|words| log.contains(words));
                return Err(if taken { NatsError::PortTaken } else { NatsError::Ended { log } });
            }
            if Instant::now() > until {
                return Err(NatsError::Late { log: self.log() });
            }
            std::thread::sleep(LOOK);
        }
        Ok(())
    }

    /// Returns whether the server has written the file that it writes once it listens.
    fn listens(&self) -> Result<bool, NatsError> {
        let mut ports = fs::read_dir(self.folder.path().join("ports")).map_err(NatsError::files)?;
        Ok(ports.next().is_some())
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join(format!("log-{}", self.starts))
    }

    /// Returns the last lines of the log as one.
    fn log(&self) -> String {
        let log = fs::read_to_string(self.log_file()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].join("; ")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nobody can be told, and the folder goes anyway.
        drop(self.kill());
    }
}

fn configuration(folder: &Path, name: &str, [port, monitor_port]: [u16; 2], sync: SyncInterval) -> String {
    let sync = match sync {
        SyncInterval::Default => "",
        SyncInterval::Always => "sync_interval: always",
    };
    let (ports, store) = (folder.join("ports"), folder.join("store"));
    format!(
        "server_name: {name}\nlisten: \"127.0.0.1:{port}\"\nhttp: \"127.0.0.1:{monitor_port}\"\n\
         ports_file_dir: {ports:?}\njetstream {{ store_dir: {store:?}\n {sync}\n }}\n"
    )
}
