//! Files that are there whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::snapshot::demand_plain_file;

/// What the name of a file that is being written ends with.
pub(super) const DRAFT: &str = ".draft";

/// What the name of a snapshot that is being written ends with.
pub(super) const UNFINISHED: &str = ".unfinished";

/// Writes a file beside its place, brings it to the disk and renames it.
pub(super) fn write_whole(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<u64> {
    demand_plain_file(path)?;
    let draft = draft_of(path);
    let mut file = File::create(&draft)?;
    write(&mut file)?;
    file.flush()?;
    file.sync_all()?;
    let bytes = file.metadata()?.len();
    put_in_place(&draft, path)?;
    Ok(bytes)
}

/// Renames a finished draft, durably.
pub(super) fn put_in_place(draft: &Path, path: &Path) -> io::Result<()> {
    fs::rename(draft, path)?;
    sync_folder(path)
}

/// Brings the folder of a file to the disk.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().expect("a file of a shelf lies in a folder");
    File::open(folder)?.sync_all()
}

/// Returns where a file is written before it is there.
pub(super) fn draft_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().expect("a file of a shelf has a name").to_owned();
    name.push(DRAFT);
    path.with_file_name(name)
}
