//! Values as JSON, in the manner of DAG-JSON: bytes are `{"/": {"bytes": base64}}`, links `{"/": cid}`.
//!
//! A whole float keeps its `.0`; a map that itself holds the key `/` is written as `{"/": {"map": [[key, value] …]}}`.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use cidgraph::{Name, Properties, Value};
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A value that was read from JSON, or is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueForm(pub Value);

/// Properties that were read from JSON, or are to be written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PropertiesForm(pub Properties);

/// Returns a value's JSON text.
pub fn write_value(value: &Value) -> String {
    serde_json::to_string(&Shown(value)).expect("a value has a JSON form")
}

/// Returns the JSON object of properties.
pub fn write_properties(properties: &Properties) -> serde_json::Value {
    serde_json::to_value(ShownMap(properties)).expect("properties have a JSON form")
}

impl Serialize for ValueForm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Shown(&self.0).serialize(serializer)
    }
}

impl Serialize for PropertiesForm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        ShownMap(&self.0).serialize(serializer)
    }
}

struct Shown<'a>(&'a Value);
struct ShownMap<'a>(&'a Properties);

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Int(value) => serializer.serialize_i64(*value),
            Value::Float(value) => serializer.serialize_f64(*value),
            Value::Text(value) => serializer.serialize_str(value),
            Value::Bytes(bytes) => slash(serializer, &serde_json::json!({ "bytes": STANDARD_NO_PAD.encode(bytes) })),
            Value::Link(cid) => slash(serializer, &cid.to_string()),
            Value::List(values) => {
                let mut list = serializer.serialize_seq(Some(values.len()))?;
                values.iter().try_for_each(|value| list.serialize_element(&Shown(value)))?;
                list.end()
            }
            Value::Map(map) if map.get("/").is_some() => {
                let pairs: Vec<_> = map.iter().map(|(name, value)| (name.as_str(), Shown(value))).collect();
                slash(serializer, &serde_json::json!({ "map": pairs }))
            }
            Value::Map(map) => ShownMap(map).serialize(serializer),
        }
    }
}

impl Serialize for ShownMap<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        self.0.iter().try_for_each(|(name, value)| map.serialize_entry(name.as_str(), &Shown(value)))?;
        map.end()
    }
}

fn slash<S: Serializer>(serializer: S, inner: &impl Serialize) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry("/", inner)?;
    map.end()
}

impl<'de> Deserialize<'de> for ValueForm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ReadValue).map(Self)
    }
}

impl<'de> Deserialize<'de> for PropertiesForm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ReadProperties).map(Self)
    }
}

struct ReadValue;

impl<'de> Visitor<'de> for ReadValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Int(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        i64::try_from(value).map(Value::Int).map_err(|_| E::custom("expected an integer of 64 bits with a sign"))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Value::float(value).ok_or_else(|| E::custom("expected a finite number"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(ValueForm(value)) = list.next_element()? {
            values.push(value);
        }
        Ok(Value::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let Some(first) = map.next_key::<String>()? else { return Ok(Value::Map(Properties::new())) };
        if first == "/" {
            return read_slash(map);
        }
        read_pairs(map, Some(first)).map(Value::Map)
    }
}

struct ReadProperties;

impl<'de> Visitor<'de> for ReadProperties {
    type Value = Properties;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of properties")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Properties, A::Error> {
        read_pairs(map, None)
    }
}

/// Reads the pairs of an object whose first key may have been read before.
fn read_pairs<'de, A: MapAccess<'de>>(mut map: A, first: Option<String>) -> Result<Properties, A::Error> {
    let mut properties = Properties::new();
    let mut next = match first {
        Some(name) => Some(name),
        None => map.next_key()?,
    };
    while let Some(name) = next {
        let ValueForm(value) = map.next_value()?;
        if properties.get(&name).is_some() {
            return Err(A::Error::custom(format_args!("property {name:?} stands twice")));
        }
        properties.insert(Name::from(name), value);
        next = map.next_key()?;
    }
    Ok(properties)
}

/// What stands under the key `/`.
enum Slash {
    Link(Value),
    Bytes(Value),
    Map(Value),
}

fn read_slash<'de, A: MapAccess<'de>>(mut map: A) -> Result<Value, A::Error> {
    let value = match map.next_value()? {
        Slash::Link(value) | Slash::Bytes(value) | Slash::Map(value) => value,
    };
    match map.next_key::<String>()? {
        None => Ok(value),
        Some(name) => Err(A::Error::custom(format_args!("expected nothing beside \"/\", found {name:?}"))),
    }
}

impl<'de> Deserialize<'de> for Slash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ReadSlash)
    }
}

struct ReadSlash;

impl<'de> Visitor<'de> for ReadSlash {
    type Value = Slash;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a CID, {\"bytes\": base64} or {\"map\": [[key, value] …]}")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Slash, E> {
        text.parse().map(|cid| Slash::Link(Value::Link(cid))).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Slash, A::Error> {
        let slash = match map.next_key::<String>()?.as_deref() {
            Some("bytes") => {
                let text: String = map.next_value()?;
                let bytes = STANDARD_NO_PAD.decode(text).map_err(|_| A::Error::custom("expected unpadded base64"))?;
                Slash::Bytes(Value::Bytes(bytes.into()))
            }
            Some("map") => {
                let pairs: Vec<(String, ValueForm)> = map.next_value()?;
                Slash::Map(Value::Map(pairs.into_iter().map(|(name, value)| (Name::from(name), value.0)).collect()))
            }
            _ => return Err(A::Error::custom("expected \"bytes\" or \"map\"")),
        };
        match map.next_key::<String>()? {
            None => Ok(slash),
            Some(name) => Err(A::Error::custom(format_args!("expected one key, found {name:?} too"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cidgraph::{Cid, HashKind};
    use proptest::prelude::*;

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Int),
            any::<f64>().prop_filter_map("finite", Value::float),
            any::<String>().prop_map(Value::from),
            any::<Vec<u8>>().prop_map(|bytes| Value::Bytes(bytes.into())),
            any::<[u8; 32]>().prop_map(|digest| Value::Link(Cid::from_digest(HashKind::Sha2_256, digest))),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            let name = prop_oneof!["[a-c/]{0,2}", any::<String>()];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
                prop::collection::vec((name, inner), 0..4).prop_map(|pairs| Value::Map(pairs.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(value in values()) {
            let text = write_value(&value);
            let read: ValueForm = serde_json::from_str(&text).expect(&text);
            prop_assert_eq!(read.0, value);
        }
    }

    #[track_caller]
    fn refused(text: &str, expected: &str) {
        let error = serde_json::from_str::<ValueForm>(text).expect_err("refused").to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn what_has_no_value_is_refused() {
        refused("18446744073709551615", "integer of 64 bits");
        refused("1e999", "out of range");
        refused(r#"{"a":1,"a":2}"#, "stands twice");
        refused(r#"{"/":"nocid"}"#, "CIDv1");
        refused(r#"{"/":{"bytes":"*"}}"#, "base64");
        refused(r#"{"/":{"bytes":""},"b":1}"#, "nothing beside");
    }

    #[test]
    fn whole_floats_keep_their_point() {
        assert_eq!(write_value(&Value::Float(3.0)), "3.0");
        assert_eq!(write_value(&Value::Int(3)), "3");
    }
}
