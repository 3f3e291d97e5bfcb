//! The shaders and how they are run: one pipeline a kind of element, with and without depth.

use bevy::ecs::prelude::*;
use bevy::platform::collections::HashMap;
use bevy::render::render_resource::{
    BindGroupLayout, BindGroupLayoutEntry, BindingType, BlendState, BufferBindingType, ColorTargetState, ColorWrites,
    CompareFunction, DepthStencilState, MultisampleState, PipelineCompilationOptions, PipelineLayout,
    PipelineLayoutDescriptor, PrimitiveState, PrimitiveTopology, RawFragmentState, RawRenderPipelineDescriptor,
    RawVertexState, RenderPipeline, ShaderModule, ShaderModuleDescriptor, ShaderSource, ShaderStages, TextureFormat,
    TextureSampleType, TextureViewDimension,
};
use bevy::render::renderer::RenderDevice;

/// The layer's format: colours as they are shown, so that opacity mixes them as elsewhere in two dimensions.
pub(super) const LAYER_FORMAT: TextureFormat = TextureFormat::Rgba8Unorm;
/// The same bytes, read as light.
pub(super) const LAYER_FORMAT_SRGB: TextureFormat = TextureFormat::Rgba8UnormSrgb;
/// Depth, larger is nearer.
pub(super) const DEPTH_FORMAT: TextureFormat = TextureFormat::Depth32Float;
/// A node's slot and one, or zero.
pub(super) const SLOT_FORMAT: TextureFormat = TextureFormat::R32Uint;

/// What is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Element {
    /// Edges, as lines.
    Edges,
    /// Edges whose ends are one node, as circles.
    Loops,
    /// Nodes, as shapes.
    Nodes,
    /// Nodes, as shapes, whatever stands before them.
    Raised,
    /// Nodes, as points.
    Points,
    /// The slots of nodes drawn as shapes.
    NodeSlots,
    /// The slots of nodes drawn as points.
    PointSlots,
}

/// What a pipeline is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Variant {
    /// Whether elements hide what is behind them.
    pub(super) has_depth: bool,
    /// Whether there is one group, whose record is in the view's uniform.
    pub(super) is_one_group: bool,
    /// Whether nodes are on their way from their origins.
    pub(super) moves: bool,
    /// Whether a group is compared with another version.
    pub(super) compares: bool,
    /// Whether a past is shown in which nodes may have been otherwise.
    pub(super) looks_back: bool,
}

/// The pipelines, made when they are first asked for.
#[derive(Resource, Debug)]
pub(super) struct GraphPipelines {
    pub(super) graph_bindings: BindGroupLayout,
    pub(super) layer_bindings: BindGroupLayout,
    graph_layout: PipelineLayout,
    layer_layout: PipelineLayout,
    graph_shader: ShaderModule,
    layer_shader: ShaderModule,
    elements: HashMap<(Element, Variant), RenderPipeline>,
    layers: HashMap<TextureFormat, RenderPipeline>,
}

impl FromWorld for GraphPipelines {
    fn from_world(world: &mut World) -> Self {
        let device = world.resource::<RenderDevice>();
        let graph_bindings = device.create_bind_group_layout("graph", &graph_entries());
        let texture = BindingType::Texture {
            sample_type: TextureSampleType::Float { filterable: false },
            view_dimension: TextureViewDimension::D2,
            multisampled: false,
        };
        let lay =
            BindingType::Buffer { ty: BufferBindingType::Uniform, has_dynamic_offset: false, min_binding_size: None };
        let entries = [entry(0, ShaderStages::FRAGMENT, texture), entry(1, ShaderStages::FRAGMENT, lay)];
        let layer_bindings = device.create_bind_group_layout("graph layer", &entries);
        Self {
            graph_layout: layout(device, &graph_bindings),
            layer_layout: layout(device, &layer_bindings),
            graph_bindings,
            layer_bindings,
            graph_shader: shader(device, "graph.wgsl", include_str!("graph.wgsl")),
            layer_shader: shader(device, "layer.wgsl", include_str!("layer.wgsl")),
            elements: HashMap::default(),
            layers: HashMap::default(),
        }
    }
}

