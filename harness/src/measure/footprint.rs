//! The whole process as a ledger: the engine's structures, and beside them the binary, stacks and the allocator.
//!
//! The allocator's line is what the heap has in memory beyond the structures: spare room, freed pages that were not
//! handed back, and what no structure names. How much that last part is, the allocator does not tell: a test of the
//! benches holds the structures' lines against one that counts.

use std::fs;
use std::path::Path;

use cidgraph::MemoryLedger;

use super::machine::kibibytes;
use super::memory::process_memory;

/// Everything that a process has in memory, line by line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessLedger {
    /// The engine's structures, then `binary`, `mapped files`, `stacks` and `allocator`.
    pub lines: MemoryLedger,
    /// What the operating system counts as resident, bytes.
    pub resident: u64,
}

impl ProcessLedger {
    /// Makes the ledger of this process; `None` where the operating system does not tell (no `/proc`).
    pub fn of(structures: &MemoryLedger) -> Option<Self> {
        // The first reading pages in the code that reads.
        let mappings = Mappings::read().and_then(|_| Mappings::read())?;
        let resident = process_memory()?.resident;
        let mut lines = structures.clone();
        let enter = |lines: &mut MemoryLedger, name, bytes: u64| {
            lines.enter(name, usize::try_from(bytes).expect("bytes in memory can be counted"));
        };
        enter(&mut lines, "binary", mappings.binary);
        enter(&mut lines, "mapped files", mappings.files);
        enter(&mut lines, "stacks", mappings.stacks);
        enter(&mut lines, "allocator", mappings.heap.saturating_sub(structures.total()));
        Some(Self { lines, resident })
    }

    /// Returns what is resident and in no line, below 0 where the lines say more than is resident.
    pub fn unaccounted(&self) -> i64 {
        let signed = |bytes: u64| i64::try_from(bytes).expect("bytes in memory can be counted");
        signed(self.resident) - signed(self.lines.total())
    }
}

/// Resident bytes of this process's mappings by what they are.
#[derive(Debug, Default, PartialEq, Eq)]
struct Mappings {
    /// The program and its libraries, their data included.
    binary: u64,
    /// Other files.
    files: u64,
    stacks: u64,
    /// All that is anonymous and no stack.
    heap: u64,
}

impl Mappings {
    fn read() -> Option<Self> {
        let smaps = fs::read_to_string("/proc/self/smaps").ok()?;
        Some(Self::parse(&smaps, &stack_pointers()))
    }

    /// Reads the text of `smaps`; a mapping without a name in which a stack pointer lies is a thread's stack.
    fn parse(smaps: &str, stack_pointers: &[u64]) -> Self {
        let mut mappings = Self::default();
        let mut class = Class::Heap;
        for line in smaps.lines() {
            if let Some(heading) = Heading::of(line) {
                class = heading.class(stack_pointers);
            } else if let Some(bytes) = kibibytes(line, "Rss") {
                *match class {
                    Class::Binary => &mut mappings.binary,
                    Class::File => &mut mappings.files,
                    Class::Stack => &mut mappings.stacks,
                    Class::Heap => &mut mappings.heap,
                } += bytes;
            }
        }
        mappings
    }
}

#[derive(Debug, Clone, Copy)]
enum Class {
    Binary,
    File,
    Stack,
    Heap,
}

/// The first line of a mapping in `smaps`: its addresses, and its name where it has one.
struct Heading<'a> {
    addresses: std::ops::Range<u64>,
    name: &'a str,
}

impl<'a> Heading<'a> {
    fn of(line: &'a str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace();
        let (start, end) = words.next()?.split_once('-')?;
        let address = |text| u64::from_str_radix(text, 16).ok();
        let name = line.splitn(6, ' ').nth(5).unwrap_or_default().trim();
        Some(Self { addresses: address(start)?..address(end)?, name })
    }

    fn class(&self, stack_pointers: &[u64]) -> Class {
        let is_program = || std::env::current_exe().is_ok_and(|program| program == Path::new(self.name));
        match self.name {
            "[stack]" => Class::Stack,
            "" if stack_pointers.iter().any(|pointer| self.addresses.contains(pointer)) => Class::Stack,
            name if name.starts_with('/') && (name.contains(".so") || is_program()) => Class::Binary,
            name if name.starts_with('/') => Class::File,
            "[vdso]" | "[vvar]" => Class::Binary,
            _ => Class::Heap,
        }
    }
}

/// Returns where each thread's stack stands: those that wait say it themselves, the running one has a variable there.
fn stack_pointers() -> Vec<u64> {
    let here = 0_u8;
    let mut pointers = vec![std::ptr::from_ref(&here).addr() as u64];
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    pointers.extend(tasks.filter_map(|task| {
        let call = fs::read_to_string(task.path().join("syscall")).ok()?;
        let pointer = call.split_ascii_whitespace().nth_back(1)?.strip_prefix("0x")?;
        u64::from_str_radix(pointer, 16).ok()
    }));
    pointers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mappings_are_told_apart() {
        let smaps = "\
55a0-55b0 r-xp 00000000 fe:00 12   /usr/lib/libc.so.6\nSize: 64 kB\nRss: 8 kB\nPss: 4 kB\n\
7000-7800 rw-p 00000000 00:00 0 \nRss: 16 kB\n\
8000-9000 rw-p 00000000 00:00 0 \nRss: 32 kB\n\
a000-b000 r--p 00000000 fe:00 13   /data/a graph.snapshot\nRss: 64 kB\n\
f000-ffff rw-p 00000000 00:00 0    [stack]\nRss: 128 kB\n";
        let kib = |count: u64| count * 1024;
        let expected = Mappings { binary: kib(8), files: kib(64), stacks: kib(16 + 128), heap: kib(32) };
        assert_eq!(Mappings::parse(smaps, &[0x7400]), expected);
    }

    #[test]
    fn the_lines_of_a_process_add_up_to_what_is_resident() {
        let mut structures = MemoryLedger::default();
        structures.enter("node ids", 1 << 10);
        let Some(ledger) = ProcessLedger::of(&structures) else { return };
        let resident = i64::try_from(ledger.resident).expect("bytes in memory can be counted");
        assert!(ledger.unaccounted().abs() * 20 <= resident, "{ledger:?}");
        assert!(ledger.lines.bytes("binary") > 0 && ledger.lines.bytes("stacks") > 0, "{ledger:?}");
        assert_eq!(ledger.lines.bytes("node ids"), 1 << 10);
    }
}
