//! Why a subcommand ends without success, and the exit code it ends with.

use std::io;
use std::path::Path;

use cidgraph::engine::{Error, ErrorKind};
use cidgraph::proof::ProofError;
use cidgraph::{
    CarError, ChainError, DecodeError, Refusal, Rejected, SnapshotDamage, SnapshotError, StoreError, WriteError,
};

use crate::filter::FilterError;
use crate::import::{ImportError, SourcePosition};

/// The exit codes, and what each says.
pub const EXIT_CODES: [(u8, &str); 5] = [
    (0, "done"),
    (1, "usage or bad input, or two stores that part"),
    (2, "corruption found"),
    (3, "conflict or unavailable"),
    (130, "interrupted"),
];

/// Returns the exit codes in one line.
pub fn exit_codes() -> String {
    let codes: Vec<String> = EXIT_CODES.iter().map(|(code, says)| format!("{code} {says}")).collect();
    format!("Exit codes: {}.", codes.join("; "))
}

/// Why a subcommand ends without success.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// What was asked cannot be done as asked.
    #[error("{reason}")]
    Usage {
        /// What is wrong and what to do.
        reason: String,
    },
    /// The input cannot be imported.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The condition cannot be read.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A chain does not hold.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The engine refuses.
    #[error(transparent)]
    Engine(#[from] Error),
    /// A rule of the graph forbids a command of an input; nothing of its transaction was kept.
    #[error("{position}: {reason}")]
    Refused {
        /// Where the command stands.
        position: SourcePosition,
        /// The rule, in the words of the input where they are known.
        reason: String,
    },
    /// An import stopped after some of its transactions.
    #[error("{source}; what stood before is kept up to version {version}: --resume goes on from there")]
    Stopped {
        /// Why it stopped.
        source: Box<Self>,
        /// The graph's version.
        version: u64,
    },
    /// An import was interrupted between two transactions.
    #[error("interrupted at version {version}: --resume goes on from there")]
    Interrupted {
        /// The graph's version.
        version: u64,
    },
    /// A file is not what it says it is.
    #[error("{reason}")]
    Damaged {
        /// Where and what.
        reason: String,
    },
    /// A stored event cannot be read.
    #[error("version {version}: {source}")]
    Event {
        /// The event's version.
        version: u64,
        /// What is wrong.
        source: DecodeError,
    },
    /// A CAR file cannot be read.
    #[error("{file}: {source}")]
    Car {
        /// The file.
        file: String,
        /// What is wrong.
        source: CarError,
    },
    /// A proof does not hold.
    #[error("{file} proves nothing: {source}")]
    Proof {
        /// The file.
        file: String,
        /// What does not hold.
        source: Box<ProofError>,
    },
    /// A snapshot file cannot be written or read.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// A snapshot file cannot be read as one.
    #[error("{file}: {source}")]
    SnapshotFile {
        /// The file.
        file: String,
        /// What is wrong.
        source: SnapshotError,
    },
    /// Verification found damage; it has been printed.
    #[error("{broken} broken")]
    Broken {
        /// How many chains or files are broken.
        broken: usize,
    },
    /// Two stores part; where has been printed.
    #[error("the stores part at version {version}")]
    Parted {
        /// The version of the first event that differs.
        version: u64,
    },
    /// Copies of the stream could not be read; the others are whole, as has been printed.
    #[error("not reached: {servers}; the other copies are whole")]
    Unreached {
        /// The servers that keep them.
        servers: String,
    },
    /// Somebody else does the same at the same time.
    #[error("{reason}")]
    Overtaken {
        /// What is done.
        reason: String,
    },
    /// A drill found what must not be; its report has been printed.
    #[error("the drill {drill} failed")]
    Drill {
        /// The drill.
        drill: &'static str,
    },
    /// A file cannot be written.
    #[error("cannot write {file}: {source}")]
    Unwritable {
        /// The file.
        file: String,
        /// What the system says.
        source: io::Error,
    },
    /// Standard output cannot be written.
    #[error("cannot write to standard output: {0}")]
    Output(#[from] io::Error),
}

impl Failure {
    /// Makes the failure of a request that cannot be met.
    pub fn usage(reason: impl Into<String>) -> Self {
        Self::Usage { reason: reason.into() }
    }

    /// Makes the failure of a snapshot file that cannot be read as one.
    pub fn of_snapshot(file: &Path) -> impl Fn(SnapshotError) -> Self {
        // That of the system names the file itself.
        move |error| {
            if matches!(error, SnapshotError::Io { .. }) {
                return Self::Snapshot(error);
            }
            Self::SnapshotFile { file: file.display().to_string(), source: error }
        }
    }

    /// Returns whether the store, or what is between, may be the reason.
    pub fn concerns_servers(&self) -> bool {
        if let Self::Stopped { source, .. } = self {
            return source.concerns_servers();
        }
        if let Self::Engine(error) = self {
            return matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Unknown);
        }
        matches!(self, Self::Store(StoreError::Unavailable { .. } | StoreError::Unknown { .. }))
    }

    /// Returns the exit code, one of [`EXIT_CODES`]; 0 where the reader of the output went away.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => 0,
            Self::Usage { .. }
            | Self::Import(_)
            | Self::Filter(_)
            | Self::Refused { .. }
            | Self::Parted { .. }
            | Self::Car { source: CarError::Io { .. }, .. }
            | Self::Unwritable { .. }
            | Self::Output(_) => 1,
            Self::Snapshot(error) | Self::SnapshotFile { source: error, .. } => exit_code_of_snapshot(error),
            Self::Chain(_)
            | Self::Event { .. }
            | Self::Car { .. }
            | Self::Proof { .. }
            | Self::Broken { .. }
            | Self::Damaged { .. }
            | Self::Drill { .. } => 2,
            Self::Store(error) => exit_code_of_store(error),
            Self::Engine(error) => exit_code_of_engine(error),
            Self::Stopped { source, .. } => source.exit_code(),
            Self::Unreached { .. } | Self::Overtaken { .. } => 3,
            Self::Interrupted { .. } => 130,
        }
    }
}

impl From<SnapshotDamage> for Failure {
    fn from(damage: SnapshotDamage) -> Self {
        Self::Snapshot(damage.into())
    }
}

impl From<WriteError<Rejected>> for Failure {
    fn from(error: WriteError<Rejected>) -> Self {
        Self::Engine(error.into())
    }
}

const fn exit_code_of_snapshot(error: &SnapshotError) -> u8 {
    match error {
        SnapshotError::Io { .. } | SnapshotError::Foreign | SnapshotError::Format { .. } | SnapshotError::BigEndian => {
            1
        }
        SnapshotError::Damaged(_) => 2,
    }
}

const fn exit_code_of_store(error: &StoreError) -> u8 {
    match error {
        StoreError::Malformed { .. }
        | StoreError::Invalid { .. }
        | StoreError::Refused { refusal: Refusal::Missing { .. } | Refusal::Forbidden { .. } } => 1,
        StoreError::Corrupt { .. } => 2,
        StoreError::Conflict { .. }
        | StoreError::Unavailable { .. }
        | StoreError::Unknown { .. }
        | StoreError::Partial { .. }
        | StoreError::Refused { refusal: Refusal::Full { .. } } => 3,
    }
}

const fn exit_code_of_engine(error: &Error) -> u8 {
    match error.kind() {
        ErrorKind::Corrupt => 2,
        ErrorKind::Conflict | ErrorKind::Unavailable | ErrorKind::Unknown => 3,
        ErrorKind::NotFound | ErrorKind::Rejected | ErrorKind::TooLarge | ErrorKind::Invalid => 1,
    }
}
