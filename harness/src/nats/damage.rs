//! Damage to a server's files, as disks and file systems bring it about.

use std::fs;
use std::path::PathBuf;

use super::error::NatsError;
use super::server::Server;

/// Bytes that are flipped in a row.
const FLIPPED_BYTES: usize = 4;

/// Bytes that a cut takes out, at most.
const CUT_BYTES: usize = 5000;

/// What happens to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileDamage {
    /// Some bits in its middle change.
    FlippedBits,
    /// Its last quarter is lost.
    TruncatedTail,
    /// Some bytes in its first half are lost, and what follows moves up.
    CutMiddle,
}

impl FileDamage {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::FlippedBits, Self::TruncatedTail, Self::CutMiddle];

    /// Returns its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FlippedBits => "flipped bits",
            Self::TruncatedTail => "truncated tail",
            Self::CutMiddle => "cut middle",
        }
    }

    /// Damages a file's bytes.
    pub fn damage(self, bytes: &mut Vec<u8>) {
        let len = bytes.len();
        match self {
            Self::FlippedBits => bytes[len / 2..].iter_mut().take(FLIPPED_BYTES).for_each(|byte| *byte ^= 0xff),
            Self::TruncatedTail => bytes.truncate(len / 4 * 3),
            Self::CutMiddle => drop(bytes.drain(len / 3..(len / 3 + CUT_BYTES).min(len))),
        }
    }
}

impl Server {
    /// Damages the first file of a stream's messages, while the server is not running, and returns its name.
    ///
    /// # Errors
    /// [`NatsError::Files`], also where there is no such file.
    pub fn damage_first_file(&self, stream: &str, damage: FileDamage) -> Result<PathBuf, NatsError> {
        let folder = self.store_folder().join(format!("jetstream/$G/streams/{stream}/msgs"));
        let number = |file: &PathBuf| -> Option<u64> { file.file_name()?.to_str()?.strip_suffix(".blk")?.parse().ok() };
        let files = fs::read_dir(folder).map_err(NatsError::files)?.flatten().map(|entry| entry.path());
        let first = files.filter(|file| number(file).is_some()).min_by_key(number);
        let file = first.ok_or_else(|| NatsError::files(std::io::ErrorKind::NotFound.into()))?;
        let mut bytes = fs::read(&file).map_err(NatsError::files)?;
        damage.damage(&mut bytes);
        fs::write(&file, bytes).map_err(NatsError::files)?;
        Ok(file)
    }
}
