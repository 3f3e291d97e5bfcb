//! The machine that a figure was measured on, without its name.

use std::fs;

use serde::{Deserialize, Serialize};

/// The machine that a figure was measured on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// The processor's model.
    pub cpu: String,
    /// Cores that this process may use.
    pub cores: usize,
    /// Memory, bytes.
    pub memory_bytes: u64,
    /// The operating system.
    pub os: String,
    /// Its kernel.
    pub kernel: String,
}

impl Machine {
    /// Returns what the operating system says of this machine; `unknown` where it says nothing.
    pub fn this() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let unknown = || "unknown".to_owned();
        let kernel = read("/proc/sys/kernel/osrelease").trim().to_owned();
        Self {
            cpu: field(&read("/proc/cpuinfo"), "model name", ':').unwrap_or_else(unknown),
            cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            memory_bytes: kibibytes(&read("/proc/meminfo"), "MemTotal").unwrap_or(0),
            os: field(&read("/etc/os-release"), "PRETTY_NAME", '=').unwrap_or_else(|| std::env::consts::OS.to_owned()),
            kernel: if kernel.is_empty() { unknown() } else { kernel },
        }
    }
}

/// Returns the value of the first line that starts with `name`, then white space, then `separator`.
fn field(text: &str, name: &str, separator: char) -> Option<String> {
    let value = |line: &str| Some(line.strip_prefix(name)?.trim_start().strip_prefix(separator)?.to_owned());
    text.lines().find_map(value).map(|found| found.trim().trim_matches('"').to_owned())
}

/// Returns the bytes of a line such as `MemTotal:   16384 kB`.
pub(super) fn kibibytes(text: &str, name: &str) -> Option<u64> {
    let value = field(text, name, ':')?;
    let number: u64 = value.strip_suffix("kB")?.trim().parse().ok()?;
    number.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_the_kernel_writes_them() {
        let check = |text, name, separator, expected: &str| {
            assert_eq!(field(text, name, separator).as_deref(), Some(expected));
        };
        check("processor\t: 0\nmodel name\t: A CPU @ 2.5GHz\n", "model name", ':', "A CPU @ 2.5GHz");
        check("PRETTY_NAME=\"Debian 13\"\n", "PRETTY_NAME", '=', "Debian 13");
        assert_eq!(kibibytes("MemTotal:       16 kB\n", "MemTotal"), Some(16_384));
        assert_eq!(kibibytes("MemTotal: many\n", "MemTotal"), None);
    }
}
