//! Where the viewer looks: pixels to places and places to pixels.

use bevy::math::{Mat4, Vec2, Vec3, Vec4Swizzles};
use bevy::prelude::{Camera, Projection, Transform};

/// A camera as it stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Eye {
    clip_from_world: Mat4,
    world_from_clip: Mat4,
    /// Pixels that a unit of the world is long where w is 1.
    unit_px: f32,
    /// The view's pixels.
    pub size: Vec2,
    /// Whether nothing becomes smaller with distance.
    pub is_flat: bool,
}

impl Eye {
    /// Returns the eye of a camera; `None` where it draws nowhere, or as neither flat nor perspective cameras do.
    pub fn of(camera: &Camera, transform: &Transform, projection: &Projection) -> Option<Self> {
        let size = camera.logical_viewport_size()?;
        Self::looking(transform, projection, size)
    }

    /// Returns the eye of a camera that draws so many pixels.
    pub fn looking(transform: &Transform, projection: &Projection, size: Vec2) -> Option<Self> {
        let (clip_from_view, unit_px, is_flat) = match projection {
            Projection::Orthographic(flat) => {
                let half = size * flat.scale / 2.0;
                (Mat4::orthographic_rh(-half.x, half.x, -half.y, half.y, flat.far, flat.near), 1.0 / flat.scale, true)
            }
            Projection::Perspective(deep) => {
                let matrix = Mat4::perspective_infinite_reverse_rh(deep.fov, size.x / size.y, deep.near);
                (matrix, size.y / 2.0 / (deep.fov / 2.0).tan(), false)
            }
            Projection::Custom(_) => return None,
        };
        let clip_from_world = clip_from_view * transform.to_matrix().inverse();
        Some(Self { clip_from_world, world_from_clip: clip_from_world.inverse(), unit_px, size, is_flat })
    }

    /// Returns the pixel at which a place is seen, and how many pixels a unit of the world is long there; `None` behind the
    /// viewer.
    pub fn pixel(&self, place: Vec3) -> Option<(Vec2, f32)> {
        let clip = self.clip_from_world * place.extend(1.0);
        let pixel = (clip.xy() / clip.w * Vec2::new(0.5, -0.5) + 0.5) * self.size;
        (clip.w > 0.0).then(|| (pixel, self.unit_px / clip.w))
    }

    /// Returns the place under a pixel that is as far from the viewer as another place.
    pub fn beside(&self, pixel: Vec2, place: Vec3) -> Vec3 {
        let clip = self.clip_from_world * place.extend(1.0);
        let device = (pixel / self.size - 0.5) * Vec2::new(2.0, -2.0);
        let world = self.world_from_clip * (device * clip.w).extend(clip.z).extend(clip.w);
        world.xyz() / world.w
    }

    /// Returns whether a pixel is inside the view.
    pub fn has(&self, pixel: Vec2) -> bool {
        pixel.cmpge(Vec2::ZERO).all() && pixel.cmplt(self.size).all()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use bevy::prelude::{OrthographicProjection, PerspectiveProjection};

    use super::*;

    fn flat() -> Eye {
        let projection = OrthographicProjection { scale: 0.5, ..OrthographicProjection::default_2d() };
        let transform = Transform::from_xyz(10.0, 20.0, 0.0);
        Eye::looking(&transform, &Projection::Orthographic(projection), Vec2::new(200.0, 100.0)).unwrap()
    }

    fn deep() -> Eye {
        let transform = Transform::from_xyz(3.0, -40.0, 30.0).looking_at(Vec3::ZERO, Vec3::Z);
        let projection = Projection::Perspective(PerspectiveProjection::default());
        Eye::looking(&transform, &projection, Vec2::new(200.0, 100.0)).unwrap()
    }

    fn near(a: Vec3, b: Vec3) {
        assert!(a.distance(b) < 1e-3, "{a} {b}");
    }

    #[test]
    fn pixels_go_down_and_places_up() {
        let eye = flat();
        near(eye.beside(Vec2::new(100.0, 50.0), Vec3::ZERO), Vec3::new(10.0, 20.0, 0.0));
        near(eye.beside(Vec2::ZERO, Vec3::ZERO), Vec3::new(-40.0, 45.0, 0.0));
        let (pixel, unit_px) = eye.pixel(Vec3::new(-40.0, 45.0, 7.0)).unwrap();
        assert!(pixel.length() < 1e-3 && (unit_px - 2.0).abs() < 1e-6, "{pixel} {unit_px}");
    }

    #[test]
    fn a_place_is_under_its_pixel() {
        for eye in [flat(), deep()] {
            for place in [Vec3::ZERO, Vec3::new(5.0, 3.0, -2.0), Vec3::new(-4.0, 0.0, 6.0)] {
                let (pixel, _) = eye.pixel(place).unwrap();
                near(eye.beside(pixel, place), place);
            }
        }
    }

    #[test]
    fn what_is_nearer_is_larger_and_what_is_behind_is_not_seen() {
        let eye = deep();
        let px = |place| eye.pixel(place).map(|(_, unit_px)| unit_px);
        assert!(px(Vec3::new(1.5, -20.0, 15.0)) > px(Vec3::ZERO));
        assert_eq!(px(Vec3::new(6.0, -80.0, 60.0)), None);
        let has = |place| eye.pixel(place).is_some_and(|(pixel, _)| eye.has(pixel));
        assert!(has(Vec3::ZERO) && !has(Vec3::new(1000.0, 0.0, 0.0)));
    }
}
