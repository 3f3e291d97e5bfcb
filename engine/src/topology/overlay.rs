//! The edges since the frozen adjacency was built: appended by one writer, read by many without locks.
//!
//! Each row has a birth stamp; deaths are stamps in a sparse map over all edges, frozen ones too. Stamps count versions
//! since the base. A reader at stamp `s` sees an edge when `birth ≤ s` and it is not dead at `s`, so rows of an
//! unpublished draft are invisible, and a draft that is taken back is made invisible for ever by a death at its birth.
//! Rows of a node are linked in the order of their birth, both ways; the last one leads back to the first.

use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::arena::{Arena, Paged};
use crate::id::EdgeId;

use super::NodeIndex;

/// Versions since the base was built.
pub type Stamp = u32;

/// An edge since the base.
#[derive(Debug)]
pub struct EdgeRow {
    /// The node it starts at.
    pub source: NodeIndex,
    /// The node it ends at.
    pub target: NodeIndex,
    /// Its kind's name.
    pub kind: u32,
    /// Its place among the edges of that version.
    pub index: u32,
    /// Its properties in the pool, 0 for none, else the component id plus 1.
    pub properties: u32,
    /// Where the caller's id for it is kept plus 1, 0 for none.
    pub caller: u32,
    birth: AtomicU32,
    next_out: AtomicU32,
    next_in: AtomicU32,
}

impl EdgeRow {
    /// Returns the stamp of the version at which it was connected.
    #[inline]
    pub fn birth(&self) -> Stamp {
        self.birth.load(Ordering::Relaxed)
    }
}

/// What a new edge is made of.
#[derive(Debug)]
pub struct NewEdgeRow {
    /// The node it starts at.
    pub source: NodeIndex,
    /// The node it ends at.
    pub target: NodeIndex,
    /// Its kind's name.
    pub kind: u32,
    /// When it was connected.
    pub birth: Stamp,
    /// Its place among the edges of that version.
    pub index: u32,
    /// Its properties in the pool, 0 for none, else the component id plus 1.
    pub properties: u32,
    /// The caller's id for it.
    pub caller_id: Option<EdgeId>,
}

/// The edges since the base, by row number.
#[derive(Debug, Default)]
pub struct Overlay {
    rows: Arena<EdgeRow>,
    /// The number of each node's last outgoing and incoming row plus 1.
    out_tails: Paged,
    in_tails: Paged,
    deaths: Paged,
}

impl Overlay {
    /// Appends an edge, whose caller's id is kept at `caller - 1` where that is not 0, and returns its row number; for
    /// the one writer.
    pub fn append(&self, new: NewEdgeRow, caller: u32) -> u32 {
        let NewEdgeRow { source, target, kind, birth, index, properties, caller_id: _ } = new;
        let row = self.rows.push(EdgeRow {
            source,
            target,
            kind,
            birth: AtomicU32::new(birth),
            index,
            properties,
            caller,
            next_out: AtomicU32::new(0),
            next_in: AtomicU32::new(0),
        });
        self.link(&self.out_tails, source, row, |row| &row.next_out);
        self.link(&self.in_tails, target, row, |row| &row.next_in);
        row
    }

    /// Touches what appending edges between these nodes will touch. Waiting for one place in memory after another is most of
    /// what many edges at random cost; here the waits overlap.
    pub fn touch(&self, ends: impl Iterator<Item = (NodeIndex, NodeIndex)>) {
        let tail = |(source, target)| (self.out_tails.get(index(source)), self.in_tails.get(index(target)));
        let tails: Vec<(u32, u32)> = ends.map(tail).collect();
        let next = |tail: u32, next: fn(&EdgeRow) -> &AtomicU32| {
            tail.checked_sub(1).map_or(0, |row| next(self.row(row)).load(Ordering::Relaxed))
        };
        let next = |(out, into): &(u32, u32)| next(*out, |row| &row.next_out) ^ next(*into, |row| &row.next_in);
        black_box(tails.iter().fold(0, |all, tails| all ^ next(tails)));
    }

    /// Makes rows from `first` on invisible for ever, as of a draft that is taken back to `stamp`; `edge_of` gives a
    /// row's edge ordinal. Their births become the next version's, so that births never decrease from row to row.
    pub fn void(&self, first: u32, stamp: Stamp, edge_of: impl Fn(u32) -> u32) {
        for row in first..self.len() {
            self.set_death(edge_of(row), stamp + 1);
            self.row(row).birth.store(stamp + 1, Ordering::Relaxed);
        }
    }

    /// Returns the row of edge number `index` of the version at `birth`, dead or alive.
    pub fn find(&self, birth: Stamp, index: u32) -> Option<u32> {
        let start = self.partition(|row| row.birth() < birth);
        let end = self.partition(|row| row.birth() <= birth);
        // Rows that were taken back may stand first; those that were not have the indices 0, 1, … up to the last one.
        let last = self.row(end.checked_sub(1).filter(|last| *last >= start)?).index;
        let row = end.checked_sub(last + 1)?.checked_add(index)?;
        (row >= start && row < end && self.row(row).index == index).then_some(row)
    }

