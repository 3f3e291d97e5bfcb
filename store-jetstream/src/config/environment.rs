//! Settings in the environment.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::config::error::{ConfigError, Place};
use crate::config::setting::{Given, SETTINGS, VARIABLE_PREFIX, Value};

/// The variable that names the file.
const FILE: &str = "CONFIG";

/// What the environment says.
pub(super) struct Environment {
    /// The file to read.
    pub(super) file: Option<PathBuf>,
    pub(super) settings: Vec<Given>,
}

/// Reads the variables with our prefix, ordered by name; one that is empty says nothing.
pub(super) fn read<Name: Into<OsString>, Content: Into<OsString>>(
    variables: impl IntoIterator<Item = (Name, Content)>,
) -> Result<Environment, ConfigError> {
    let variables = variables.into_iter().map(|(name, content)| (name.into(), content.into()));
    let mut ours: Vec<(String, OsString)> =
        variables.filter_map(|(name, content)| Some((ours(&name)?, content))).collect();
    ours.sort_unstable();
    let mut read = Environment { file: None, settings: Vec::new() };
    for (name, content) in ours {
        if content.is_empty() {
            continue;
        }
        if name == FILE {
            read.file = Some(content.into());
        } else {
            read.settings.push(given(&name, content)?);
        }
    }
    Ok(read)
}

/// Returns what stands behind our prefix.
fn ours(name: &OsString) -> Option<String> {
    Some(name.to_str()?.strip_prefix(VARIABLE_PREFIX)?.to_owned())
}

fn given(name: &str, content: OsString) -> Result<Given, ConfigError> {
    let place = Place::Variable { name: format!("{VARIABLE_PREFIX}{name}") };
    let row = SETTINGS.iter().find(|row| row.variable == name);
    let Some(row) = row else { return Err(ConfigError::Unknown { place }) };
    match content.into_string() {
        Ok(text) => Ok(Given { row, place, value: Value::Text(text) }),
        Err(_) => Err(ConfigError::Value { place, takes: row.takes }),
    }
}
