//! A view without a window: an application that draws into an image, frame by frame, as it is told.

use std::sync::Arc;

use bevy::app::{App, AppExit, AppLabel, PluginGroup, SubApps, TerminalCtrlCHandlerPlugin};
use bevy::asset::{Assets, Handle, RenderAssetUsages};
use bevy::camera::RenderTarget;
use bevy::ecs::prelude::*;
use bevy::image::Image;
use bevy::log::LogPlugin;
use bevy::math::UVec2;
use bevy::prelude::{DefaultPlugins, IsDefaultUiCamera};
use bevy::render::error_handler::RenderErrorHandler;
use bevy::render::render_resource::{Extent3d, PollType, TextureDimension, TextureFormat, TextureUsages};
use bevy::render::renderer::{RenderAdapterInfo, RenderDevice};
use bevy::render::view::screenshot::{Screenshot, ScreenshotCaptured};
use bevy::render::{RenderApp, RenderPlugin};
use bevy::window::{ExitCondition, WindowPlugin};
use bevy::winit::WinitPlugin;
use parking_lot::Mutex;

use crate::plugin::EventSourcedGraphPlugin;
use crate::render::{GraphCamera, seen_slots};

use super::adapter::{Adapter, AdapterError};
use super::picture::Picture;

/// Frames after which the camera draws into its image.
const FRAMES_TO_BEGIN: usize = 2;

/// Frames after which a scene that does not change is drawn as one.
pub(crate) const FRAMES_TO_REST: u32 = 2;

/// Frames after which a picture that was asked for has come.
pub(crate) const FRAMES_TO_A_PICTURE: u32 = 8;

/// A view without a window.
pub struct HeadlessView {
    apps: SubApps,
    camera: Entity,
    target: Handle<Image>,
    /// What draws.
    pub adapter: String,
}

impl std::fmt::Debug for HeadlessView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HeadlessView").field("adapter", &self.adapter).finish_non_exhaustive()
    }
}

impl HeadlessView {
    /// Makes a view of so many pixels with one [`GraphCamera`].
    ///
    /// # Errors
    /// Where the adapter cannot be opened.
    pub fn open(adapter: Adapter, size: UVec2) -> Result<Self, AdapterError> {
        Self::open_with(adapter, size, |_| {})
    }

    /// Makes a view as [`open`](Self::open) does, of an application that `extend` adds to.
    ///
    /// # Errors
    /// Where the adapter cannot be opened.
    pub fn open_with(adapter: Adapter, size: UVec2, extend: impl FnOnce(&mut App)) -> Result<Self, AdapterError> {
        let renderer = RenderPlugin {
            render_creation: adapter.open()?,
            synchronous_pipeline_compilation: true,
            ..RenderPlugin::default()
        };
        let windows =
            WindowPlugin { primary_window: None, exit_condition: ExitCondition::DontExit, ..WindowPlugin::default() };
        let mut app = App::new();
        let plugins = DefaultPlugins.set(renderer).set(windows);
        let plugins = plugins.disable::<WinitPlugin>().disable::<LogPlugin>().disable::<TerminalCtrlCHandlerPlugin>();
        app.add_plugins(plugins).add_plugins(EventSourcedGraphPlugin);
        app.insert_resource(RenderErrorHandler(|error, _, _| panic!("drawing fails: {}", error.description)));
        extend(&mut app);
        app.finish();
        app.cleanup();
        let mut apps = std::mem::take(app.sub_apps_mut());
        let world = apps.main.world_mut();
        let target = world.resource_mut::<Assets<Image>>().add(target_image(size));
        // What is written over the picture would look for a window otherwise.
        let camera = world.spawn((GraphCamera, RenderTarget::from(target.clone()), IsDefaultUiCamera)).id();
        let info = world.resource::<RenderAdapterInfo>();
        let adapter = format!("{} ({:?}, {} {})", info.name, info.backend, info.driver, info.driver_info);
        let mut view = Self { apps, camera, target, adapter };
        (0..FRAMES_TO_BEGIN).for_each(|_| view.frame());
        Ok(view)
    }

    /// Returns the world.
    pub fn world(&mut self) -> &mut World {
        self.apps.main.world_mut()
    }

    /// Returns the camera.
    pub const fn camera(&self) -> Entity {
        self.camera
    }

    /// Makes one frame and waits until it is drawn.
    ///
    /// # Panics
    /// Where the device is lost, or refuses to draw.
    pub fn frame(&mut self) {
        self.apps.update();
        let device = self.apps.main.world().resource::<RenderDevice>();
        device.poll(PollType::wait_indefinitely()).expect("the device is there");
    }

    /// Returns whether something asked the application to end in the last frame.
    pub fn is_over(&self) -> bool {
        self.apps.main.world().get_resource::<Messages<AppExit>>().is_some_and(|exits| !exits.is_empty())
    }

    /// Returns the slots of the nodes of which the last picture shows a pixel, read back from the GPU, in order.
    ///
    /// # Panics
    /// Where the device is lost.
    pub fn seen_nodes(&mut self) -> Vec<u32> {
        let render = self.apps.sub_apps.get_mut(&RenderApp.intern());
        render.map_or_else(Vec::new, |render| seen_slots(render.world_mut()))
    }

    /// Makes frames until a picture has come.
    ///
    /// # Panics
    /// Where none comes: the adapter draws nothing.
    pub fn picture(&mut self) -> Picture {
        // While something moves less is drawn: first it has to be seen that nothing does.
        (0..FRAMES_TO_REST).for_each(|_| self.frame());
        let taken = Arc::new(Mutex::new(None));
        let taker = Arc::clone(&taken);
        let screenshot = Screenshot::image(self.target.clone());
        self.world().spawn(screenshot).observe(move |captured: On<ScreenshotCaptured>| {
            *taker.lock() = Picture::of_image(&captured.image);
        });
        for _ in 0..FRAMES_TO_A_PICTURE {
            self.frame();
            if let Some(picture) = taken.lock().take() {
                return picture;
            }
        }
        panic!("{} gives no picture", self.adapter)
    }
}

fn target_image(size: UVec2) -> Image {
    let extent = Extent3d { width: size.x, height: size.y, depth_or_array_layers: 1 };
    let usages = RenderAssetUsages::default();
    let format = TextureFormat::Rgba8UnormSrgb;
    let mut image = Image::new_fill(extent, TextureDimension::D2, &[0, 0, 0, 255], format, usages);
    image.texture_descriptor.usage |= TextureUsages::RENDER_ATTACHMENT | TextureUsages::COPY_SRC;
    image
}
