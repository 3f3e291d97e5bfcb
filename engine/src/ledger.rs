//! The memory ledger: what takes how many bytes, line by line.
//!
//! Each structure enters its own lines; lines of one name are one line, so that the ledgers of several graphs add up.
//! Bytes are those that were asked for on the heap: what the allocator keeps beyond them is a line of the process.

use std::fmt;

/// Bytes by structure, in the order in which the structures were entered.
///
/// ```
/// use cidgraph::MemoryLedger;
///
/// let mut ledger = MemoryLedger::default();
/// ledger.enter("node ids", 16_000);
/// ledger.enter("names", 0);
/// ledger.enter("node ids", 160);
/// assert_eq!(ledger.bytes("node ids"), 16_160);
/// assert_eq!((ledger.lines().len(), ledger.total()), (1, 16_160));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemoryLedger {
    lines: Vec<MemoryLine>,
}

/// One structure of a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryLine {
    /// What it is: lower case, words with blanks between.
    pub name: &'static str,
    /// The bytes that it takes.
    pub bytes: u64,
}

impl MemoryLedger {
    /// Adds bytes to the line of a structure; nothing where it takes none.
    pub fn enter(&mut self, name: &'static str, bytes: usize) {
        let bytes = bytes as u64;
        match self.lines.iter_mut().find(|line| line.name == name) {
            Some(line) => line.bytes += bytes,
            None if bytes > 0 => self.lines.push(MemoryLine { name, bytes }),
            None => {}
        }
    }

    /// Adds every line of another ledger.
    pub fn enter_all(&mut self, other: &Self) {
        for line in &other.lines {
            self.enter(line.name, usize::try_from(line.bytes).expect("bytes in memory can be counted"));
        }
    }

    /// Returns the lines.
    pub fn lines(&self) -> &[MemoryLine] {
        &self.lines
    }

    /// Returns the lines, the largest first.
    pub fn largest_first(&self) -> Vec<MemoryLine> {
        let mut lines = self.lines.clone();
        lines.sort_by_key(|line| std::cmp::Reverse(line.bytes));
        lines
    }

    /// Returns the bytes of one line, 0 where there is none.
    pub fn bytes(&self, name: &str) -> u64 {
        self.lines.iter().find(|line| line.name == name).map_or(0, |line| line.bytes)
    }

    /// Returns the sum of all lines.
    pub fn total(&self) -> u64 {
        self.lines.iter().map(|line| line.bytes).sum()
    }
}

impl fmt::Display for MemoryLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|MemoryLine { name, bytes }| writeln!(f, "{name:<28}{bytes:>15}"))?;
        write!(f, "{:<28}{:>15}", "total", self.total())
    }
}
