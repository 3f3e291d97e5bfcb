//! What is read and replaced as a file: plain files. Opening a pipe would wait for ever, and a device that a rename
//! replaces is gone.

use std::fs;
use std::io;
use std::path::Path;

/// Refuses what is there and is no plain file, nor a link to one.
///
/// # Errors
/// [`io::ErrorKind::InvalidInput`].
pub(crate) fn demand_plain_file(path: &Path) -> io::Result<()> {
    if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is there and no plain file"));
    }
    Ok(())
}
