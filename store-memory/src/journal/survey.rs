//! The check of a damaged journal: goes on behind each break and lists them all.
//!
//! Every block is hashed again. Links and commits are followed by the strict check only, whose finding is in the list.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use cidgraph::car::split_section;
use cidgraph::{AggregateId, Cid, Damage, HashKind, StoreError};

use crate::disk::{Access, Disk};
use crate::journal::durable::Durable;
use crate::journal::files::{Files, read_range, unavailable};
use crate::journal::format::{segment_header, segment_name};
use crate::journal::open::last_segment;
use crate::journal::scan::{Checked, Section, bare, check, durable_behind, split};
use crate::journal::segments::{header_damage, named};
use crate::store::Survey;

/// Breaks of one segment that are named by the event that links to them, which is looked for anew each time.
const NAMED_MAX: usize = 64;

/// Goes through all segments of a journal in which the strict check found `first`.
pub(crate) fn survey(disk: Arc<dyn Disk>, folder: &Path, first: Damage) -> Result<Survey, StoreError> {
    let claim = Durable::read(&*disk, folder);
    let last = last_segment(&*disk, folder)?.max(claim.map_or(0, |claim| claim.segment));
    let hash = (1..=last).find_map(|number| hash_of(&*disk, folder, number)).unwrap_or_default();
    let files = Files { disk, folder: folder.to_owned(), hash, writable: false, synced: false };
    let mut walk = Walk { survey: Survey::default(), aggregates: HashSet::new(), sequence: 1 };
    for number in 1..=last {
        let durable = match claim {
            _ if number < last => u64::MAX,
            Some(claim) if claim.segment == number => claim.offset,
            Some(_) | None => 0,
        };
        walk.segment(&files, number, durable)?;
    }
    let Walk { mut survey, aggregates, .. } = walk;
    survey.intact.aggregates = aggregates.len() as u64;
    let same = |damage: &&mut Damage| {
        damage.place == first.place && (damage.offset == first.offset || damage.offset.is_none())
    };
    match survey.broken.iter_mut().find(same) {
        Some(found) => *found = first,
        None => survey.broken.push(first),
    }
    Ok(survey)
}

fn hash_of(disk: &dyn Disk, folder: &Path, number: u32) -> Option<HashKind> {
    let file = disk.open(&folder.join(segment_name(number)), Access::Read).ok()?;
    [HashKind::Sha2_256, HashKind::Blake3].into_iter().find(|kind| {
        let header = segment_header(*kind);
        read_range(&*file, 0, header.len() as u64).is_ok_and(|bytes| bytes == header)
    })
}

struct Walk {
    survey: Survey,
    aggregates: HashSet<AggregateId>,
    /// The sequence of the next event, as far as it can be told.
    sequence: u64,
}

/// What stands at a place.
enum Step {
    Whole(Checked, usize),
    Broken(Damage, usize),
}

impl Walk {
    /// Checks a segment of which `durable` bytes were on the disk, or more where its commits say so.
    fn segment(&mut self, files: &Files, number: u32, durable: u64) -> Result<(), StoreError> {
        let place = files.segment_place(number);
        let path = files.folder.join(segment_name(number));
        let Ok(file) = files.disk.open(&path, Access::Read) else {
            self.survey.broken.push(Damage { place, reason: "the file is missing".to_owned(), ..Damage::default() });
            return Ok(());
        };
        let read = || read_range(&*file, 0, file.length()?);
        let bytes = read().map_err(|error| unavailable(&path, &error))?;
        let header = segment_header(files.hash);
        if !bytes.starts_with(&header) {
            self.survey.broken.push(header_damage(&place));
        }
        self.survey.intact.segments += 1;
        self.survey.intact.bytes += bytes.len() as u64;
        let start = header.len().min(bytes.len());
        let durable = durable.max(durable_behind(&bytes[start..], files.hash));
        self.sections(files, number, &bytes, start, durable);
        Ok(())
    }

    fn sections(&mut self, files: &Files, number: u32, bytes: &[u8], start: usize, durable: u64) {
        let place = files.segment_place(number);
        let (mut at, mut end, mut events) = (start, start, 0);
        let mut broken = Vec::new();
        while at < bytes.len() {
            let step = self.step(&place, bytes, at, files.hash, broken.len() < NAMED_MAX);
            match step {
                Step::Whole(Checked::Event { aggregate, .. }, next) => {
                    self.aggregates.insert(aggregate);
                    (at, events, self.sequence) = (next, events + 1, self.sequence + 1);
                }
                Step::Whole(Checked::Commit(_, commit), next) => {
                    self.survey.intact.events += std::mem::take(&mut events);
                    (at, end, self.sequence) = (next, next, commit.sequence + 1);
                }
                Step::Broken(damage, next) => {
                    self.sequence += u64::from(damage.sequence.is_some());
                    broken.push(damage);
                    at = next;
                }
            }
        }
        // Behind the last commit and never known durable: a torn tail, which is no break.
        let torn = |damage: &Damage| damage.offset.is_some_and(|offset| offset >= durable.max(end as u64));
        broken.retain(|damage| !torn(damage));
        self.survey.broken.extend(broken.into_iter().map(|damage| named(files, number, damage)));
        self.survey.left_out.bytes_cut += (bytes.len() - end) as u64;
        self.survey.left_out.events_cut += events;
    }

    /// Looks at the section at `at`; where it is broken, the next place is that of the next section that can be trusted.
    fn step(&self, place: &str, bytes: &[u8], at: usize, hash: HashKind, by_link: bool) -> Step {
        let slice = match split_section(&bytes[at..]) {
            Ok(Some(slice)) => slice,
            Ok(None) => {
                return Step::Broken(bare(place, at as u64, "the file ends within a section"), resume(bytes, at, hash));
            }
            Err(_) => return Step::Broken(bare(place, at as u64, "no section starts here"), resume(bytes, at, hash)),
        };
        let next = at + slice.len;
        let section = Section { offset: at as u64, slice };
        match check(&section, hash) {
            Ok(checked) => Step::Whole(checked, next),
            Err(flaw) => {
                let framed = next == bytes.len() || starts_section(&bytes[next..]);
                let next = if framed { next } else { resume(bytes, at, hash) };
                let behind = if by_link { split(&bytes[next..], next as u64).0 } else { Vec::new() };
                Step::Broken(flaw.at(place, &section, self.sequence, &behind), next)
            }
        }
    }
}

fn starts_section(bytes: &[u8]) -> bool {
    matches!(split_section(bytes), Ok(Some(section)) if Cid::from_bytes(section.cid).is_ok())
}

/// Returns where the next section behind `at` starts whose block is what its CID names; the end where there is none.
fn resume(bytes: &[u8], at: usize, hash: HashKind) -> usize {
    let genuine = |place: &usize| match split_section(&bytes[*place..]) {
        Ok(Some(section)) => Cid::from_bytes(section.cid).is_ok_and(|cid| cid == Cid::of_block(hash, section.block)),
        Ok(None) | Err(_) => false,
    };
    (at + 1..bytes.len()).find(genuine).unwrap_or(bytes.len())
}
