//! The names in use: kinds, component types and properties, each stored once and called by a small number.
//!
//! Names are only ever added. One writer interns, any number of readers look up meanwhile without locks. A lookup table
//! that has become too full is followed by one of twice the size; the former stays for readers that still look there.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::arena::Arena;
use crate::value::Name;

use super::content::hash_bytes;
use super::ids::NameId;

const FIRST_SLOTS: usize = 64;
const LEVELS: usize = 27;

/// An interner of names that one writer adds to while others read.
#[derive(Debug)]
pub struct Names {
    names: Arena<Name>,
    /// Open addressing with linear probing; a slot holds the upper half of the hash and the id plus 1, or 0.
    levels: [OnceLock<Box<[AtomicU64]>>; LEVELS],
    level: AtomicUsize,
}

impl Names {
    /// Makes an interner without names and without heap.
    pub const fn new() -> Self {
        Self { names: Arena::new(), levels: [const { OnceLock::new() }; LEVELS], level: AtomicUsize::new(0) }
    }

    /// Makes an interner of its own in which each name has the id that it has here.
    #[must_use]
    pub fn copy(&self) -> Self {
        let copy = Self::new();
        for (id, name) in (0..).zip(self.iter()) {
            assert_eq!(copy.intern(name), NameId(id), "a name is stored once");
        }
        copy
    }

    /// Returns the id of `name` and adds it where it is new. One thread at a time may intern.
    pub fn intern(&self, name: &str) -> NameId {
        let hash = hash_bytes(name.as_bytes());
        self.find_hashed(hash, name).unwrap_or_else(|| self.add(hash, name))
    }

    /// Returns the id of `name`, where it has one.
    pub fn find(&self, name: &str) -> Option<NameId> {
        self.find_hashed(hash_bytes(name.as_bytes()), name)
    }

    /// Returns the name that `id` stands for.
    ///
    /// # Panics
    /// Where `id` is not one of these names'.
    #[inline]
    pub fn get(&self, id: NameId) -> &Name {
        self.names.get(id.0).expect("a name id is used with the names that gave it")
    }

    /// Returns how many names there are.
    pub fn len(&self) -> usize {
        self.names.len() as usize
    }

    /// Returns whether there is no name.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Returns the names in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &Name> {
        self.names.iter()
    }

    /// Returns the bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        let tables: usize = self.levels.iter().filter_map(OnceLock::get).map(|table| size_of_val(&**table)).sum();
        let long: usize = self.names.iter().filter(|name| name.is_heap_allocated()).map(|name| name.len()).sum();
        self.names.heap_bytes() + tables + long
    }

    #[inline]
    fn find_hashed(&self, hash: u64, name: &str) -> Option<NameId> {
        let table = self.levels[self.level.load(Ordering::Acquire)].get()?;
        for slot in probes(hash, table.len()) {
            let entry = table[slot].load(Ordering::Acquire);
            if entry == 0 {
                return None;
            }
            if entry >> 32 == hash >> 32 && self.get(id_in(entry)) == name {
                return Some(id_in(entry));
            }
        }
        None
    }

    #[cold]
    fn add(&self, hash: u64, name: &str) -> NameId {
        let level = self.level.load(Ordering::Relaxed);
        let id = self.names.push(Name::new(name));
        if self.len() * 2 > FIRST_SLOTS << level {
            self.grow(level + 1);
        } else {
            insert(self.levels[level].get_or_init(|| slots(FIRST_SLOTS << level)), hash, id);
        }
        NameId(id)
    }

    /// Fills a larger table with every name and makes it the current one.
    fn grow(&self, level: usize) {
        let table = slots(FIRST_SLOTS << level);
        for (id, name) in (0..).zip(self.names.iter()) {
            insert(&table, hash_bytes(name.as_bytes()), id);
        }
        assert!(self.levels[level].set(table).is_ok(), "names have one writer");
        self.level.store(level, Ordering::Release);
    }
}

impl Default for Names {
    fn default() -> Self {
        Self::new()
    }
}

fn slots(len: usize) -> Box<[AtomicU64]> {
    (0..len).map(|_| AtomicU64::new(0)).collect()
}

fn insert(table: &[AtomicU64], hash: u64, id: u32) {
    let free = probes(hash, table.len()).find(|slot| table[*slot].load(Ordering::Relaxed) == 0);
    let free = free.expect("a table is at most half full");
    table[free].store(hash >> 32 << 32 | u64::from(id + 1), Ordering::Release);
}

/// Returns every slot of a table of `len`, a power of two, from the one that `hash` falls on.
#[expect(clippy::cast_possible_truncation, reason = "only the lower bits choose a slot")]
fn probes(hash: u64, len: usize) -> impl Iterator<Item = usize> {
    (0..len).map(move |step| (hash as usize).wrapping_add(step) & (len - 1))
}

#[expect(clippy::cast_possible_truncation, reason = "the id stands in the lower half")]
fn id_in(entry: u64) -> NameId {
    NameId(entry as u32 - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_stored_once() {
        let names = Names::new();
        assert_eq!((names.find(""), names.heap_bytes()), (None, 0));
        let ids: Vec<NameId> = (0..3000).map(|number| names.intern(&format!("name{number}"))).collect();
        for (number, id) in ids.iter().enumerate() {
            let name = format!("name{number}");
            assert_eq!((names.intern(&name), names.find(&name), names.get(*id).as_str()), (*id, Some(*id), &*name));
        }
        assert_eq!((names.len(), names.find("other")), (3000, None));
        let empty = names.intern("");
        assert_eq!(names.find(""), Some(empty));
    }

    #[test]
    fn readers_find_published_names_while_the_writer_adds() {
        let names = Names::new();
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let mut seen = 0;
                    while seen < 5000 {
                        for (id, name) in (0..).zip(names.names.iter()).skip(seen) {
                            assert!(names.find(name).is_none_or(|found| found == NameId(id)));
                        }
                        seen = names.len();
                        let early = seen / 2;
                        if early > 0 {
                            assert!(names.find(&(early - 1).to_string()).is_some());
                        }
                    }
                });
            }
            for number in 0..5000 {
                names.intern(&number.to_string());
            }
        });
    }
}
