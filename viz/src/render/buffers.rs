//! The GPU's copy of the scene's arrays.

use bevy::ecs::prelude::*;
use bevy::render::MainWorld;
use bevy::render::render_resource::{Buffer, BufferDescriptor, BufferUsages};
use bevy::render::renderer::{RenderDevice, RenderQueue};
use bytemuck::Pod;

use crate::scene::{Column, GraphScene, GroupRecord, NO_VERSION};

use super::facts::RenderFacts;

/// A buffer's size at least, bytes: an empty one cannot be bound.
const BYTES_MIN: u64 = 256;

/// One array on the GPU.
#[derive(Debug)]
pub(super) struct GpuColumn {
    pub(super) buffer: Buffer,
}

/// The scene on the GPU.
#[derive(Resource, Debug)]
pub(super) struct GpuScene {
    pub(super) groups: GpuColumn,
    pub(super) places: GpuColumn,
    pub(super) origins: GpuColumn,
    pub(super) nodes: GpuColumn,
    pub(super) edges: GpuColumn,
    /// Counts changes of what is in the buffers.
    pub(super) revision: u64,
    /// Counts changes of the buffers themselves.
    pub(super) generation: u64,
    pub(super) node_count: u32,
    pub(super) edge_count: u32,
    pub(super) radius_max: f32,
    pub(super) way: f32,
    /// The one group's record, where there is one group.
    pub(super) one_group: Option<GroupRecord>,
    /// Whether a group is compared with another version.
    pub(super) compares: bool,
}

impl FromWorld for GpuScene {
    fn from_world(world: &mut World) -> Self {
        let device = world.resource::<RenderDevice>();
        Self {
            groups: GpuColumn::new(device, BYTES_MIN),
            places: GpuColumn::new(device, BYTES_MIN),
            origins: GpuColumn::new(device, BYTES_MIN),
            nodes: GpuColumn::new(device, BYTES_MIN),
            edges: GpuColumn::new(device, BYTES_MIN),
            revision: 0,
            generation: 0,
            node_count: 0,
            edge_count: 0,
            radius_max: 0.0,
            way: 1.0,
            one_group: None,
            compares: false,
        }
    }
}

impl GpuColumn {
    fn new(device: &RenderDevice, bytes: u64) -> Self {
        let usage = BufferUsages::STORAGE | BufferUsages::COPY_DST;
        let descriptor = BufferDescriptor { label: Some("graph"), size: bytes, usage, mapped_at_creation: false };
        Self { buffer: device.create_buffer(&descriptor) }
    }

    /// Brings the copy up to the array; returns the bytes that went over, and whether the buffer is another one.
    fn follow<T: Pod>(&mut self, column: &mut Column<T>, device: &RenderDevice, queue: &RenderQueue) -> (u64, bool) {
        if !column.is_changed() {
            return (0, false);
        }
        let bytes: &[u8] = bytemuck::cast_slice(column.items());
        let (size, needed) = (self.buffer.size(), bytes.len() as u64);
        if needed > size {
            *self = Self::new(device, needed.next_power_of_two());
            queue.write_buffer(&self.buffer, 0, bytes);
            column.take_changed(|_, _| {});
            return (needed, true);
        }
        let mut written = 0;
        column.take_changed(|first, items| {
            let bytes: &[u8] = bytemuck::cast_slice(items);
            queue.write_buffer(&self.buffer, (first * size_of::<T>()) as u64, bytes);
            written += bytes.len() as u64;
        });
        (written, false)
    }
}

/// Uploads what changed, straight from the arrays of the main world.
pub(super) fn follow_scene(
    mut main: ResMut<MainWorld>,
    device: Res<RenderDevice>,
    queue: Res<RenderQueue>,
    facts: Res<RenderFacts>,
    mut gpu: ResMut<GpuScene>,
) {
    let Some(mut scene) = main.get_resource_mut::<GraphScene>() else { return };
    let scene = scene.bypass_change_detection();
    let gpu = &mut *gpu;
    let columns = &mut scene.columns;
    let followed = [
        gpu.groups.follow(&mut columns.groups, &device, &queue),
        gpu.places.follow(&mut columns.places, &device, &queue),
        gpu.origins.follow(&mut columns.origins, &device, &queue),
        gpu.nodes.follow(&mut columns.nodes, &device, &queue),
        gpu.edges.follow(&mut columns.edges, &device, &queue),
    ];
    let bytes: u64 = followed.iter().map(|(bytes, _)| bytes).sum();
    facts.note_upload(bytes);
    gpu.revision += u64::from(bytes > 0);
    gpu.generation += u64::from(followed.iter().any(|(_, is_other)| *is_other));
    gpu.node_count = u32::try_from(columns.nodes.len()).expect("the scene counts its slots in 32 bits");
    gpu.edge_count = u32::try_from(columns.edges.len()).expect("the scene counts its slots in 32 bits");
    gpu.way = scene.way();
    let groups = scene.groups();
    gpu.one_group = if let [group] = groups { Some(*group) } else { None };
    gpu.compares = groups.iter().any(|group| group.compare != NO_VERSION);
    gpu.radius_max = scene.radius_max() * groups.iter().map(|group| group.scale).fold(0.0, f32::max);
}
