//! Where a node stands that says nothing of its place and was given none yet: a spiral like that of a sunflower's seeds, in
//! which every node has the same room (Vogel, A better way to construct the sunflower head, 1979).

use super::look::nearest;

/// Returns the place of node `ordinal` in the spiral: at the radius √`ordinal`, and `ordinal` times the golden angle.
pub fn sunflower(ordinal: u32) -> [f32; 2] {
    const GOLDEN_ANGLE: f64 = 2.399_963_229_728_653;
    let ordinal = f64::from(ordinal);
    let (sin, cos) = (ordinal * GOLDEN_ANGLE).sin_cos();
    [ordinal.sqrt() * cos, ordinal.sqrt() * sin].map(nearest)
}
