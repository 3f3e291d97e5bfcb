//! What one process says of itself.

use serde::{Deserialize, Serialize};

/// What a process that loaded and answered measured; times in nanoseconds, medians over the questions of a class.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Worked {
    /// From the first node to the last edge, and until what an engine does afterwards is done, seconds; nothing where it
    /// opened what another process had loaded.
    pub(crate) load_s: Option<f64>,
    /// Resident once the graph is loaded and at rest, bytes.
    pub(crate) resident: u64,
    pub(crate) point_ns: f64,
    pub(crate) count_ns: f64,
    pub(crate) two_hop_ns: f64,
    pub(crate) path_ns: f64,
    /// What all answers together come to: engines that answer alike have the same.
    pub(crate) digest: String,
}

/// What a process that opened measured.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Opened {
    /// Until the first node was read, seconds.
    pub(crate) open_s: f64,
    /// Resident after that, bytes.
    pub(crate) resident: u64,
    /// What that node reads: the same of every engine.
    pub(crate) point: u64,
}
