//! What the caller knows of where a node is.

/// Where a node is before a layout begins, and how far the layout may move it.
///
/// Coordinates are finite and at most [`POSITION_MAX`](crate::POSITION_MAX) from 0.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Place {
    /// Nowhere yet: the layout finds a place.
    #[default]
    Free,
    /// Where an earlier layout put it; what is around it has changed, so it may go anywhere from there.
    Loose([f32; 2]),
    /// Where an earlier layout put it. It moves little where a free or loose node is near, else not at all.
    Kept([f32; 2]),
    /// Where the user wants it: it never moves.
    Fixed([f32; 2]),
    /// An index without a node, as a removed one leaves it. It has no edges, and its position is the origin.
    Absent,
}

impl Place {
    /// Returns the position that was given, if there is one.
    #[must_use]
    pub fn position(self) -> Option<[f32; 2]> {
        match self {
            Self::Loose(position) | Self::Kept(position) | Self::Fixed(position) => Some(position),
            Self::Free | Self::Absent => None,
        }
    }
}
