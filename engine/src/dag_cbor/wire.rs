//! The numbers of CBOR that both directions share.

/// Lists and maps within each other, at most.
pub const DEPTH_MAX: usize = 128;

pub(super) const UNSIGNED: u8 = 0;
pub(super) const NEGATIVE: u8 = 1;
pub(super) const BYTES: u8 = 2;
pub(super) const TEXT: u8 = 3;
pub(super) const LIST: u8 = 4;
pub(super) const MAP: u8 = 5;
pub(super) const TAG: u8 = 6;

pub(super) const FALSE: u8 = 0xf4;
pub(super) const TRUE: u8 = 0xf5;
pub(super) const NULL: u8 = 0xf6;
pub(super) const FLOAT64: u8 = 0xfb;

/// What stands before a CID's 36 bytes: tag 42, bytes of length 37, the multibase prefix 0.
pub(super) const LINK_PREFIX: [u8; 5] = [0xd8, 0x2a, 0x58, 37, 0];
