//! What files on a shelf are called: their names say what they hold, so that no list of them can be wrong.

use crate::pool::ComponentRegistry;

/// A file of a graph's folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum FileName {
    /// A snapshot of the whole graph.
    Snapshot {
        /// Its version.
        version: u64,
        /// The time of that version's event, nanoseconds since the Unix epoch.
        timestamp_ns: u64,
        /// What the component types were that its indices know, as of [`fingerprint`].
        registry: u32,
    },
    /// All versions of a stretch of the graph's history.
    History {
        /// The first version that it answers for.
        first: u64,
        /// The last one.
        last: u64,
        /// As of a snapshot.
        registry: u32,
    },
    /// The last transactions up to a snapshot.
    Transactions {
        /// The snapshot's version.
        version: u64,
    },
    /// The events after a snapshot or another layer.
    Layer {
        /// The version of the first event.
        first: u64,
        /// The version of the last event.
        last: u64,
    },
}

const SNAPSHOT: &str = "snapshot";
const TRANSACTIONS: &str = "transactions";
const HISTORY: &str = "history";
const LAYER: &str = "layer.car.zst";

impl FileName {
    /// Reads a name; `None` where it is another file's.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let (numbers, kind) = name.split_once('.')?;
        let parsed = match kind.rsplit_once('.') {
            None if kind == TRANSACTIONS => Self::Transactions { version: numbers.parse().ok()? },
            Some((rest, SNAPSHOT)) => {
                let (timestamp, registry) = rest.split_once('.')?;
                Self::Snapshot {
                    version: numbers.parse().ok()?,
                    timestamp_ns: timestamp.parse().ok()?,
                    registry: u32::from_str_radix(registry, 16).ok()?,
                }
            }
            Some((registry, HISTORY)) => {
                let ((first, last), registry) = (span(numbers)?, u32::from_str_radix(registry, 16).ok()?);
                Self::History { first, last, registry }
            }
            _ if kind == LAYER => {
                let (first, last) = span(numbers)?;
                Self::Layer { first, last }
            }
            _ => return None,
        };
        let is_sound = match parsed {
            Self::Layer { first, last } => 1 <= first && first <= last,
            Self::History { first, last, .. } => first < last,
            Self::Snapshot { .. } | Self::Transactions { .. } => true,
        };
        (is_sound && parsed.to_string() == name).then_some(parsed)
    }
}

impl std::fmt::Display for FileName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Snapshot { version, timestamp_ns, registry } => {
                write!(f, "{version:012}.{timestamp_ns:019}.{registry:08x}.{SNAPSHOT}")
            }
            Self::History { first, last, registry } => write!(f, "{first:012}-{last:012}.{registry:08x}.{HISTORY}"),
            Self::Transactions { version } => write!(f, "{version:012}.{TRANSACTIONS}"),
            Self::Layer { first, last } => write!(f, "{first:012}-{last:012}.{LAYER}"),
        }
    }
}

/// Reads two versions.
fn span(numbers: &str) -> Option<(u64, u64)> {
    let (first, last) = numbers.split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()?))
}

/// Returns a number that component types with the same categories have in common: indices rest on the categories, so a
/// snapshot that was taken with others is not used.
pub(super) fn fingerprint(registry: &ComponentRegistry) -> u32 {
    let mut content = Vec::new();
    for name in registry.names() {
        if let Some(category) = registry.category(name) {
            for text in [name, category] {
                content.extend_from_slice(&(text.len() as u64).to_le_bytes());
                content.extend_from_slice(text.as_bytes());
            }
        }
    }
    let digest = crate::cid::HashKind::Sha2_256.digest(&content);
    u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::ComponentType;

    #[test]
    fn a_name_says_what_a_file_holds() {
        let check = |file: FileName, name: &str| {
            assert_eq!((file.to_string().as_str(), FileName::parse(name)), (name, Some(file)));
        };
        check(FileName::Snapshot { version: 7, timestamp_ns: 5, registry: 255 }, SNAPSHOT_7);
        let history = FileName::History { first: 0, last: 7, registry: 255 };
        check(history, "000000000000-000000000007.000000ff.history");
        check(FileName::Transactions { version: 7 }, "000000000007.transactions");
        check(FileName::Layer { first: 8, last: 1_234_567_890_123 }, "000000000008-1234567890123.layer.car.zst");
        let others =
            ["", "7.transactions", "000000000007.transactions.draft", "000000000008-000000000007.layer.car.zst"];
        assert_eq!(FileName::parse("000000000007-000000000007.000000ff.history"), None);
        let more = ["000000000000-000000000007.layer.car.zst", "000000000007.5.ff.snapshot", "lock"];
        others.iter().chain(&more).for_each(|name| assert_eq!(FileName::parse(name), None, "{name}"));
    }

    const SNAPSHOT_7: &str = "000000000007.0000000000000000005.000000ff.snapshot";

    #[test]
    fn categories_alone_make_the_fingerprint() {
        let known = ComponentRegistry::default();
        let with = |component_type| fingerprint(&known.clone().with(component_type));
        assert_eq!(with(ComponentType::new("Visual")), fingerprint(&known));
        let visual = with(ComponentType::new("Visual").in_category("visual"));
        assert_ne!(visual, fingerprint(&known));
        assert_ne!(visual, with(ComponentType::new("Visual").in_category("look")));
    }
}
