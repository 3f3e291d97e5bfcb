//! The picture of the graph that a camera sees: drawn when something in it changed, laid under the view every frame.

use bevy::camera::ClearColorConfig;
use bevy::ecs::prelude::*;
use bevy::math::{Mat4, UVec2, UVec4};
use bevy::prelude::{Camera2d, ClearColor};
use bevy::render::camera::ExtractedCamera;
use bevy::render::extract_component::ExtractComponent;
use bevy::render::render_resource::{
    BindGroup, BindGroupEntry, BindingResource, Buffer, BufferDescriptor, BufferUsages, Extent3d, TextureDescriptor,
    TextureDimension, TextureFormat, TextureUsages, TextureView, TextureViewDescriptor,
};
use bevy::render::renderer::{RenderDevice, RenderQueue};
use bevy::render::view::{ExtractedView, Msaa, ViewTarget};
use bytemuck::{Pod, Zeroable};

use crate::scene::NO_VERSION;

use super::buffers::GpuScene;
use super::detail::Detail;
use super::draw::NODE_VERTICES;
use super::lay::Lay;
use super::pipelines::{DEPTH_FORMAT, Element, GraphPipelines, LAYER_FORMAT, LAYER_FORMAT_SRGB, Variant};

/// The part of the view's size that a picture has beyond it, at each side, where pictures are used again.
const BEYOND_PART: u32 = 8;

/// A camera that sees the scene's graphs.
#[derive(Component, Debug, Clone, Copy, Default, ExtractComponent)]
#[require(Camera2d, Msaa = Msaa::Off)]
pub struct GraphCamera;

/// The uniform of `graph.wgsl`.
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub(super) struct ViewUniform {
    clip_from_world: [[f32; 4]; 4],
    viewport: [f32; 2],
    scale: f32,
    way: f32,
    edge_stride: u32,
    edge_opacity: f32,
    radius_min: f32,
    radius_max: f32,
    version: u32,
    compare: u32,
    group_scale: f32,
    padding: u32,
}

/// What a picture is drawn of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Draws {
    pub(super) nodes: u32,
    pub(super) edges: u32,
    pub(super) loops: u32,
    pub(super) edge_stride: u32,
    pub(super) is_points: bool,
    pub(super) variant: Variant,
}

impl Draws {
    /// Returns what nodes are drawn as.
    pub(super) const fn node_element(&self) -> Element {
        if self.is_points { Element::Points } else { Element::Nodes }
    }

    /// Returns what the slots of nodes are drawn as.
    pub(super) const fn slot_element(&self) -> Element {
        if self.is_points { Element::PointSlots } else { Element::NodeSlots }
    }

    /// Returns the vertices of all nodes.
    pub(super) const fn node_vertices(&self) -> u32 {
        if self.is_points { self.nodes } else { self.nodes * NODE_VERTICES }
    }
}

/// What a picture was drawn from: equal inputs give equal pictures.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Inputs {
    view: ViewUniform,
    viewport: UVec4,
    draws: Draws,
    revision: u64,
    background: [u32; 4],
}

impl Inputs {
    /// Returns what is not the camera's.
    fn without_camera(self) -> Self {
        let view = ViewUniform { clip_from_world: [[0.0; 4]; 4], scale: 0.0, ..self.view };
        Self { view, ..self }
    }
}

/// A camera's picture.
#[derive(Component, Debug)]
pub(super) struct GraphLayer {
    pub(super) color: TextureView,
    pub(super) depth: Option<TextureView>,
    pub(super) graph: BindGroup,
    pub(super) layer: BindGroup,
    pub(super) draws: Draws,
    pub(super) is_stale: bool,
    pub(super) background: wgpu::Color,
    /// The view's pixels.
    pub(super) size: UVec2,
    /// The picture's pixels beyond the view, at each side.
    pub(super) beyond: UVec2,
    uniform: Buffer,
    lay: Buffer,
    generation: u64,
    is_srgb: bool,
    /// What the picture was drawn from.
    drawn: Option<Inputs>,
    /// What the last frame wanted.
    wanted: Option<Inputs>,
    /// Frames since the picture was drawn that another camera saw it.
    reused: u32,
    laid: Option<Lay>,
}

type Views<'w, 's> = Query<
    'w,
    's,
    (Entity, &'static ExtractedView, &'static ExtractedCamera, &'static ViewTarget, Option<&'static mut GraphLayer>),
    With<GraphCamera>,
>;

