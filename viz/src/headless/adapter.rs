//! What draws where there is no window: a graphics device, software, or nothing at all.

use std::sync::Arc;

use bevy::render::renderer::{
    RenderAdapter, RenderAdapterInfo, RenderDevice, RenderInstance, RenderQueue, WgpuWrapper,
};
use bevy::render::settings::{RenderCreation, RenderResources};
use wgpu::{Backends, DeviceType};

/// What draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "app", derive(clap::ValueEnum))]
pub enum Adapter {
    /// Nothing: commands are checked and thrown away. What is left is the processor's work alone.
    Noop,
    /// A Vulkan driver that draws on the processor: lavapipe.
    Software,
    /// A graphics device.
    Gpu,
    /// A graphics device, or software where there is none.
    Any,
}

/// Why nothing can be drawn.
#[derive(Debug, thiserror::Error)]
pub enum AdapterError {
    /// There is no such adapter.
    #[error("no {wanted:?} adapter: install a Vulkan driver (Debian's mesa-vulkan-drivers draws in software)")]
    Missing {
        /// What was asked for.
        wanted: Adapter,
    },
    /// The adapter gives no device.
    #[error("the adapter gives no device")]
    Device(#[from] wgpu::RequestDeviceError),
}

impl Adapter {
    /// Opens the adapter for Bevy's renderer.
    ///
    /// # Errors
    /// [`AdapterError`].
    pub fn open(self) -> Result<RenderCreation, AdapterError> {
        bevy::tasks::block_on(self.open_in_time())
    }

    async fn open_in_time(self) -> Result<RenderCreation, AdapterError> {
        let backends = match self {
            Self::Noop => Backends::NOOP,
            Self::Software | Self::Gpu | Self::Any => Backends::VULKAN,
        };
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor {
            backends,
            flags: wgpu::InstanceFlags::empty(),
            memory_budget_thresholds: wgpu::MemoryBudgetThresholds::default(),
            backend_options: wgpu::BackendOptions {
                noop: wgpu::NoopBackendOptions { enable: self == Self::Noop },
                ..wgpu::BackendOptions::default()
            },
            display: None,
        });
        let adapters = instance.enumerate_adapters(backends).await;
        let adapter = adapters.into_iter().filter(|adapter| self.takes(adapter.get_info().device_type));
        let adapter = adapter.min_by_key(|adapter| rank(adapter.get_info().device_type));
        let adapter = adapter.ok_or(AdapterError::Missing { wanted: self })?;
        // What nothing says that it can do is not what every device can.
        let (required_features, required_limits) = match self {
            Self::Noop => (wgpu::Features::empty(), wgpu::Limits::default()),
            Self::Software | Self::Gpu | Self::Any => {
                (adapter.features() & wgpu::Features::TEXTURE_ADAPTER_SPECIFIC_FORMAT_FEATURES, adapter.limits())
            }
        };
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("cidgraph"),
            required_features,
            required_limits,
            ..wgpu::DeviceDescriptor::default()
        };
        let (device, queue) = adapter.request_device(&descriptor).await?;
        Ok(RenderCreation::Manual(RenderResources(
            RenderDevice::from(device),
            RenderQueue(Arc::new(WgpuWrapper::new(queue))),
            RenderAdapterInfo(WgpuWrapper::new(adapter.get_info())),
            RenderAdapter(Arc::new(WgpuWrapper::new(adapter))),
            RenderInstance(Arc::new(WgpuWrapper::new(instance))),
        )))
    }

    fn takes(self, device: DeviceType) -> bool {
        match self {
            Self::Noop | Self::Any => true,
            Self::Software => device == DeviceType::Cpu,
            Self::Gpu => device != DeviceType::Cpu,
        }
    }
}

/// Returns a device's place among those that could be taken: the first is.
const fn rank(device: DeviceType) -> u8 {
    match device {
        DeviceType::DiscreteGpu => 0,
        DeviceType::IntegratedGpu => 1,
        DeviceType::VirtualGpu => 2,
        DeviceType::Other => 3,
        DeviceType::Cpu => 4,
    }
}
