//! Settings in a file.

use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::config::error::{ConfigError, Place};
use crate::config::setting::{Given, Row, SETTINGS, Setting, Value};

/// The tables that a file may have.
const TABLES: [&str; 2] = ["credentials", "tls"];

/// Reads the settings of a file, or of text that came from none.
pub(super) fn read(text: &str, path: Option<&Path>) -> Result<Vec<Given>, ConfigError> {
    let file = File { text, path };
    let table = DeTable::parse(text).map_err(|error| file.syntax(&error))?;
    let mut found = Vec::new();
    for (key, value) in table.get_ref() {
        let key = Key { name: key.get_ref().to_string(), span: key.span() };
        match value.get_ref() {
            DeValue::Table(inner) if TABLES.contains(&key.name.as_str()) => {
                found.extend((key.name == "tls").then(|| file.switched_on(&key)));
                for (name, value) in inner {
                    let inner = Key { name: format!("{}.{}", key.name, name.get_ref()), span: name.span() };
                    found.push(file.given(inner, value)?);
                }
            }
            _ => found.push(file.given(key, value)?),
        }
    }
    Ok(found)
}

struct File<'a> {
    text: &'a str,
    path: Option<&'a Path>,
}

struct Key {
    name: String,
    span: Range<usize>,
}

impl File<'_> {
    fn given(&self, key: Key, value: &Spanned<DeValue<'_>>) -> Result<Given, ConfigError> {
        let row = SETTINGS.iter().find(|row| row.key == key.name);
        let place = self.place(key);
        let Some(row) = row else { return Err(ConfigError::Unknown { place }) };
        match value_of(value.get_ref()) {
            Some(value) => Ok(Given { row, place, value }),
            None => Err(ConfigError::Value { place, takes: row.takes }),
        }
    }

    /// Returns that a table of TLS was given, even one that is empty.
    fn switched_on(&self, key: &Key) -> Given {
        let row: Option<&'static Row> = SETTINGS.iter().find(|row| row.setting == Setting::Tls);
        let row = row.expect("every setting has a row");
        let place = self.place(Key { name: key.name.clone(), span: key.span.clone() });
        Given { row, place, value: Value::Bare("true".to_owned()) }
    }

    fn place(&self, key: Key) -> Place {
        let line = self.line(key.span.start);
        Place::File { path: self.path.map(Path::to_owned), line, key: key.name }
    }

    fn line(&self, offset: usize) -> usize {
        let before = self.text.as_bytes().iter().take(offset);
        before.filter(|byte| **byte == b'\n').count() + 1
    }

    /// The message of the parser says what it expected and repeats nothing.
    fn syntax(&self, error: &toml::de::Error) -> ConfigError {
        let line = self.line(error.span().map_or(0, |span| span.start));
        let reason = error.message().lines().collect::<Vec<_>>().join(", ");
        ConfigError::Syntax { path: self.path.map(Path::to_owned), line, reason }
    }
}

fn value_of(value: &DeValue<'_>) -> Option<Value> {
    match value {
        DeValue::String(text) => Some(Value::Text(text.to_string())),
        DeValue::Integer(number) if number.radix() == 10 => Some(Value::Bare(number.as_str().to_owned())),
        DeValue::Boolean(truth) => Some(Value::Bare(truth.to_string())),
        DeValue::Array(entries) => {
            let text = |entry: &Spanned<DeValue<'_>>| entry.get_ref().as_str().map(ToOwned::to_owned);
            entries.iter().map(text).collect::<Option<Vec<_>>>().map(Value::List)
        }
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Table(_) => None,
    }
}
