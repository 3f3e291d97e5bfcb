//! A picture in memory: read back from the GPU, written and read as PNG, compared.

use std::path::Path;

use bevy::asset::RenderAssetUsages;
use bevy::image::{CompressedImageFormats, Image, ImageSampler, ImageType};
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat};

/// A picture: rows from the top, four bytes a pixel: red, green, blue, opacity.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// The pixels.
    pub bytes: Vec<u8>,
}

/// Why a picture could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// The file could not be read.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file could not be written.
    #[error("{path} cannot be written: {reason}")]
    Unwritable {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// The bytes are no picture.
    #[error("{path} is no picture that can be read: {reason}")]
    Format {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Picture({} × {})", self.width, self.height)
    }
}

impl Picture {
    /// Makes a picture of what the GPU drew; `None` for a format of other than four bytes.
    pub fn of_image(image: &Image) -> Option<Self> {
        let size = image.texture_descriptor.size;
        let mut bytes = image.data.clone()?;
        let format = image.texture_descriptor.format;
        if matches!(format, TextureFormat::Bgra8Unorm | TextureFormat::Bgra8UnormSrgb) {
            bytes.as_chunks_mut::<4>().0.iter_mut().for_each(|pixel| pixel.swap(0, 2));
        }
        (bytes.len() == size.width as usize * size.height as usize * 4).then_some(Self {
            width: size.width,
            height: size.height,
            bytes,
        })
    }

    /// Returns the pixel at `x` from the left and `y` from the top.
    ///
    /// # Panics
    /// Outside the picture.
    pub fn pixel(&self, x: u32, y: u32) -> [u8; 4] {
        assert!(x < self.width && y < self.height, "({x}, {y}) is outside {self:?}");
        let at = (y as usize * self.width as usize + x as usize) * 4;
        [self.bytes[at], self.bytes[at + 1], self.bytes[at + 2], self.bytes[at + 3]]
    }

    /// Returns the share of pixels with a channel that differs by more than `tolerance`.
    ///
    /// # Panics
    /// Where the pictures differ in size.
    pub fn difference(&self, other: &Self, tolerance: u8) -> f64 {
        assert_eq!((self.width, self.height), (other.width, other.height), "pictures of one size");
        let pixels = self.bytes.as_chunks::<4>().0.iter().zip(other.bytes.as_chunks::<4>().0);
        let count = pixels.clone().count();
        let differs = |(a, b): &(&[u8; 4], &[u8; 4])| a.iter().zip(*b).any(|(a, b)| a.abs_diff(*b) > tolerance);
        #[expect(clippy::cast_precision_loss, reason = "a picture has far fewer than 2^52 pixels")]
        let share = pixels.filter(differs).count() as f64 / count as f64;
        share
    }

    /// Writes the picture as PNG.
    ///
    /// # Errors
    /// [`PictureError`].
    pub fn write_png(&self, path: &Path) -> Result<(), PictureError> {
        let size = Extent3d { width: self.width, height: self.height, depth_or_array_layers: 1 };
        let image = Image::new(
            size,
            TextureDimension::D2,
            self.bytes.clone(),
            TextureFormat::Rgba8UnormSrgb,
            RenderAssetUsages::MAIN_WORLD,
        );
        let unwritable = |reason| PictureError::Unwritable { path: path.display().to_string(), reason };
        if !path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png")) {
            return Err(unwritable("a picture's name ends with .png".to_owned()));
        }
        let image = image.try_into_dynamic().map_err(|error| unwritable(error.to_string()))?;
        image.to_rgb8().save(path).map_err(|error| unwritable(error.to_string()))
    }

    /// Reads a picture of a PNG file.
    ///
    /// # Errors
    /// [`PictureError`].
    pub fn read_png(path: &Path) -> Result<Self, PictureError> {
        let shown = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|source| PictureError::File { path: shown.clone(), source })?;
        let image = Image::from_buffer(
            &bytes,
            ImageType::Extension("png"),
            CompressedImageFormats::NONE,
            true,
            ImageSampler::Default,
            RenderAssetUsages::MAIN_WORLD,
        );
        let image = image.map_err(|error| PictureError::Format { path: shown.clone(), reason: error.to_string() })?;
        Self::of_image(&image)
            .ok_or_else(|| PictureError::Format { path: shown, reason: "pixels of other than four bytes".to_owned() })
    }
}
