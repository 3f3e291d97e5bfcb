//! How a drawing lies among the caller's positions.

use crate::point::{Point, single};

/// What leads from the coordinates of a drawing to those of the caller.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame {
    /// Where the drawing's origin is.
    pub(crate) origin: [f64; 2],
    /// How long the drawing's unit is.
    pub(crate) unit: f64,
}

impl Frame {
    /// Returns the caller's coordinates.
    pub(crate) fn outward(self, point: Point) -> [f32; 2] {
        let [x, y] = point.wide();
        [single(self.origin[0] + x * self.unit), single(self.origin[1] + y * self.unit)]
    }

    /// Returns the drawing's coordinates.
    pub(crate) fn inward(self, position: [f32; 2]) -> Point {
        let [x, y] = position.map(f64::from);
        Point::of_wide([(x - self.origin[0]) / self.unit, (y - self.origin[1]) / self.unit])
    }
}
