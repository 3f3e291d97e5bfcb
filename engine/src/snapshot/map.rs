//! Files in memory without reading them: the only unsafe code of the engine.

#![expect(unsafe_code, reason = "a mapped file is memory that the compiler cannot know to stay as it is")]

use std::fs::File;
use std::io;

use bytes::Bytes;
use memmap2::Mmap;

/// Maps a file, whole, to be read.
pub(super) fn map(file: &File) -> io::Result<Bytes> {
    // SAFETY: the mapping is private to this function's result, shared and read-only, and unmapped when the last clone of
    // the bytes goes. What is undefined is that the bytes change, or the file is cut, while they are borrowed. No code
    // here does that to a snapshot file: it is written under another name and gets its own by a rename when it is
    // complete, and a newer one replaces the name, not the file that is mapped. Whoever else may write to the folder is
    // trusted not to change a file in place, as with every database file that is mapped; damage that was there before
    // is found by checksums, and no value that is read from the map is trusted as an index, a length or text before it
    // was checked.
    let mapped = unsafe { Mmap::map(file) }?;
    Ok(Bytes::from_owner(mapped))
}