/// Decides for every camera what its picture is drawn of, and whether it must be drawn again.
pub(super) fn prepare_layers(
    mut commands: Commands,
    device: Res<RenderDevice>,
    queue: Res<RenderQueue>,
    scene: Res<GpuScene>,
    detail: Res<Detail>,
    clear: Res<ClearColor>,
    mut pipelines: ResMut<GraphPipelines>,
    mut views: Views<'_, '_>,
) {
    for (entity, view, camera, target, layer) in &mut views {
        let size = UVec2::new(view.viewport.x + view.viewport.z, view.viewport.y + view.viewport.w);
        let format = target.main_texture_format();
        let has_depth = view.clip_from_view.w_axis.w == 0.0;
        let draws = draws(&scene, &detail, view, has_depth);
        let loops = (draws.loops > 0).then_some(Element::Loops);
        let raised = (!scene.raised.is_empty()).then_some(Element::Raised);
        for element in [Element::Edges, draws.node_element()].into_iter().chain(loops).chain(raised) {
            pipelines.prepare(&device, element, draws.variant);
        }
        pipelines.prepare_layer(&device, format);
        let is_whole = view.viewport.x == 0 && view.viewport.y == 0;
        let is_reused = detail.reused_frames_max > 0 && is_whole && !has_depth;
        let beyond = if is_reused { size / BEYOND_PART } else { UVec2::ZERO };
        let is_fitting = |layer: &GraphLayer| {
            layer.size == size
                && layer.beyond == beyond
                && layer.generation == scene.generation
                && layer.is_srgb == (format != LAYER_FORMAT)
                && layer.depth.is_some() == has_depth
        };
        let inputs = inputs(&scene, &detail, view, draws, background(camera, &clear), beyond);
        match layer.filter(|layer| is_fitting(layer)) {
            Some(mut layer) => layer.take(inputs, &detail, &scene, &queue),
            None => {
                let mut layer = GraphLayer::new(&device, &pipelines, &scene, (size, beyond), format, draws);
                layer.take(inputs, &detail, &scene, &queue);
                commands.entity(entity).insert(layer);
            }
        }
    }
}

fn draws(scene: &GpuScene, detail: &Detail, view: &ExtractedView, has_depth: bool) -> Draws {
    let distance = view.world_from_view.translation().length();
    let scale = scale_of(view) / if has_depth { distance.max(f32::MIN_POSITIVE) } else { 1.0 };
    Draws {
        nodes: scene.node_count,
        edges: scene.edge_count,
        loops: scene.loop_count,
        edge_stride: 1,
        is_points: detail.is_points(scene.node_count, scene.radius_max * scale),
        variant: Variant {
            has_depth,
            is_one_group: scene.one_group.is_some(),
            moves: scene.way < 1.0,
            compares: scene.compares,
            looks_back: scene.looks_back,
        },
    }
}

/// Returns the pixels that a unit of the world is long where w is 1.
fn scale_of(view: &ExtractedView) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "a view has far fewer than 2^24 pixels across")]
    let height = view.viewport.w as f32;
    view.clip_from_view.y_axis.y * height / 2.0
}

fn background(camera: &ExtractedCamera, clear: &ClearColor) -> bevy::color::Srgba {
    match camera.clear_color {
        ClearColorConfig::Custom(color) => color.into(),
        ClearColorConfig::Default | ClearColorConfig::None => clear.0.into(),
    }
}

fn inputs(
    scene: &GpuScene,
    detail: &Detail,
    view: &ExtractedView,
    draws: Draws,
    background: bevy::color::Srgba,
    beyond: UVec2,
) -> Inputs {
    let mut clip_from_world: Mat4 =
        view.clip_from_world.unwrap_or_else(|| view.clip_from_view * view.world_from_view.to_matrix().inverse());
    if let Some(group) = scene.one_group {
        clip_from_world *= Mat4::from_cols_array_2d(&group.world_from_group);
    }
    let seen = UVec2::new(view.viewport.z, view.viewport.w);
    let viewport = (seen + beyond * 2).as_vec2();
    let part = seen.as_vec2() / viewport;
    clip_from_world = Mat4::from_scale(part.extend(1.0)) * clip_from_world;
    Inputs {
        view: ViewUniform {
            clip_from_world: clip_from_world.to_cols_array_2d(),
            viewport: viewport.to_array(),
            scale: scale_of(view),
            way: scene.way,
            edge_stride: 1,
            edge_opacity: detail.edge_opacity,
            radius_min: detail.radius_min(scene.node_count),
            radius_max: detail.radius_max_px,
            version: scene.one_group.map_or(0, |group| group.version),
            compare: scene.one_group.map_or(NO_VERSION, |group| group.compare),
            group_scale: scene.one_group.map_or(1.0, |group| group.scale),
            padding: 0,
        },
        viewport: view.viewport,
        draws,
        revision: scene.revision,
        background: [background.red, background.green, background.blue, background.alpha].map(f32::to_bits),
    }
}

