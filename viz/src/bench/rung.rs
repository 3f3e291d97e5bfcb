//! What draws while frames are timed.

use bevy::math::UVec2;

use crate::headless::Adapter;

/// What draws while frames are timed, from the least to the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Rung {
    /// Nothing: the processor's cost of a frame alone.
    A,
    /// Software, 8 × 8 pixels: the cost of vertices.
    B,
    /// Software, 1280 × 720 pixels.
    C,
    /// A graphics device, 1920 × 1080 pixels.
    D,
}

impl Rung {
    /// Returns its name in the report.
    pub const fn name(self) -> &'static str {
        match self {
            Self::A => "A noop",
            Self::B => "B software 8 × 8",
            Self::C => "C software 1280 × 720",
            Self::D => "D device 1920 × 1080",
        }
    }

    /// Returns what draws.
    pub const fn adapter(self) -> Adapter {
        match self {
            Self::A => Adapter::Noop,
            Self::B | Self::C => Adapter::Software,
            Self::D => Adapter::Gpu,
        }
    }

    /// Returns the pixels.
    pub const fn size(self) -> UVec2 {
        match self {
            Self::A | Self::C => UVec2::new(1280, 720),
            Self::B => UVec2::new(8, 8),
            Self::D => UVec2::new(1920, 1080),
        }
    }

    /// Returns how many frames are timed, and how many before are not.
    pub const fn frames(self) -> (usize, usize) {
        match self {
            Self::A | Self::D => (1000, 60),
            Self::B | Self::C => (300, 10),
        }
    }

    /// Returns whether pictures can be read back.
    pub const fn has_pictures(self) -> bool {
        match self {
            Self::A => false,
            Self::B | Self::C | Self::D => true,
        }
    }
}
