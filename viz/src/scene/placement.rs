//! Where a node stands that says nothing of its place.

/// Gives places to nodes without a place of their own.
pub trait Placement: Send + Sync + 'static {
    /// Returns the place of a graph's node, of which `ordinal` were added before it. The same input gives the same place.
    fn place(&mut self, ordinal: u32) -> [f32; 3];
}

/// A spiral like that of a sunflower's seeds, in which every node has the same room: node `n` stands at the radius √n
/// and `n` times the golden angle (Vogel, A better way to construct the sunflower head, 1979).
#[derive(Debug, Clone, Copy, Default)]
pub struct Sunflower;

impl Placement for Sunflower {
    fn place(&mut self, ordinal: u32) -> [f32; 3] {
        let [x, y] = sunflower(ordinal);
        [x, y, 0.0]
    }
}

/// Returns the place of node `ordinal` in the spiral.
pub fn sunflower(ordinal: u32) -> [f32; 2] {
    const GOLDEN_ANGLE: f64 = 2.399_963_229_728_653;
    let ordinal = f64::from(ordinal);
    let (sin, cos) = (ordinal * GOLDEN_ANGLE).sin_cos();
    [ordinal.sqrt() * cos, ordinal.sqrt() * sin].map(super::look::nearest)
}
