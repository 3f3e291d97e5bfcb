//! A log in a CAR file on this machine's disk, from which it can be restored whatever becomes of the stream.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::Path;

use cidgraph::{AggregateId, CarError, CarReader, CarWriter, Cid, Damage, StoreError, StoredEvent};

use crate::refusals::invalid;

/// Writes a log, brings it to the disk, reads it again, and compares.
///
/// # Errors
/// [`StoreError::Invalid`] where the file is there already or cannot be written; [`StoreError::Corrupt`] where it does
/// not say what was written.
pub(crate) fn write(file: &Path, events: &[StoredEvent]) -> Result<(), StoreError> {
    write_file(file, events).map_err(|error| invalid(format!("cannot write {}: {error}", file.display())))?;
    let input = File::open(file).map_err(|error| invalid(format!("cannot read {}: {error}", file.display())))?;
    let same = read_again(input, events).map_err(|error| damaged(file, &error.to_string()))?;
    if same { Ok(()) } else { Err(damaged(file, "it does not hold what was written")) }
}

fn damaged(file: &Path, reason: &str) -> StoreError {
    let damage = Damage { place: file.display().to_string(), reason: reason.to_owned(), ..Damage::default() };
    StoreError::Corrupt { damage: Box::new(damage) }
}

fn write_file(file: &Path, events: &[StoredEvent]) -> std::io::Result<()> {
    let mut heads: HashMap<AggregateId, Cid, foldhash::fast::RandomState> = HashMap::default();
    heads.extend(events.iter().map(|stored| (stored.event.aggregate, stored.event.cid)));
    let mut roots: Vec<_> = heads.into_iter().collect();
    roots.sort_by_key(|(aggregate, _)| *aggregate);
    let roots: Vec<Cid> = roots.into_iter().map(|(_, cid)| cid).collect();
    let mut car = CarWriter::new(BufWriter::new(File::create_new(file)?), &roots)?;
    for stored in events {
        car.section(&stored.event.cid, &stored.event.block)?;
    }
    let written = car.finish()?.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    written.sync_all()?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    File::open(folder)?.sync_all()
}

fn read_again(input: File, events: &[StoredEvent]) -> Result<bool, CarError> {
    let mut sections = CarReader::new(BufReader::new(input))?;
    for stored in events {
        let Some(section) = sections.next().transpose()? else { return Ok(false) };
        if section.block != stored.event.block || Cid::from_bytes(&section.cid).ok() != Some(stored.event.cid) {
            return Ok(false);
        }
    }
    Ok(sections.next().is_none())
}
