//! The GPU's copy of the scene's arrays.

use std::ops::Range;

use bevy::ecs::prelude::*;
use bevy::render::MainWorld;
use bevy::render::render_resource::{Buffer, BufferDescriptor, BufferUsages, CommandEncoder, CommandEncoderDescriptor};
use bevy::render::renderer::{RenderDevice, RenderQueue};
use bytemuck::Pod;
use wgpu::BufferSize;
use wgpu::util::StagingBelt;

use crate::scene::{Column, GraphScene, GroupRecord, NO_VERSION};

use super::facts::RenderFacts;

/// A buffer's size at least, bytes: an empty one cannot be bound.
const BYTES_MIN: u64 = 256;

/// The most nodes that are drawn before the rest; what is beyond is drawn among the rest alone.
const RAISED_MAX: usize = 2048;

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
    pub(super) loops: GpuColumn,
    pub(super) heads: GpuColumn,
    pub(super) pasts: GpuColumn,
    /// Counts changes of what is in the buffers.
    pub(super) revision: u64,
    /// Counts changes of the buffers themselves.
    pub(super) generation: u64,
    pub(super) node_count: u32,
    pub(super) edge_count: u32,
    pub(super) loop_count: u32,
    /// The slots of the nodes that are drawn before the rest, those next to each other together.
    pub(super) raised: Vec<Range<u32>>,
    pub(super) radius_max: f32,
    pub(super) way: f32,
    /// The one group's record, where there is one group.
    pub(super) one_group: Option<GroupRecord>,
    /// Whether a group is compared with another version.
    pub(super) compares: bool,
    /// Whether a past is shown in which nodes may have been otherwise.
    pub(super) looks_back: bool,
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
            loops: GpuColumn::new(device, BYTES_MIN),
            heads: GpuColumn::new(device, BYTES_MIN),
            pasts: GpuColumn::new(device, BYTES_MIN),
            revision: 0,
            generation: 0,
            node_count: 0,
            edge_count: 0,
            loop_count: 0,
            raised: Vec::new(),
            radius_max: 0.0,
            way: 1.0,
            one_group: None,
            compares: false,
            looks_back: false,
        }
    }
}

impl GpuColumn {
    fn new(device: &RenderDevice, bytes: u64) -> Self {
        let usage = BufferUsages::STORAGE | BufferUsages::COPY_DST;
        let descriptor = BufferDescriptor { label: Some("graph"), size: bytes, usage, mapped_at_creation: false };
        Self { buffer: device.create_buffer(&descriptor) }
    }

    /// Brings the copy up to the array; returns whether the buffer is another one.
    fn follow<T: Pod>(&mut self, column: &mut Column<T>, upload: &mut Upload<'_>) -> bool {
        if !column.is_changed() {
            return false;
        }
        let bytes: &[u8] = bytemuck::cast_slice(column.items());
        let needed = bytes.len() as u64;
        if needed > self.buffer.size() {
            *self = Self::new(upload.device, needed.next_power_of_two());
            upload.put(&self.buffer, 0, bytes);
            column.take_changed(|_, _| {});
            return true;
        }
        column.take_changed(|first, items| {
            upload.put(&self.buffer, (first * size_of::<T>()) as u64, bytemuck::cast_slice(items));
        });
        false
    }
}

/// What carries pieces of arrays over: memory that stays mapped from frame to frame. What the queue would take instead is
/// allocated anew for each piece, and its pages are cleared by the system.
#[derive(Resource, Debug)]
pub(super) struct Carrier(StagingBelt);

/// The carrier's unit, bytes; what is larger goes through the queue, so that the carrier stays small.
const CARRIER_CHUNK: u64 = 4 << 20;

impl FromWorld for Carrier {
    fn from_world(world: &mut World) -> Self {
        Self(StagingBelt::new(world.resource::<RenderDevice>().wgpu_device().clone(), CARRIER_CHUNK))
    }
}

/// The uploads of a frame.
struct Upload<'a> {
    device: &'a RenderDevice,
    queue: &'a RenderQueue,
    belt: &'a mut StagingBelt,
    /// Copies out of the carrier; `None` before the first.
    copies: Option<CommandEncoder>,
    bytes: u64,
}

