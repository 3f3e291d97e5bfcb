//! What is wrong with a configuration, and where; never the value, which may be a secret.

use std::fmt;
use std::io;
use std::path::PathBuf;

use cidgraph::StoreError;

/// Where something is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In a file, or in text that came from none.
    File {
        /// The file.
        path: Option<PathBuf>,
        /// The line, from 1.
        line: usize,
        /// The key with its table: `credentials.user`.
        key: String,
    },
    /// In a variable of the environment.
    Variable {
        /// Its name.
        name: String,
    },
    /// In a field that the caller set.
    Field {
        /// The setting as a key of a file.
        key: &'static str,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path: Some(path), line, key } => write!(f, "{}, line {line}: {key}", path.display()),
            Self::File { path: None, line, key } => write!(f, "line {line}: {key}"),
            Self::Variable { name } => f.write_str(name),
            Self::Field { key } => f.write_str(key),
        }
    }
}

/// Why a configuration cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{} cannot be read: {kind}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        kind: io::ErrorKind,
    },
    /// The text is not TOML.
    #[error("{}line {line} is not TOML: {reason}", path.as_ref().map(|path| format!("{}, ", path.display())).unwrap_or_default())]
    Syntax {
        /// The file.
        path: Option<PathBuf>,
        /// The line, from 1.
        line: usize,
        /// What was expected there.
        reason: String,
    },
    /// There is no such setting.
    #[error("{place} is no setting")]
    Unknown {
        /// Where it stands.
        place: Place,
    },
    /// A setting has a value that it cannot have.
    #[error("{place} must be {takes}")]
    Value {
        /// Where it stands.
        place: Place,
        /// What it can be.
        takes: &'static str,
    },
    /// Two kinds of credentials are given at once.
    #[error("{place} and {other} are different credentials: give one of them")]
    Ambiguous {
        /// Where the first stands.
        place: Place,
        /// Where the other stands.
        other: Place,
    },
    /// Of two settings that need each other one is missing.
    #[error("{given} is given without {missing}")]
    Incomplete {
        /// The setting that is there, as a key.
        given: &'static str,
        /// The one that is missing, as a key.
        missing: &'static str,
    },
}

impl From<ConfigError> for StoreError {
    fn from(error: ConfigError) -> Self {
        Self::Invalid { reason: error.to_string() }
    }
}
