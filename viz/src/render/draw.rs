//! The draws: edges, then nodes, then those that are selected or stand out, into a camera's layer; then the layer under
//! the view.

use bevy::ecs::prelude::*;
use bevy::render::camera::ExtractedCamera;
use bevy::render::render_resource::{
    LoadOp, Operations, RenderPassColorAttachment, RenderPassDepthStencilAttachment, RenderPassDescriptor, StoreOp,
    TextureView,
};
use bevy::render::renderer::{RenderContext, ViewQuery};
use bevy::render::view::{ExtractedView, ViewTarget};

use super::buffers::GpuScene;
use super::facts::RenderFacts;
use super::layer::GraphLayer;
use super::pipelines::{Element, GraphPipelines};

/// The vertices of an edge, of a loop and of a node that is a shape: those of `graph.wgsl`.
const EDGE_VERTICES: u32 = 2;
const LOOP_VERTICES: u32 = 32;
pub(super) const NODE_VERTICES: u32 = 3;

/// Draws a camera's layer where it is stale, and lays it under the view.
pub(super) fn draw_graph(
    view: ViewQuery<(&ExtractedView, &ExtractedCamera, &ViewTarget, &GraphLayer)>,
    pipelines: Res<GraphPipelines>,
    scene: Res<GpuScene>,
    facts: Res<RenderFacts>,
    mut context: RenderContext,
) {
    let (view, _, target, layer) = view.into_inner();
    let [x, y, width, height] = view.viewport.as_vec4().to_array();
    if layer.is_stale {
        let clear = Operations { load: LoadOp::Clear(layer.background), store: StoreOp::Store };
        let mut pass = context.begin_tracked_render_pass(RenderPassDescriptor {
            label: Some("graph"),
            color_attachments: &[Some(color(&layer.color, clear))],
            depth_stencil_attachment: layer.depth.as_ref().map(depth),
            ..RenderPassDescriptor::default()
        });
        let beyond = layer.beyond.as_vec2() * 2.0;
        pass.set_viewport(x, y, width + beyond.x, height + beyond.y, 0.0, 1.0);
        let draws = &layer.draws;
        let all = [
            (Element::Edges, draws.edges * EDGE_VERTICES),
            (Element::Loops, draws.loops * LOOP_VERTICES),
            (draws.node_element(), draws.node_vertices()),
        ];
        let all = all.into_iter().map(|(element, vertices)| (element, vertices, 0));
        let raised = scene.raised.iter().map(|run| (Element::Raised, (run.end - run.start) * NODE_VERTICES, run.start));
        let mut draw_calls = 0;
        for (element, vertices, first) in all.chain(raised) {
            let Some(pipeline) = pipelines.element(element, draws.variant).filter(|_| vertices > 0) else { continue };
            pass.set_render_pipeline(pipeline);
            pass.set_bind_group(0, &layer.graph, &[]);
            pass.draw(0..vertices, first..first + 1);
            draw_calls += 1;
        }
        facts.note_picture(draws, draw_calls);
    }
    let Some(pipeline) = pipelines.layer(target.main_texture_format()) else { return };
    let attachment = target.get_color_attachment();
    let mut pass = context.begin_tracked_render_pass(RenderPassDescriptor {
        label: Some("graph layer"),
        color_attachments: &[Some(attachment)],
        ..RenderPassDescriptor::default()
    });
    pass.set_viewport(x, y, width, height, 0.0, 1.0);
    pass.set_render_pipeline(pipeline);
    pass.set_bind_group(0, &layer.layer, &[]);
    pass.draw(0..3, 0..1);
}

fn color(view: &TextureView, ops: Operations<wgpu::Color>) -> RenderPassColorAttachment<'_> {
    RenderPassColorAttachment { view, depth_slice: None, resolve_target: None, ops }
}

/// Depth is cleared to the farthest and not needed afterwards.
fn depth(view: &TextureView) -> RenderPassDepthStencilAttachment<'_> {
    RenderPassDepthStencilAttachment {
        view,
        depth_ops: Some(Operations { load: LoadOp::Clear(0.0), store: StoreOp::Discard }),
        stencil_ops: None,
    }
}
