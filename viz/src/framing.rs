//! Putting a camera where all of the scene, or a part of it, is seen.

use bevy::ecs::resource::Resource;
use bevy::math::{Rect, Vec2};
use bevy::prelude::{Projection, Transform};

use crate::render::RADIUS_MAX_PX;
use crate::scene::GraphScene;

/// How much larger than what is framed the view is.
const MARGIN: f32 = 1.05;

/// What is written over the view at its top and bottom, pixels: what is framed stands between.
#[derive(Resource, Debug, Clone, Copy, Default, PartialEq)]
pub struct Insets {
    /// Pixels at the top.
    pub top: f32,
    /// Pixels at the bottom.
    pub bottom: f32,
}

/// What is to be seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Framed {
    /// The rectangle around the middles of nodes.
    pub middles: Rect,
    /// How far the largest of them reaches from its middle, units of space.
    pub radius: f32,
    /// How far from the plane one is at most, units of space.
    pub height: f32,
}

impl Framed {
    /// Returns what is to be seen of the nodes that are shown; `None` where none is.
    pub fn all(scene: &GraphScene) -> Option<Self> {
        Self::of(scene, (0..).take(scene.nodes().len()))
    }

    /// Returns what is to be seen of those of the given nodes that are shown.
    pub fn of(scene: &GraphScene, nodes: impl IntoIterator<Item = u32>) -> Option<Self> {
        let framed = nodes.into_iter().filter(|node| scene.is_drawn(*node)).map(|node| {
            let (place, radius) = scene.world_disc(node);
            let middles = Rect::from_corners(place.truncate(), place.truncate());
            Self { middles, radius: radius * scene.radii_reached(), height: place.z.abs() }
        });
        framed.reduce(|all, one| Self {
            middles: all.middles.union(one.middles),
            radius: all.radius.max(one.radius),
            height: all.height.max(one.height),
        })
    }

    /// Returns how far from the middle a viewer in perspective sees all of this from every side, units of space: a ball
    /// that touches a cone of so many radians.
    pub fn distance(&self, cone: f32) -> f32 {
        let radius = (self.middles.size() / 2.0).extend(self.height).length() + self.radius;
        radius.max(1.0) * MARGIN / (cone / 2.0).sin()
    }

    /// Puts a flat camera so that this fills a view of `viewport` pixels, between what is written over it.
    pub fn fill(&self, viewport: Vec2, insets: Insets, transform: &mut Transform, projection: &mut Projection) {
        let z = transform.translation.z;
        transform.translation = self.middles.center().extend(z);
        let Projection::Orthographic(flat) = projection else { return };
        // Of a small view, what is written over it leaves a half.
        let part = (viewport.y / 2.0 / (insets.top + insets.bottom).max(1.0)).min(1.0);
        let room = Vec2::new(viewport.x, viewport.y - (insets.top + insets.bottom) * part);
        let size = (self.middles.size() * MARGIN).max(Vec2::splat(2.0));
        let radius_max = RADIUS_MAX_PX.min(room.min_element() / 4.0);
        let with_radii = (size + self.radius * 2.0) / room;
        flat.scale = with_radii.max_element().min((size / (room - radius_max * 2.0)).max_element());
        transform.translation.y += (insets.top - insets.bottom) * part / 2.0 * flat.scale;
    }
}

#[cfg(test)]
mod tests {
    use bevy::prelude::OrthographicProjection;

    use super::*;

    /// Returns the pixels, from the left and the top, of a place in a view of 400 × 300 that a box with radii fills.
    fn pixel(radius: f32, insets: Insets, place: Vec2) -> Vec2 {
        let (mut transform, flat) = (Transform::IDENTITY, OrthographicProjection::default_2d());
        let mut projection = Projection::Orthographic(flat);
        let framed = Framed { middles: Rect::new(-10.0, -10.0, 10.0, 10.0), radius, height: 0.0 };
        let viewport = Vec2::new(400.0, 300.0);
        framed.fill(viewport, insets, &mut transform, &mut projection);
        let Projection::Orthographic(flat) = projection else { panic!("it stays flat") };
        (place - transform.translation.truncate()) * Vec2::new(1.0, -1.0) / flat.scale + viewport / 2.0
    }

    #[test]
    fn all_of_a_node_is_framed_between_what_is_written() {
        let insets = Insets { top: 60.0, bottom: 20.0 };
        for radius in [0.0, 0.5, 3.0] {
            let [top, bottom] = [Vec2::new(0.0, 10.0 + radius), Vec2::new(0.0, -10.0 - radius)]
                .map(|place| pixel(radius, insets, place).y);
            assert!((60.0..70.0).contains(&top) && (270.0..280.0).contains(&bottom), "{radius}: {top} {bottom}");
        }
        // Nodes are drawn with a radius of 64 pixels at most, and a quarter of the room is left to them.
        let [top, bottom] = [10.0, -10.0].map(|y| pixel(1e6, Insets::default(), Vec2::new(0.0, y)).y);
        assert!((64.0..72.0).contains(&top) && (228.0..236.0).contains(&bottom), "{top} {bottom}");
    }

    #[test]
    fn a_small_view_is_not_all_written_over() {
        let insets = Insets { top: 1000.0, bottom: 500.0 };
        let [top, bottom] = [10.0, -10.0].map(|y| pixel(0.0, insets, Vec2::new(0.0, y)).y);
        assert!(top > 99.0 && bottom < 251.0 && bottom - top > 140.0, "{top} {bottom}");
    }
}
