//! How long the disk takes to make a few hundred bytes durable: the limit of every fsynced append.

use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

use super::Distribution;
use crate::number;

/// Appends `block_bytes` bytes to a new file in `directory` and waits for `fdatasync`, `times` times; the file is
/// removed afterwards.
///
/// Each duration is that of the sync alone, without the write.
///
/// # Errors
/// Those of the file system.
pub fn fdatasync_latency(directory: &Path, block_bytes: usize, times: u32) -> io::Result<Distribution> {
    let temporary = tempfile::Builder::new().prefix("fdatasync-").tempfile_in(directory)?;
    let mut file = temporary.as_file();
    let block = vec![0x5a; block_bytes];
    let mut distribution = Distribution::new();
    for _ in 0..times {
        file.write_all(&block)?;
        let started = Instant::now();
        file.sync_data()?;
        distribution.record(number::nanoseconds(started.elapsed()));
    }
    Ok(distribution)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sync_is_counted_and_no_file_stays() {
        let directory = tempfile::tempdir().expect("a folder for the test");
        let distribution = fdatasync_latency(directory.path(), 350, 5).expect("the disk works");
        assert_eq!(distribution.count(), 5);
        assert_eq!(std::fs::read_dir(directory.path()).expect("the folder is there").count(), 0);
    }
}
