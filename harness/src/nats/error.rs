//! Why a server does not do what it was told.

use std::io;
use std::path::PathBuf;

/// Why a server does not do what it was told.
#[derive(Debug, thiserror::Error)]
pub enum NatsError {
    /// This machine has no server.
    #[error("there is no nats-server: scripts/setup installs it, or NATS_SERVER names it")]
    NoProgram,
    /// The program cannot be run.
    #[error("{} cannot be run: {source}", program.display())]
    NotRun {
        /// The program.
        program: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The server's files cannot be read or written.
    #[error("the server's files cannot be used: {source}")]
    Files {
        /// What the system says.
        source: io::Error,
    },
    /// The system gives no free port.
    #[error("no port is free: {source}")]
    NoPort {
        /// What the system says.
        source: io::Error,
    },
    /// Another process has one of the server's ports.
    #[error("another process listens where the server is to")]
    PortTaken,
    /// The server ended by itself.
    #[error("the server ended: {log}")]
    Ended {
        /// The end of its log.
        log: String,
    },
    /// The server does not say where it listens.
    #[error("the server did not start in time: {log}")]
    Late {
        /// The end of its log.
        log: String,
    },
    /// The server's process cannot be controlled.
    #[error("the server's process cannot be controlled: {source}")]
    NotControlled {
        /// What the system says.
        source: io::Error,
    },
    /// The monitor gives no answer, or not this one.
    #[error("{url}: {reason}")]
    Monitor {
        /// Where it was asked.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// Something did not come about in time.
    #[error("waited too long: {what}")]
    Waited {
        /// What is still so.
        what: String,
    },
}

impl NatsError {
    pub(crate) const fn files(source: io::Error) -> Self {
        Self::Files { source }
    }

    pub(super) const fn not_controlled(source: io::Error) -> Self {
        Self::NotControlled { source }
    }
}
