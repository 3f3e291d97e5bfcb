//! Which entries of one graph rest on which facets.
//!
//! Each (entry, facet) pair is a link in two lists: the facet's, doubly linked, and the entry's. So an entry is added and
//! taken out in time linear in its own facets, however many entries share them.

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::slab::{NOWHERE, Slab};
use crate::footprint::Facet;

/// Where an entry is: the hash of its query and its number, which is never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) hash: u64,
    pub(super) serial: u64,
}

#[derive(Debug)]
struct Registration {
    place: Place,
    first: u32,
}

#[derive(Debug)]
struct Link {
    facet: Facet,
    registration: u32,
    /// The neighbours in the facet's list.
    before: u32,
    after: u32,
    /// The next link of the same entry.
    sibling: u32,
}

/// The footprints of a graph's entries.
#[derive(Debug, Default)]
pub(super) struct Footprints {
    first: HashMap<Facet, u32, FixedState>,
    links: Slab<Link>,
    registrations: Slab<Registration>,
}

impl Footprints {
    pub(super) fn len(&self) -> usize {
        self.registrations.len()
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.first.allocation_size() + self.links.heap_bytes() + self.registrations.heap_bytes()
    }

    /// Notes what an entry rests on and returns the number of this note.
    pub(super) fn insert(&mut self, place: Place, facets: &[Facet]) -> u32 {
        let registration = self.registrations.insert(Registration { place, first: NOWHERE });
        let mut sibling = NOWHERE;
        for &facet in facets {
            sibling = self.link(facet, registration, sibling);
        }
        self.registrations.get_mut(registration).first = sibling;
        registration
    }

    /// Takes out an entry that rests on `facet`, with its whole footprint.
    pub(super) fn take(&mut self, facet: Facet) -> Option<Place> {
        let link = *self.first.get(&facet)?;
        Some(self.remove(self.links.get(link).registration))
    }

    /// Takes out the entry of a note, if the note still is of this entry.
    pub(super) fn release(&mut self, registration: u32, serial: u64) {
        if self.registrations.find(registration).is_some_and(|found| found.place.serial == serial) {
            self.remove(registration);
        }
    }

    /// Takes out all entries.
    pub(super) fn drain(&mut self) -> Vec<Place> {
        let places = self.registrations.iter().map(|registration| registration.place).collect();
        *self = Self::default();
        places
    }

    fn link(&mut self, facet: Facet, registration: u32, sibling: u32) -> u32 {
        let after = self.first.get(&facet).copied().unwrap_or(NOWHERE);
        let link = self.links.insert(Link { facet, registration, before: NOWHERE, after, sibling });
        if after != NOWHERE {
            self.links.get_mut(after).before = link;
        }
        self.first.insert(facet, link);
        link
    }

    fn remove(&mut self, registration: u32) -> Place {
        let Registration { place, first } = self.registrations.remove(registration);
        let mut next = first;
        while next != NOWHERE {
            next = self.unlink(next);
        }
        place
    }

    /// Takes a link out of its facet's list and returns the next link of its entry.
    fn unlink(&mut self, link: u32) -> u32 {
        let Link { facet, before, after, sibling, .. } = self.links.remove(link);
        if after != NOWHERE {
            self.links.get_mut(after).before = before;
        }
        if before != NOWHERE {
            self.links.get_mut(before).after = after;
        } else if after != NOWHERE {
            self.first.insert(facet, after);
        } else {
            self.first.remove(&facet);
        }
        sibling
    }

    /// Asserts that both kinds of list say the same.
    #[cfg(test)]
    pub(super) fn validate(&self) {
        let mut seen = 0;
        for (facet, &first) in &self.first {
            let (mut before, mut link) = (NOWHERE, first);
            while link != NOWHERE {
                let found = self.links.get(link);
                assert_eq!((found.facet, found.before), (*facet, before));
                assert!(self.registrations.find(found.registration).is_some());
                (before, link, seen) = (link, found.after, seen + 1);
            }
        }
        assert_eq!(seen, self.links.len(), "each link is in its facet's list");
        assert!(!self.registrations.is_empty() || seen == 0);
    }
}
