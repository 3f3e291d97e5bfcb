//! Puts the drawing into Bevy's schedules.

use bevy::app::{App, Plugin};
use bevy::core_pipeline::core_2d::main_opaque_pass_2d;
use bevy::core_pipeline::schedule::{Core2d, Core2dSystems};
use bevy::ecs::prelude::*;
use bevy::render::extract_component::ExtractComponentPlugin;
use bevy::render::renderer::RenderAdapterInfo;
use bevy::render::view::prepare_view_targets;
use bevy::render::{ExtractSchedule, GpuResourceAppExt, MainWorld, Render, RenderApp, RenderSystems};

use super::buffers::{Carrier, GpuScene, follow_scene};
use super::detail::Detail;
use super::draw::draw_graph;
use super::facts::RenderFacts;
use super::layer::{GraphCamera, prepare_layers};
use super::pipelines::GraphPipelines;

/// Draws the resource [`GraphScene`](crate::scene::GraphScene) for every [`GraphCamera`].
#[derive(Debug, Clone, Copy, Default)]
pub struct GraphRenderPlugin;

impl Plugin for GraphRenderPlugin {
    fn build(&self, app: &mut App) {
        let facts = RenderFacts::default();
        app.add_plugins(ExtractComponentPlugin::<GraphCamera>::default()).insert_resource(facts.clone());
        let Some(render) = app.get_sub_app_mut(RenderApp) else { return };
        render
            .insert_resource(facts)
            .insert_resource(Detail::of_device(wgpu::DeviceType::Other))
            .init_gpu_resource::<GpuScene>()
            .init_gpu_resource::<Carrier>()
            .init_gpu_resource::<GraphPipelines>()
            .add_systems(ExtractSchedule, (follow_scene, follow_detail))
            .add_systems(Render, prepare_layers.in_set(RenderSystems::PrepareResources).after(prepare_view_targets))
            .add_systems(Core2d, draw_graph.in_set(Core2dSystems::MainPass).before(main_opaque_pass_2d));
    }

    fn finish(&self, app: &mut App) {
        let device = app.world().get_resource::<RenderAdapterInfo>().map(|info| info.device_type);
        if let Some(device) = device.filter(|_| !app.world().contains_resource::<Detail>()) {
            app.insert_resource(Detail::of_device(device));
        }
    }
}

fn follow_detail(main: Res<MainWorld>, mut detail: ResMut<Detail>) {
    if let Some(chosen) = main.get_resource::<Detail>() {
        detail.set_if_neq(*chosen);
    }
}
