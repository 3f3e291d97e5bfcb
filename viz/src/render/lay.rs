//! Where a picture that was drawn lies in a view whose camera has moved since.

use std::ops::RangeInclusive;

use bevy::math::{Mat4, UVec2, Vec2};
use bytemuck::{Pod, Zeroable};

/// How much smaller or larger a picture may be seen than it was drawn.
const REUSED_SCALES: RangeInclusive<f32> = 0.8..=1.25;

/// The uniform of `layer.wgsl`: the picture's pixel of a pixel of the view.
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub(super) struct Lay {
    columns: [[f32; 2]; 2],
    added: [f32; 2],
    padding: [f32; 2],
}

impl Lay {
    /// A picture as it was drawn, with so much beyond the view at its left and top.
    pub(super) fn exact(beyond: UVec2) -> Self {
        Self { columns: [[1.0, 0.0], [0.0, 1.0]], added: beyond.as_vec2().to_array(), padding: [0.0; 2] }
    }

    /// A picture that a flat camera drew, seen from where it has come, by the matrices that place the world in the picture
    /// then and now; `None` where the picture does not show all that is seen now, or much smaller or larger. `picture` and
    /// `view` are their pixels.
    pub(super) fn seen_from([drawn, now]: [Mat4; 2], picture: Vec2, view: Vec2) -> Option<Self> {
        let drawn_from_now = drawn * now.inverse();
        let part = view / picture;
        let of = |pixel: Vec2| {
            let device = (pixel / view - 0.5) * Vec2::new(2.0, -2.0) * part;
            let device = drawn_from_now.transform_point3(device.extend(0.0)).truncate();
            (device * Vec2::new(0.5, -0.5) + 0.5) * picture
        };
        let origin = of(Vec2::ZERO);
        let columns = [of(Vec2::X) - origin, of(Vec2::Y) - origin];
        let corners = [Vec2::ZERO, view, Vec2::new(view.x, 0.0), Vec2::new(0.0, view.y)].map(of);
        let is_inside = corners.iter().all(|corner| corner.cmpge(Vec2::ZERO).all() && corner.cmple(picture).all());
        let is_alike = columns.iter().all(|column| REUSED_SCALES.contains(&column.length()));
        (is_inside && is_alike).then(|| Self {
            columns: columns.map(|column| column.to_array()),
            added: origin.to_array(),
            padding: [0.0; 2],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VIEW: Vec2 = Vec2::new(160.0, 80.0);
    const BEYOND: UVec2 = UVec2::new(20, 10);

    fn picture() -> Vec2 {
        VIEW + BEYOND.as_vec2() * 2.0
    }

    /// Where a flat camera at a place puts the world in its picture, a unit so many pixels long.
    fn camera(at: Vec2, unit_px: f32) -> Mat4 {
        let half = picture() / unit_px / 2.0;
        let flat = Mat4::orthographic_rh(-half.x, half.x, -half.y, half.y, 1000.0, -1000.0);
        flat * Mat4::from_translation(-at.extend(0.0))
    }

    /// How the picture of a camera at the origin, a unit two pixels long, is seen by another.
    fn seen_from(at: Vec2, unit_px: f32) -> Option<Lay> {
        Lay::seen_from([camera(Vec2::ZERO, 2.0), camera(at, unit_px)], picture(), VIEW)
    }

    fn pixel(lay: &Lay, at: Vec2) -> Vec2 {
        let [x, y] = lay.columns.map(Vec2::from);
        x * at.x + y * at.y + Vec2::from(lay.added)
    }

    #[test]
    fn a_picture_is_laid_where_the_camera_has_come() {
        let near = |lay: Option<Lay>, at: Vec2, expected: Vec2| {
            let found = pixel(&lay.expect("it shows all"), at);
            assert!(found.distance(expected) < 1e-3, "{found} {expected}");
        };
        let at = Vec2::new(30.0, 7.0);
        near(seen_from(Vec2::ZERO, 2.0), at, pixel(&Lay::exact(BEYOND), at));
        let middle = picture() / 2.0;
        near(seen_from(Vec2::new(3.0, 1.0), 2.0), VIEW / 2.0, middle + Vec2::new(6.0, -2.0));
        near(seen_from(Vec2::ZERO, 2.2), VIEW / 2.0, middle);
        near(seen_from(Vec2::ZERO, 2.2), VIEW / 2.0 + Vec2::new(11.0, 0.0), middle + Vec2::new(10.0, 0.0));
    }

    #[test]
    fn a_picture_that_does_not_show_all_is_not_used_again() {
        assert_eq!(seen_from(Vec2::new(11.0, 0.0), 2.0), None, "beyond the margin");
        assert_eq!(seen_from(Vec2::ZERO, 4.0), None, "much larger");
        assert_eq!(seen_from(Vec2::ZERO, 1.5), None, "more than the picture");
    }
}
