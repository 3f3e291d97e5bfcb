//! What the GPU is given of a node, an edge and a group: the structs of `graph.wgsl`, field by field.

use bytemuck::{Pod, Zeroable};

/// The version of what still lives.
pub const ALIVE: u32 = u32::MAX;

/// A group's `compare` where nothing is compared.
pub const NO_VERSION: u32 = u32::MAX;

/// A place and a radius: x, y, z, radius, in the units of the group.
pub type Place = [f32; 4];

/// How a node looks and when it lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct NodeRecord {
    /// Red, green, blue and opacity, a byte each, red lowest; sRGB.
    pub color: u32,
    /// [`Bits`].
    pub bits: u32,
    /// The version it was added by.
    pub birth: u32,
    /// The version it was removed by, or [`ALIVE`].
    pub death: u32,
}

/// Which nodes an edge connects, how it looks and when it lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct EdgeRecord {
    /// The slot of the node it starts at.
    pub source: u32,
    /// The slot of the node it ends at.
    pub target: u32,
    /// As a node's.
    pub color: u32,
    /// [`Bits`]; an edge has no shape.
    pub bits: u32,
    /// As a node's.
    pub birth: u32,
    /// As a node's.
    pub death: u32,
}

/// Where a graph stands and which of its versions is shown.
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct GroupRecord {
    /// Column-major.
    pub world_from_group: [[f32; 4]; 4],
    /// The version that is shown.
    pub version: u32,
    /// The version that it is compared with, or [`NO_VERSION`].
    pub compare: u32,
    /// How much larger a radius becomes.
    pub scale: f32,
    /// Nothing.
    pub padding: u32,
}

/// What is needed to find how a node was.
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct PastHead {
    /// The place that the node has while it has none of its own, in the units of the group.
    pub given: [f32; 3],
    /// The version from which on it is as it is.
    pub since: u32,
    /// The place of its newest [`PastRecord`], or [`NO_RECORD`].
    pub newest: u32,
}

/// How a node was until it changed.
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct PastRecord {
    /// Its own place, in the units of the group; of no meaning where it had none.
    pub place: [f32; 3],
    /// Its radius.
    pub radius: f32,
    /// As [`NodeRecord::color`].
    pub color: u32,
    /// The shape (bits 0-7) and whether it had a place of its own (8); what is above is the processor's.
    pub bits: u32,
    /// The node's slot.
    pub node: u32,
    /// The version from which on it was so.
    pub since: u32,
    /// The place of the record before this one, or [`NO_RECORD`].
    pub before: u32,
    /// The place of one farther before, or [`NO_RECORD`].
    pub skip: u32,
}

/// The place of no [`PastRecord`].
pub const NO_RECORD: u32 = u32::MAX;

/// A node's or edge's shape (bits 0-7), marks (8-15) and group (16-31).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bits(pub u32);

impl Bits {
    /// It is selected.
    pub const SELECTED: u32 = 1 << 8;
    /// It stands out.
    pub const HIGHLIGHTED: u32 = 1 << 9;
    /// It stands back.
    pub const DIMMED: u32 = 1 << 10;
    /// It is not shown.
    pub const HIDDEN: u32 = 1 << 11;
    /// It has a place of its own.
    pub const PLACED: u32 = 1 << 12;
    /// It was given a colour, whatever its components say.
    pub const PAINTED: u32 = 1 << 13;
    /// It was given a radius, whatever its components say.
    pub const SIZED: u32 = 1 << 14;

    /// Makes the bits of a shape and a group without marks.
    pub const fn new(shape: u8, group: u16) -> Self {
        Self((group as u32) << 16 | shape as u32)
    }

    /// Returns the group.
    pub const fn group(self) -> u32 {
        self.0 >> 16
    }

    /// Returns these bits with a mark set or taken away.
    #[must_use]
    pub const fn with(self, mark: u32, is_set: bool) -> Self {
        Self(if is_set { self.0 | mark } else { self.0 & !mark })
    }
}

impl NodeRecord {
    /// Returns whether it lives at a version.
    pub const fn lives_at(&self, version: u32) -> bool {
        self.birth <= version && version < self.death
    }
}

impl EdgeRecord {
    /// Returns whether it lives at a version.
    pub const fn lives_at(&self, version: u32) -> bool {
        self.birth <= version && version < self.death
    }
}

/// Returns an engine's version as the GPU counts: in 32 bits, the last of which mean [`ALIVE`].
pub fn gpu_version(version: u64) -> u32 {
    u32::try_from(version).map_or(ALIVE - 1, |version| version.min(ALIVE - 1))
}
