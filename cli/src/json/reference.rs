//! Keys, ids and references to nodes as JSON.

use std::fmt;
use std::fmt::Display;
use std::str::FromStr;

use cidgraph::{GraphId, Key, NodeId};
use serde::de::{Error, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An id as a JSON string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdForm<T>(pub T);

/// A key: a JSON number without fraction, or a string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyForm(pub Key);

/// A node, named by id (`"67e5…"`) or by kind and key (`{"kind": "Person", "key": "alice"}`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeReference {
    /// By id.
    Id(NodeId),
    /// By kind and key.
    Key {
        /// The node's kind.
        kind: String,
        /// The node's key.
        key: Key,
    },
}

impl NodeReference {
    /// Returns the node's id in `graph`.
    pub fn resolve(&self, graph: GraphId) -> NodeId {
        match self {
            Self::Id(id) => *id,
            Self::Key { kind, key } => NodeId::of_key(graph, kind, key),
        }
    }
}

impl<T: Display> Serialize for IdForm<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for IdForm<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(ReadId(std::marker::PhantomData)).map(Self)
    }
}

struct ReadId<T>(std::marker::PhantomData<T>);

impl<T: FromStr<Err: Display>> Visitor<'_> for ReadId<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id (a UUID in a string)")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

impl Serialize for KeyForm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Key::Number(number) => serializer.serialize_i64(*number),
            Key::Text(text) => serializer.serialize_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for KeyForm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ReadKey).map(Self)
    }
}

struct ReadKey;

impl Visitor<'_> for ReadKey {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key (a whole number or a string)")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Key, E> {
        Ok(Key::Number(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Key, E> {
        i64::try_from(number).map(Key::Number).map_err(|_| E::custom("expected a key of 64 bits with a sign"))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Key, E> {
        Ok(Key::from(text))
    }
}

impl Serialize for NodeReference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        match self {
            Self::Id(id) => serializer.collect_str(id),
            Self::Key { kind, key } => {
                let mut map = serializer.serialize_map(Some(2))?;
                map.serialize_entry("kind", kind)?;
                map.serialize_entry("key", &KeyForm(key.clone()))?;
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for NodeReference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ReadReference)
    }
}

struct ReadReference;

impl<'de> Visitor<'de> for ReadReference {
    type Value = NodeReference;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a node: its id, or {\"kind\": …, \"key\": …}")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<NodeReference, E> {
        text.parse().map(NodeReference::Id).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<NodeReference, A::Error> {
        let (mut kind, mut key) = (None, None);
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "kind" if kind.is_none() => kind = Some(map.next_value()?),
                "key" if key.is_none() => key = Some(map.next_value::<KeyForm>()?.0),
                other => {
                    let error = A::Error::custom(format_args!("expected \"kind\" and \"key\" once, found {other:?}"));
                    map.next_value::<IgnoredAny>()?;
                    return Err(error);
                }
            }
        }
        match (kind, key) {
            (Some(kind), Some(key)) => Ok(NodeReference::Key { kind, key }),
            _ => Err(A::Error::custom("expected both \"kind\" and \"key\"")),
        }
    }
}
