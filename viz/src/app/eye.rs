//! Where the viewer looks: pixels to places.

use bevy::math::{Rect, Vec2};
use bevy::prelude::{Camera, Projection, Transform};

/// A flat camera as it stands.
#[derive(Debug, Clone, Copy)]
pub struct Eye {
    /// What is in the middle.
    pub center: Vec2,
    /// Units of space a pixel.
    pub scale: f32,
    /// Pixels.
    pub size: Vec2,
}

impl Eye {
    /// Returns the eye of a camera; `None` where it is not flat, or draws nowhere.
    pub fn of(camera: &Camera, transform: &Transform, projection: &Projection) -> Option<Self> {
        let Projection::Orthographic(flat) = projection else { return None };
        let size = camera.logical_viewport_size()?;
        Some(Self { center: transform.translation.truncate(), scale: flat.scale, size })
    }

    /// Returns the place of the world under a pixel.
    pub fn world(&self, pixel: Vec2) -> Vec2 {
        self.center + (pixel - self.size / 2.0) * Vec2::new(1.0, -1.0) * self.scale
    }

    /// Returns the rectangle of the world under a rectangle of pixels.
    pub fn world_rect(&self, pixels: Rect) -> Rect {
        Rect::from_corners(self.world(pixels.min), self.world(pixels.max))
    }

    /// Returns the pixels that a unit of space is long.
    pub fn unit_px(&self) -> f32 {
        1.0 / self.scale
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_go_down_and_places_up() {
        let eye = Eye { center: Vec2::new(10.0, 20.0), scale: 0.5, size: Vec2::new(200.0, 100.0) };
        assert_eq!(eye.world(Vec2::new(100.0, 50.0)), Vec2::new(10.0, 20.0));
        assert_eq!(eye.world(Vec2::ZERO), Vec2::new(-40.0, 45.0));
        assert_eq!(eye.world_rect(Rect::new(0.0, 0.0, 200.0, 100.0)), Rect::new(-40.0, -5.0, 60.0, 45.0));
        assert_eq!(eye.unit_px(), 2.0);
    }
}