impl Upload<'_> {
    fn put(&mut self, buffer: &Buffer, offset: u64, bytes: &[u8]) {
        let Some(size) = BufferSize::new(bytes.len() as u64) else { return };
        self.bytes += size.get();
        if size.get() > CARRIER_CHUNK {
            return self.queue.write_buffer(buffer, offset, bytes);
        }
        let descriptor = CommandEncoderDescriptor { label: Some("graph") };
        let copies = self.copies.get_or_insert_with(|| self.device.create_command_encoder(&descriptor));
        self.belt.write_buffer(copies, buffer, offset, size).copy_from_slice(bytes);
    }

    /// Hands the copies to the queue, before what is drawn; returns the bytes that go over.
    fn submit(self) -> u64 {
        if let Some(copies) = self.copies {
            self.belt.finish();
            self.queue.submit([copies.finish()]);
            self.belt.recall();
        }
        self.bytes
    }
}

/// Returns numbers that grow, those next to each other together.
fn runs(numbers: impl Iterator<Item = u32>) -> Vec<Range<u32>> {
    let mut runs: Vec<Range<u32>> = Vec::new();
    for number in numbers {
        match runs.last_mut().filter(|run| run.end == number) {
            Some(run) => run.end += 1,
            None => runs.push(number..number + 1),
        }
    }
    runs
}

/// Uploads what changed, straight from the arrays of the main world.
pub(super) fn follow_scene(
    mut main: ResMut<MainWorld>,
    device: Res<RenderDevice>,
    queue: Res<RenderQueue>,
    facts: Res<RenderFacts>,
    mut gpu: ResMut<GpuScene>,
    mut carrier: ResMut<Carrier>,
) {
    let Some(mut scene) = main.get_resource_mut::<GraphScene>() else { return };
    let scene = scene.bypass_change_detection();
    let gpu = &mut *gpu;
    let mut upload = Upload { device: &device, queue: &queue, belt: &mut carrier.0, copies: None, bytes: 0 };
    let is_on_the_way = scene.way() < 1.0;
    gpu.looks_back = scene.looks_back();
    let (columns, chronicle) = (&mut scene.columns, &mut scene.chronicle);
    let is_marked_anew = columns.nodes.is_changed();
    let replaced = [
        gpu.groups.follow(&mut columns.groups, &mut upload),
        gpu.places.follow(&mut columns.places, &mut upload),
        // Nothing reads where nodes come from once they arrived.
        is_on_the_way && gpu.origins.follow(&mut columns.origins, &mut upload),
        gpu.nodes.follow(&mut columns.nodes, &mut upload),
        gpu.edges.follow(&mut columns.edges, &mut upload),
        gpu.loops.follow(&mut columns.loops, &mut upload),
        // Nor how nodes were while they are shown as they are.
        gpu.looks_back && gpu.heads.follow(&mut chronicle.heads, &mut upload),
        gpu.looks_back && gpu.pasts.follow(&mut chronicle.records, &mut upload),
    ];
    let bytes = upload.submit();
    facts.note_upload(bytes);
    gpu.revision += u64::from(bytes > 0);
    gpu.generation += u64::from(replaced.contains(&true));
    gpu.node_count = u32::try_from(columns.nodes.len()).expect("the scene counts its slots in 32 bits");
    gpu.edge_count = u32::try_from(columns.edges.len()).expect("the scene counts its slots in 32 bits");
    gpu.loop_count = u32::try_from(columns.loops.len()).expect("there are fewer than edges");
    gpu.way = scene.way();
    if is_marked_anew {
        gpu.raised = runs(scene.raised().take(RAISED_MAX));
    }
    let groups = scene.groups();
    gpu.one_group = if let [group] = groups { Some(*group) } else { None };
    gpu.compares = groups.iter().any(|group| group.compare != NO_VERSION);
    gpu.radius_max = scene.radius_max();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_next_to_each_other_are_one_run() {
        assert_eq!(runs([].into_iter()), []);
        assert_eq!(runs([0, 1, 2, 5, 7, 8].into_iter()), [0..3, 5..6, 7..9]);
    }
}
