//! Reading a configuration: the file's settings over the defaults, the environment's over the file's.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use crate::config::draft::Draft;
use crate::config::error::ConfigError;
use crate::config::jetstream_config::JetStreamConfig;
use crate::config::{environment, file};

impl JetStreamConfig {
    /// Reads a configuration from a file, which `CIDGRAPH_NATS_CONFIG` names where the caller does not, and from the
    /// environment, whose word is the last. Where neither names a server, there is none yet.
    ///
    /// ```
    /// use cidgraph_store_jetstream::JetStreamConfig;
    ///
    /// let environment = [("CIDGRAPH_NATS_URLS", "nats://10.0.0.1,nats://10.0.0.2"), ("CIDGRAPH_NATS_REPLICAS", "3")];
    /// let config = JetStreamConfig::load(None, environment)?;
    /// assert_eq!((config.urls.len(), config.replicas), (2, 3));
    /// # Ok::<(), cidgraph_store_jetstream::ConfigError>(())
    /// ```
    ///
    /// A program gives [`std::env::vars_os`].
    ///
    /// # Errors
    /// [`ConfigError`] names the file and line or the variable, never a value.
    pub fn load<Name: Into<OsString>, Content: Into<OsString>>(
        path: Option<&Path>,
        environment: impl IntoIterator<Item = (Name, Content)>,
    ) -> Result<Self, ConfigError> {
        let environment = environment::read(environment)?;
        let mut draft = Draft::new();
        if let Some(path) = path.or(environment.file.as_deref()) {
            let text = fs::read_to_string(path);
            let text = text.map_err(|error| ConfigError::Unreadable { path: path.to_owned(), kind: error.kind() })?;
            draft.lay(file::read(&text, Some(path))?, path.parent().unwrap_or(Path::new("")))?;
        }
        draft.lay(environment.settings, Path::new(""))?;
        draft.finish()
    }

    /// Reads a configuration from a file alone.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn from_file(path: &Path) -> Result<Self, ConfigError> {
        Self::load(Some(path), std::iter::empty::<(OsString, OsString)>())
    }

    /// Reads a configuration from TOML; relative paths stay as they are.
    ///
    /// # Errors
    /// [`ConfigError`] names the line, never a value.
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        let mut draft = Draft::new();
        draft.lay(file::read(text, None)?, Path::new(""))?;
        draft.finish()
    }
}

#[cfg(test)]
#[path = "load_tests.rs"]
mod tests;
