//! What can go wrong with a snapshot file.

use std::io;
use std::path::PathBuf;

use crate::pages::SnapshotDamage;

/// Why a snapshot file cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The system does not read or write the file.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is none, or was cut before its header ends.
    #[error("this is no snapshot file")]
    Foreign,
    /// The file has a format that this version does not read.
    #[error("the snapshot has format {found}; this version reads format {known}")]
    Format {
        /// The format of the file.
        found: u32,
        /// The format that is read.
        known: u32,
    },
    /// The file is not what was written.
    #[error(transparent)]
    Damaged(#[from] SnapshotDamage),
    /// Files are little-endian and mapped as they are.
    #[error("snapshot files cannot be mapped on a big-endian machine")]
    BigEndian,
}
