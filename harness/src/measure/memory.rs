//! This process's memory as the operating system counts it.

use std::fs;

use super::machine::kibibytes;

/// This process's memory, bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessMemory {
    /// Resident: all pages in memory.
    pub resident: u64,
    /// Anonymous: pages that no file backs.
    pub anonymous: u64,
    /// Resident at its highest so far.
    pub resident_peak: u64,
}

/// Lets the highest resident memory be counted anew; without effect where the operating system does not offer it.
pub fn reset_peak() {
    drop(fs::write("/proc/self/clear_refs", "5"));
}

/// Returns the bytes that processes may still take before the system must write memory out; `None` where it does not tell.
pub fn available_memory() -> Option<u64> {
    kibibytes(&fs::read_to_string("/proc/meminfo").ok()?, "MemAvailable")
}

/// Returns this process's memory; `None` where the operating system does not tell (no `/proc`).
///
/// `smaps_rollup` is exact; the quicker `statm` lags behind by some pages a thread.
pub fn process_memory() -> Option<ProcessMemory> {
    let rollup = fs::read_to_string("/proc/self/smaps_rollup").ok()?;
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let resident = kibibytes(&rollup, "Rss")?;
    Some(ProcessMemory {
        resident,
        anonymous: kibibytes(&rollup, "Anonymous")?,
        resident_peak: kibibytes(&status, "VmHWM")?.max(resident),
    })
}
