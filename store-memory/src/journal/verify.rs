//! The full check: every block of every segment hashed, every link and commit followed, segments side by side.

use std::collections::HashMap;

use cidgraph::chain::{Link, verify_link};
use cidgraph::{AggregateId, Damage, StoreError};
use rayon::prelude::*;

use crate::journal::files::{corrupt, unavailable};
use crate::journal::format::segment_header;
use crate::journal::index::Sealed;
use crate::journal::log::Journal;
use crate::journal::scan::{Scan, Start, scan};
use crate::journal::segments::{header_damage, named};
use crate::store::Verified;

impl Journal {
    /// Checks everything that is committed.
    pub(crate) fn verify(&self) -> Result<Verified, StoreError> {
        self.refresh()?;
        let segments = self.index.read().segments();
        let mut verified = Verified::default();
        let mut links: HashMap<AggregateId, Link, foldhash::fast::RandomState> = HashMap::default();
        // Some segments at a time, so that their results stay few; each thread reads into one buffer of its own.
        for chunk in segments.chunks(rayon::current_num_threads() * 4) {
            let scans: Vec<_> =
                chunk.par_iter().map_init(Vec::new, |bytes, segment| self.verify_segment(*segment, bytes)).collect();
            for (segment, scan) in chunk.iter().zip(scans) {
                self.verify_links(segment.number, &scan?, &mut links, &mut verified)?;
                verified.bytes += u64::from(segment.end);
            }
        }
        verified.segments = segments.len() as u64;
        verified.aggregates = links.len() as u64;
        Ok(verified)
    }

    fn verify_segment(&self, segment: Sealed, bytes: &mut Vec<u8>) -> Result<Scan, StoreError> {
        let Sealed { number, first_sequence, commit_before, .. } = segment;
        let end = u64::from(segment.end);
        let place = self.files.segment_place(number);
        let file = self.files.open_segment(number)?;
        let length = file.length().map_err(|error| unavailable(&self.files.folder, &error))?;
        if length < end {
            let reason = format!("{end} bytes were committed, {length} are there");
            return Err(corrupt(Damage { place, offset: Some(length), reason, ..Damage::default() }));
        }
        bytes.resize(usize::try_from(end).expect("a segment is smaller than 4 GiB"), 0);
        file.read_at(bytes, 0).map_err(|error| unavailable(&self.files.folder, &error))?;
        let header = segment_header(self.files.hash);
        let Some(sections) = bytes.strip_prefix(header.as_slice()) else {
            return Err(corrupt(header_damage(&place)));
        };
        let offset = header.len() as u64;
        let start = Start { offset, sequence: first_sequence, commit: commit_before, hash: self.files.hash };
        let mut scan = scan(&place, sections, start);
        match scan.damage.take() {
            Some(damage) => Err(corrupt(named(&self.files, number, damage))),
            None => Ok(scan),
        }
    }

    /// Follows each aggregate's chain from the segments before into this one.
    fn verify_links(
        &self,
        number: u32,
        scan: &Scan,
        links: &mut HashMap<AggregateId, Link, foldhash::fast::RandomState>,
        verified: &mut Verified,
    ) -> Result<(), StoreError> {
        for (aggregate, ends) in &scan.ends {
            let before = links.get(aggregate);
            verify_link(*aggregate, before, ends.first_previous, &ends.first, Some(ends.first_sequence)).map_err(
                |error| {
                    corrupt(Damage {
                        place: self.files.segment_place(number),
                        aggregate: Some(*aggregate),
                        version: Some(ends.first.version),
                        sequence: Some(ends.first_sequence),
                        reason: error.to_string(),
                        ..Damage::default()
                    })
                },
            )?;
            links.insert(*aggregate, ends.last);
        }
        verified.events +=
            scan.groups.iter().flat_map(|group| &group.runs).map(|run| run.offsets.len() as u64).sum::<u64>();
        Ok(())
    }
}