impl GraphPipelines {
    /// Makes the pipeline of an element, where it was not made before.
    pub(super) fn prepare(&mut self, device: &RenderDevice, element: Element, variant: Variant) {
        if self.elements.contains_key(&(element, variant)) {
            return;
        }
        let (vertex, fragment, topology, format, blend) = match element {
            Element::Edges => ("edge_vertex", "edge_fragment", PrimitiveTopology::LineList, LAYER_FORMAT, true),
            Element::Loops => ("loop_vertex", "edge_fragment", PrimitiveTopology::LineList, LAYER_FORMAT, true),
            Element::Nodes | Element::Raised => {
                ("node_vertex", "node_fragment", PrimitiveTopology::TriangleList, LAYER_FORMAT, true)
            }
            Element::Points => ("point_vertex", "point_fragment", PrimitiveTopology::PointList, LAYER_FORMAT, true),
            Element::NodeSlots => {
                ("node_vertex", "node_slot_fragment", PrimitiveTopology::TriangleList, SLOT_FORMAT, false)
            }
            Element::PointSlots => {
                ("point_vertex", "point_slot_fragment", PrimitiveTopology::PointList, SLOT_FORMAT, false)
            }
        };
        let constants = [
            ("ONE_GROUP", f64::from(variant.is_one_group)),
            ("MOVES", f64::from(variant.moves)),
            ("COMPARES", f64::from(variant.compares)),
            ("LOOKS_BACK", f64::from(variant.looks_back)),
            ("HAS_DEPTH", f64::from(variant.has_depth)),
        ];
        let blend = blend.then_some(BlendState::PREMULTIPLIED_ALPHA_BLENDING);
        let descriptor = RawRenderPipelineDescriptor {
            label: Some(vertex),
            layout: Some(&self.graph_layout),
            vertex: vertex_state(&self.graph_shader, vertex, &constants),
            primitive: PrimitiveState { topology, ..PrimitiveState::default() },
            depth_stencil: variant.has_depth.then(|| DepthStencilState {
                format: DEPTH_FORMAT,
                depth_write_enabled: Some(true),
                depth_compare: Some(if element == Element::Raised {
                    CompareFunction::Always
                } else {
                    CompareFunction::GreaterEqual
                }),
                stencil: Default::default(),
                bias: Default::default(),
            }),
            multisample: MultisampleState::default(),
            fragment: Some(RawFragmentState {
                module: &self.graph_shader,
                entry_point: Some(fragment),
                compilation_options: PipelineCompilationOptions {
                    constants: &constants,
                    ..PipelineCompilationOptions::default()
                },
                targets: &[Some(ColorTargetState { format, blend, write_mask: ColorWrites::ALL })],
            }),
            multiview_mask: None,
            cache: None,
        };
        self.elements.insert((element, variant), device.create_render_pipeline(&descriptor));
    }

    /// Returns a pipeline that was made.
    pub(super) fn element(&self, element: Element, variant: Variant) -> Option<&RenderPipeline> {
        self.elements.get(&(element, variant))
    }

    /// Makes the pipeline that lays a layer over a view of `format`, where it was not made before.
    pub(super) fn prepare_layer(&mut self, device: &RenderDevice, format: TextureFormat) {
        self.layers.entry(format).or_insert_with(|| {
            device.create_render_pipeline(&RawRenderPipelineDescriptor {
                label: Some("graph layer"),
                layout: Some(&self.layer_layout),
                vertex: vertex_state(&self.layer_shader, "layer_vertex", &[]),
                primitive: PrimitiveState::default(),
                depth_stencil: None,
                multisample: MultisampleState::default(),
                fragment: Some(RawFragmentState {
                    module: &self.layer_shader,
                    entry_point: Some("layer_fragment"),
                    compilation_options: PipelineCompilationOptions::default(),
                    targets: &[Some(ColorTargetState { format, blend: None, write_mask: ColorWrites::ALL })],
                }),
                multiview_mask: None,
                cache: None,
            })
        });
    }

    /// Returns a pipeline that was made.
    pub(super) fn layer(&self, format: TextureFormat) -> Option<&RenderPipeline> {
        self.layers.get(&format)
    }
}

fn vertex_state<'a>(
    module: &'a ShaderModule,
    entry_point: &'a str,
    constants: &'a [(&'a str, f64)],
) -> RawVertexState<'a> {
    RawVertexState {
        module,
        entry_point: Some(entry_point),
        compilation_options: PipelineCompilationOptions { constants, ..PipelineCompilationOptions::default() },
        buffers: &[],
    }
}

fn graph_entries() -> [BindGroupLayoutEntry; 9] {
    let buffer = |ty| BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None };
    let storage = || buffer(BufferBindingType::Storage { read_only: true });
    [
        entry(0, ShaderStages::VERTEX_FRAGMENT, buffer(BufferBindingType::Uniform)),
        entry(1, ShaderStages::VERTEX, storage()),
        entry(2, ShaderStages::VERTEX, storage()),
        entry(3, ShaderStages::VERTEX, storage()),
        entry(4, ShaderStages::VERTEX, storage()),
        entry(5, ShaderStages::VERTEX, storage()),
        entry(6, ShaderStages::VERTEX, storage()),
        entry(7, ShaderStages::VERTEX, storage()),
        entry(8, ShaderStages::VERTEX, storage()),
    ]
}

const fn entry(binding: u32, visibility: ShaderStages, ty: BindingType) -> BindGroupLayoutEntry {
    BindGroupLayoutEntry { binding, visibility, ty, count: None }
}

fn layout(device: &RenderDevice, bindings: &BindGroupLayout) -> PipelineLayout {
    let bindings: &wgpu::BindGroupLayout = bindings;
    device.create_pipeline_layout(&PipelineLayoutDescriptor {
        label: Some("graph"),
        bind_group_layouts: &[Some(bindings)],
        immediate_size: 0,
    })
}

fn shader(device: &RenderDevice, label: &str, source: &str) -> ShaderModule {
    let descriptor = ShaderModuleDescriptor { label: Some(label), source: ShaderSource::Wgsl(source.into()) };
    device.create_and_validate_shader_module(descriptor)
}
