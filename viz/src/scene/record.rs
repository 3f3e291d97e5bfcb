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