impl GraphLayer {
    fn new(
        device: &RenderDevice,
        pipelines: &GraphPipelines,
        scene: &GpuScene,
        (size, beyond): (UVec2, UVec2),
        format: TextureFormat,
        draws: Draws,
    ) -> Self {
        let all = size + beyond * 2;
        let extent = Extent3d { width: all.x, height: all.y, depth_or_array_layers: 1 };
        let texture = |format, usage, view_formats| {
            device.create_texture(&TextureDescriptor {
                label: Some("graph layer"),
                size: extent,
                mip_level_count: 1,
                sample_count: 1,
                dimension: TextureDimension::D2,
                format,
                usage,
                view_formats,
            })
        };
        let usage = TextureUsages::RENDER_ATTACHMENT | TextureUsages::TEXTURE_BINDING;
        let color = texture(LAYER_FORMAT, usage, &[LAYER_FORMAT_SRGB]);
        let is_srgb = format != LAYER_FORMAT;
        let shown = color.create_view(&TextureViewDescriptor {
            format: is_srgb.then_some(LAYER_FORMAT_SRGB),
            usage: Some(TextureUsages::TEXTURE_BINDING),
            ..TextureViewDescriptor::default()
        });
        let depth = draws.variant.has_depth.then(|| {
            texture(DEPTH_FORMAT, TextureUsages::RENDER_ATTACHMENT, &[]).create_view(&TextureViewDescriptor::default())
        });
        let buffer = |label, size: usize| {
            device.create_buffer(&BufferDescriptor {
                label: Some(label),
                size: size as u64,
                usage: BufferUsages::UNIFORM | BufferUsages::COPY_DST,
                mapped_at_creation: false,
            })
        };
        let uniform = buffer("graph view", size_of::<ViewUniform>());
        let lay = buffer("graph layer", size_of::<Lay>());
        let entry = |binding, resource| BindGroupEntry { binding, resource };
        let shown = [entry(0, BindingResource::TextureView(&shown)), entry(1, lay.as_entire_binding())];
        Self {
            color: color.create_view(&TextureViewDescriptor::default()),
            depth,
            graph: graph_bindings(device, pipelines, scene, &uniform),
            layer: device.create_bind_group("graph layer", &pipelines.layer_bindings, &shown),
            draws,
            is_stale: true,
            background: wgpu::Color::BLACK,
            size,
            beyond,
            uniform,
            lay,
            generation: scene.generation,
            is_srgb,
            drawn: None,
            wanted: None,
            reused: 0,
            laid: None,
        }
    }

    /// Takes over what the next picture is drawn of. While inputs change from frame to frame, something moves and edges
    /// are thinned, or, where it is the camera alone, the last picture is laid where it belongs now; where inputs stay, the
    /// picture is drawn once more in full if need be, and then no more.
    fn take(&mut self, inputs: Inputs, detail: &Detail, scene: &GpuScene, queue: &RenderQueue) {
        let is_moving = self.wanted != Some(inputs);
        let edges_max = if is_moving { detail.moving_edges_max } else { detail.still_edges_max };
        let edge_stride = Detail::stride(scene.edge_count, edges_max);
        let is_drawn = self.drawn == Some(inputs) && (is_moving || edge_stride == self.draws.edge_stride);
        let reused = (is_moving && !is_drawn && self.reused < detail.reused_frames_max)
            .then(|| self.drawn.filter(|drawn| drawn.without_camera() == inputs.without_camera()))
            .flatten()
            .and_then(|drawn| {
                let cameras = [drawn, inputs].map(|inputs| Mat4::from_cols_array_2d(&inputs.view.clip_from_world));
                Lay::seen_from(cameras, inputs.view.viewport.into(), self.size.as_vec2())
            });
        self.reused = if reused.is_some() { self.reused + 1 } else { 0 };
        self.is_stale = !is_drawn && reused.is_none();
        self.wanted = Some(inputs);
        if self.is_stale {
            let view = ViewUniform { edge_stride, ..inputs.view };
            queue.write_buffer(&self.uniform, 0, bytemuck::bytes_of(&view));
            let [edges, loops] = [scene.edge_count, scene.loop_count].map(|count| count.div_ceil(edge_stride));
            self.draws = Draws { edges, loops, edge_stride, ..inputs.draws };
            let [r, g, b, a] = inputs.background.map(|bits| f64::from(f32::from_bits(bits)));
            self.background = wgpu::Color { r, g, b, a };
            self.drawn = Some(inputs);
        }
        let lay = reused.unwrap_or_else(|| Lay::exact(self.beyond));
        if self.laid != Some(lay) {
            queue.write_buffer(&self.lay, 0, bytemuck::bytes_of(&lay));
            self.laid = Some(lay);
        }
    }
}

/// Binds the scene's arrays and a camera's uniform.
fn graph_bindings(device: &RenderDevice, pipelines: &GraphPipelines, scene: &GpuScene, uniform: &Buffer) -> BindGroup {
    let buffers = [
        uniform,
        &scene.groups.buffer,
        &scene.places.buffer,
        &scene.origins.buffer,
        &scene.nodes.buffer,
        &scene.edges.buffer,
        &scene.heads.buffer,
        &scene.pasts.buffer,
        &scene.loops.buffer,
    ];
    let entries: Vec<BindGroupEntry<'_>> = (0..)
        .zip(buffers)
        .map(|(binding, buffer)| BindGroupEntry { binding, resource: buffer.as_entire_binding() })
        .collect();
    device.create_bind_group("graph", &pipelines.graph_bindings, &entries)
}
