//! How much of a scene is drawn, so that a frame is drawn in time: nothing is left out that the view does not own up to.

use bevy::ecs::resource::Resource;
use wgpu::DeviceType;

/// A node's radius at most, where nothing else is chosen, pixels.
pub const RADIUS_MAX_PX: f32 = 64.0;

/// How much of a scene is drawn.
#[derive(Resource, Debug, Clone, Copy, PartialEq)]
pub struct Detail {
    /// Nodes are points, a pixel each, where the largest of them has a smaller radius than this, pixels.
    pub points_below_px: f32,
    /// A node's radius at least, where it is no point, pixels.
    pub radius_min_px: f32,
    /// A node's radius at most, pixels.
    pub radius_max_px: f32,
    /// Up to how many nodes are few: none of them is a point, so that all are seen where they are far apart.
    pub few_nodes_max: u32,
    /// The radius at least of one of few nodes, pixels.
    pub few_radius_min_px: f32,
    /// The most edges while something moves.
    pub moving_edges_max: u32,
    /// The most edges while nothing does.
    pub still_edges_max: u32,
    /// The opacity of edges.
    pub edge_opacity: f32,
    /// Frames for which a picture is used again while a flat camera moves and nothing else does; then it is drawn anew.
    pub reused_frames_max: u32,
}

impl Detail {
    /// Returns what a kind of device draws in time.
    pub const fn of_device(device: DeviceType) -> Self {
        let (moving_edges_max, reused_frames_max) = match device {
            DeviceType::Cpu => (16_384, 8),
            DeviceType::Other | DeviceType::IntegratedGpu | DeviceType::DiscreteGpu | DeviceType::VirtualGpu => {
                (4_000_000, 0)
            }
        };
        Self {
            points_below_px: 1.25,
            radius_min_px: 0.75,
            radius_max_px: RADIUS_MAX_PX,
            few_nodes_max: 2048,
            few_radius_min_px: 2.5,
            moving_edges_max,
            still_edges_max: 4_000_000,
            edge_opacity: 0.35,
            reused_frames_max,
        }
    }

    /// Returns whether nodes are points, of which the largest has a radius of so many pixels.
    pub const fn is_points(&self, nodes: u32, radius_px: f32) -> bool {
        nodes > self.few_nodes_max && radius_px < self.points_below_px
    }

    /// Returns the radius at least of one of so many nodes, pixels.
    pub const fn radius_min(&self, nodes: u32) -> f32 {
        if nodes > self.few_nodes_max { self.radius_min_px } else { self.few_radius_min_px }
    }

    /// Returns the smallest power of two so that, of `edges`, every so-manieth are at most `max`.
    pub const fn stride(edges: u32, max: u32) -> u32 {
        let mut stride = 1_u32;
        while edges.div_ceil(stride) > max && stride < 1 << 30 {
            stride *= 2;
        }
        stride
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_are_thinned_by_powers_of_two() {
        for (edges, max, stride) in
            [(0, 10, 1), (10, 10, 1), (11, 10, 2), (200_000, 16_384, 16), (5, 1, 8), (5, 0, 1 << 30)]
        {
            assert_eq!(Detail::stride(edges, max), stride, "{edges} {max}");
        }
    }

    #[test]
    fn few_nodes_are_no_points_however_small_they_are() {
        let detail = Detail::of_device(DeviceType::Other);
        let many = detail.few_nodes_max + 1;
        assert_eq!([10, many].map(|nodes| detail.is_points(nodes, 0.01)), [false, true]);
        assert_eq!([10, many].map(|nodes| detail.radius_min(nodes)), [2.5, 0.75]);
        assert!(!detail.is_points(many, 2.0), "large enough");
    }
}