    fn partition(&self, before: impl Fn(&EdgeRow) -> bool) -> u32 {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = u32::midpoint(low, high);
            if before(self.row(middle)) { low = middle + 1 } else { high = middle }
        }
        low
    }

    /// Puts a row at the end of a node's ring.
    fn link(&self, tails: &Paged, node: NodeIndex, row: u32, next: fn(&EdgeRow) -> &AtomicU32) {
        let (node, this) = (index(node), next(self.row(row)));
        match tails.get(node) {
            0 => this.store(row + 1, Ordering::Relaxed),
            tail => {
                let last = next(self.row(tail - 1));
                this.store(last.load(Ordering::Relaxed), Ordering::Relaxed);
                last.store(row + 1, Ordering::Release);
            }
        }
        tails.set(node, row + 1);
    }

    /// Returns a row.
    ///
    /// # Panics
    /// Where there is no such row.
    #[inline]
    pub fn row(&self, row: u32) -> &EdgeRow {
        self.rows.get(row).expect("a row is asked for only by a number that was given out")
    }

    /// Returns the number of rows.
    pub fn len(&self) -> u32 {
        self.rows.len()
    }

    /// Returns whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.len() == 0
    }

    /// Returns a node's outgoing rows, oldest first, whatever their birth.
    #[inline]
    pub fn outgoing(&self, node: NodeIndex) -> Rows<'_> {
        Rows::new(self, self.out_tails.get(index(node)), |row| &row.next_out)
    }

    /// Returns a node's incoming rows, oldest first, whatever their birth.
    #[inline]
    pub fn incoming(&self, node: NodeIndex) -> Rows<'_> {
        Rows::new(self, self.in_tails.get(index(node)), |row| &row.next_in)
    }

    /// Returns the stamp of an edge's death, by edge ordinal, 0 for none.
    #[inline]
    pub fn death(&self, edge: u32) -> Stamp {
        self.deaths.get(edge)
    }

    /// Returns whether no edge ever died here, which spares readers the look at each.
    #[inline]
    pub fn is_deathless(&self) -> bool {
        self.deaths.is_untouched()
    }

    /// Sets the stamp of an edge's death, by edge ordinal; 0 takes it back.
    pub fn set_death(&self, edge: u32, stamp: Stamp) {
        self.deaths.set(edge, stamp);
    }

    /// Returns the bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.rows.heap_bytes()
            + [&self.out_tails, &self.in_tails, &self.deaths].iter().map(|column| column.heap_bytes()).sum::<usize>()
    }
}

/// A node's rows one way.
#[derive(Debug, Clone)]
pub struct Rows<'a> {
    overlay: &'a Overlay,
    /// The next row with its number.
    next: Option<(u32, &'a EdgeRow)>,
    /// The number of the last row.
    last: u32,
    follow: fn(&EdgeRow) -> &AtomicU32,
}

impl<'a> Rows<'a> {
    /// Starts with the row behind the last one, whose number plus 1 is `tail`, 0 where there is none.
    #[inline]
    fn new(overlay: &'a Overlay, tail: u32, follow: fn(&EdgeRow) -> &AtomicU32) -> Self {
        let Some(last) = tail.checked_sub(1) else { return Self { overlay, next: None, last: 0, follow } };
        let mut rows = Self { overlay, next: None, last, follow };
        let (mut number, mut row) = rows.behind(overlay.row(last));
        // What has a higher number was put behind the last one since.
        while number > last {
            (number, row) = rows.behind(row);
        }
        rows.next = Some((number, row));
        rows
    }

    #[inline]
    fn behind(&self, row: &EdgeRow) -> (u32, &'a EdgeRow) {
        let number = (self.follow)(row).load(Ordering::Acquire) - 1;
        (number, self.overlay.row(number))
    }
}

impl<'a> Iterator for Rows<'a> {
    type Item = (u32, &'a EdgeRow);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (number, row) = self.next?;
        self.next = (number != self.last).then(|| self.behind(row));
        Some((number, row))
    }
}

#[inline]
fn index(node: NodeIndex) -> u32 {
    u32::try_from(node.index()).expect("node ordinals have 32 bits")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(birth: Stamp) -> NewEdgeRow {
        let (source, target) = (NodeIndex::new(3), NodeIndex::new(4));
        NewEdgeRow { source, target, kind: 0, birth, index: 0, properties: 0, caller_id: None }
    }

    #[test]
    fn readers_see_the_rows_of_a_node_in_order_while_the_writer_appends() {
        const ROWS: u32 = 20_000;
        let overlay = Overlay::default();
        assert_eq!(overlay.outgoing(NodeIndex::new(3)).count(), 0);
        std::thread::scope(|scope| {
            for incoming in [false, true] {
                let overlay = &overlay;
                scope.spawn(move || {
                    let mut seen = 0;
                    while seen < ROWS {
                        let known = overlay.len().saturating_sub(1);
                        let rows = if incoming {
                            overlay.incoming(NodeIndex::new(4))
                        } else {
                            overlay.outgoing(NodeIndex::new(3))
                        };
                        let numbers: Vec<u32> = rows.map(|(number, _)| number).take(200).collect();
                        assert!(numbers.iter().copied().eq(0..numbers.len().try_into().unwrap_or(0)));
                        assert!(numbers.len() >= known.min(200) as usize, "what was there before is there");
                        seen = overlay.len();
                    }
                });
            }
            for row in 0..ROWS {
                assert_eq!(overlay.append(edge(row), 0), row);
            }
        });
        assert_eq!(overlay.outgoing(NodeIndex::new(3)).count(), ROWS as usize);
    }
}
