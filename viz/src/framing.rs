//! Putting a camera where all of the scene, or a part of it, is seen.

use bevy::math::{Rect, Vec2};
use bevy::prelude::{Projection, Transform};

use crate::scene::GraphScene;

/// How much larger than what is framed the view is.
const MARGIN: f32 = 1.05;

/// Returns the rectangle around the nodes that are shown, without their radii; `None` where none is.
pub fn bounds(scene: &GraphScene) -> Option<Rect> {
    bounds_of(scene, (0..).take(scene.nodes().len()))
}

/// Returns the rectangle around those of the given nodes that are shown, without their radii.
pub fn bounds_of(scene: &GraphScene, nodes: impl IntoIterator<Item = u32>) -> Option<Rect> {
    let places = nodes.into_iter().filter(|node| scene.is_drawn(*node)).map(|node| scene.world_place(node).truncate());
    places.map(|place| Rect::from_corners(place, place)).reduce(|all, one| all.union(one))
}

/// Puts a flat camera so that `bounds` fill a view of `viewport` pixels.
pub fn frame(bounds: Rect, viewport: Vec2, transform: &mut Transform, projection: &mut Projection) {
    let z = transform.translation.z;
    transform.translation = bounds.center().extend(z);
    if let Projection::Orthographic(flat) = projection {
        let size = (bounds.size() * MARGIN).max(Vec2::splat(2.0));
        flat.scale = (size / viewport).max_element();
    }
}
