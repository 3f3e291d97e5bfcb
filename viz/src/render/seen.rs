//! Which nodes a picture really shows: their slots, read back from the GPU.

use std::sync::mpsc;

use bevy::ecs::prelude::*;
use bevy::render::render_resource::{
    BufferDescriptor, BufferUsages, CommandEncoderDescriptor, Extent3d, LoadOp, MapMode, Operations, PollType,
    RenderPassColorAttachment, RenderPassDescriptor, StoreOp, TexelCopyBufferInfo, TexelCopyBufferLayout,
    TextureDescriptor, TextureDimension, TextureUsages, TextureViewDescriptor,
};
use bevy::render::renderer::{RenderDevice, RenderQueue};

use super::layer::GraphLayer;
use super::pipelines::{GraphPipelines, SLOT_FORMAT, Variant};

/// Draws the slots of the nodes of the last picture, with the same vertices, and returns those of which a pixel is seen,
/// in order; empty where no camera was drawn.
///
/// # Panics
/// Where the device is lost.
pub(crate) fn seen_slots(render: &mut World) -> Vec<u32> {
    let mut layers = render.query::<&GraphLayer>();
    let Some(draws) = layers.iter(render).next().map(|layer| layer.draws) else { return Vec::new() };
    let variant = Variant { has_depth: false, ..draws.variant };
    render.resource_scope(|render, mut pipelines: Mut<GraphPipelines>| {
        pipelines.prepare(render.resource::<RenderDevice>(), draws.slot_element(), variant);
        let layer = layers.iter(render).next().expect("there is a layer");
        let mut slots = read_slots(render, layer, &pipelines, variant);
        slots.retain(|slot| *slot > 0);
        slots.sort_unstable();
        slots.dedup();
        slots.into_iter().map(|slot| slot - 1).collect()
    })
}

fn read_slots(render: &World, layer: &GraphLayer, pipelines: &GraphPipelines, variant: Variant) -> Vec<u32> {
    let device = render.resource::<RenderDevice>();
    let all = layer.size + layer.beyond * 2;
    let extent = Extent3d { width: all.x, height: all.y, depth_or_array_layers: 1 };
    let texture = device.create_texture(&TextureDescriptor {
        label: Some("node slots"),
        size: extent,
        mip_level_count: 1,
        sample_count: 1,
        dimension: TextureDimension::D2,
        format: SLOT_FORMAT,
        usage: TextureUsages::RENDER_ATTACHMENT | TextureUsages::COPY_SRC,
        view_formats: &[],
    });
    let view = texture.create_view(&TextureViewDescriptor::default());
    let row_bytes = all.x.div_ceil(64) * 256;
    let buffer = device.create_buffer(&BufferDescriptor {
        label: Some("node slots"),
        size: u64::from(row_bytes) * u64::from(all.y),
        usage: BufferUsages::COPY_DST | BufferUsages::MAP_READ,
        mapped_at_creation: false,
    });
    let mut encoder = device.create_command_encoder(&CommandEncoderDescriptor::default());
    {
        let ops = Operations { load: LoadOp::Clear(wgpu::Color::TRANSPARENT), store: StoreOp::Store };
        let attachment = RenderPassColorAttachment { view: &view, depth_slice: None, resolve_target: None, ops };
        let mut pass = encoder.begin_render_pass(&RenderPassDescriptor {
            label: Some("node slots"),
            color_attachments: &[Some(attachment)],
            ..RenderPassDescriptor::default()
        });
        let pipeline = pipelines.element(layer.draws.slot_element(), variant).expect("it was prepared");
        pass.set_pipeline(pipeline);
        pass.set_bind_group(0, &*layer.graph, &[]);
        pass.draw(0..layer.draws.node_vertices(), 0..1);
    }
    let layout = TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(row_bytes), rows_per_image: None };
    encoder.copy_texture_to_buffer(texture.as_image_copy(), TexelCopyBufferInfo { buffer: &buffer, layout }, extent);
    render.resource::<RenderQueue>().submit([encoder.finish()]);
    let (sender, receiver) = mpsc::channel();
    buffer.slice(..).map_async(MapMode::Read, move |mapped| drop(sender.send(mapped)));
    device.poll(PollType::wait_indefinitely()).expect("the device is there");
    receiver.recv().expect("the device answers").expect("the buffer can be read");
    let bytes = buffer.slice(..).get_mapped_range();
    let [left, top] = layer.beyond.to_array().map(|pixels| pixels as usize);
    let [width, height] = layer.size.to_array().map(|pixels| pixels as usize);
    bytes
        .chunks_exact(row_bytes as usize)
        .skip(top)
        .take(height)
        .flat_map(|row| row[left * 4..(left + width) * 4].as_chunks::<4>().0)
        .map(|slot| u32::from_le_bytes(*slot))
        .collect()
}
