//! A layer: events one after another, their blocks as they are, as a CAR in Zstandard.
//!
//! The CAR is that of a segment of an archive. Zstandard's checksum tells damage; that the events are those of the graph
//! their CIDs tell whoever takes them in.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use zstd::stream::{Decoder, Encoder};

use crate::archive::{decode_run, encode};
use crate::id::AggregateId;
use crate::snapshot::demand_plain_file;
use crate::store::StoredEvent;

use super::files::write_whole;

/// The level of compression: Zstandard's own default.
const LEVEL: i32 = 3;

/// Bytes of the blocks of a layer, at most. What is more is taken into a snapshot.
pub(super) const LAYER_BYTES_MAX: usize = 32 << 20;

/// Bytes of a layer that is read, at most: its blocks, their CIDs and the index.
const UNPACKED_BYTES_MAX: u64 = 4 * LAYER_BYTES_MAX as u64;

/// Writes a layer and returns the bytes of its file.
pub(super) fn write(path: &Path, events: &[StoredEvent]) -> io::Result<u64> {
    let car = encode(events);
    write_whole(path, |file| {
        let mut packer = Encoder::new(file, LEVEL)?;
        packer.include_checksum(true)?;
        packer.write_all(&car)?;
        packer.finish().map(drop)
    })
}

/// Reads a layer whose first event has a version.
///
/// # Errors
/// Says what is wrong.
pub(super) fn read(path: &Path, aggregate: AggregateId, versions: (u64, u64)) -> Result<Vec<StoredEvent>, String> {
    let (first, last) = versions;
    let car = unpack(path).map_err(|error| error.to_string())?;
    let events = decode_run(aggregate, first, &car)?;
    if events.last().map(|stored| stored.event.version) != Some(last) {
        return Err("it does not hold what its name says".to_owned());
    }
    Ok(events)
}

fn unpack(path: &Path) -> io::Result<Vec<u8>> {
    demand_plain_file(path)?;
    let mut car = Vec::new();
    let mut unpacker = Decoder::new(File::open(path)?)?;
    unpacker.by_ref().take(UNPACKED_BYTES_MAX).read_to_end(&mut car)?;
    if unpacker.read(&mut [0])? > 0 {
        return Err(io::Error::other("it is larger than a layer can be"));
    }
    Ok(car)
}
