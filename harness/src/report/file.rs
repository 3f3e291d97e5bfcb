//! Reports on the disk.

use std::io;
use std::path::Path;

use super::html::render_html;
use super::model::Report;

impl Report {
    /// Writes `report.json` and `report.html` into a folder, which is made where it is missing.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write(&self, directory: &Path) -> io::Result<()> {
        std::fs::create_dir_all(directory)?;
        let json = serde_json::to_string_pretty(self).map_err(io::Error::other)?;
        std::fs::write(directory.join("report.json"), json)?;
        std::fs::write(directory.join("report.html"), render_html(self))
    }

    /// Reads a `report.json`.
    ///
    /// # Errors
    /// Those of the file system, and [`io::ErrorKind::InvalidData`] for a file that is no report.
    pub fn read(path: &Path) -> io::Result<Self> {
        let bytes = std::fs::read(path)?;
        serde_json::from_slice(&bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }
}
