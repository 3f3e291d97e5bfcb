//! Values and properties: what a component or an edge holds.
//!
//! A value is one of the IPLD data model's kinds, restricted to what the strict DAG-CBOR form can say: integers of 64
//! bits, floats that are finite and not −0. Properties are kept in DAG-CBOR's key order (shorter names first, then
//! bytewise), so encoding one never sorts.

use std::cmp::Ordering;
use std::fmt;

use smol_str::SmolStr;

use crate::cid::Cid;

/// A name of a property, component type, kind or actor: short text, cheap to clone.
pub type Name = SmolStr;

/// One value.
///
/// Floats compare by their bits' total order, so values can be sorted and hashed; a whole float is not equal to an
/// integer.
#[derive(Clone)]
pub enum Value {
    /// No value.
    Null,
    /// True or false.
    Bool(bool),
    /// A signed integer of 64 bits.
    Int(i64),
    /// A finite float, never −0; [`Value::float`] checks it.
    Float(f64),
    /// UTF-8 text.
    Text(SmolStr),
    /// Raw bytes.
    Bytes(Box<[u8]>),
    /// A list of values.
    List(Vec<Self>),
    /// A map from text to values.
    Map(Properties),
    /// A link to a block.
    Link(Cid),
}

impl Value {
    /// Makes a float value; `None` for NaN and the infinities. −0 becomes 0.
    pub fn float(number: f64) -> Option<Self> {
        number.is_finite().then_some(Self::Float(number + 0.0))
    }

    /// Makes a text value.
    pub fn text(text: impl AsRef<str>) -> Self {
        Self::Text(SmolStr::new(text))
    }

    /// Returns whether every float within is finite and not −0, as the wire format demands.
    pub fn is_encodable(&self) -> bool {
        match self {
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Text(_) | Self::Bytes(_) | Self::Link(_) => true,
            Self::Float(number) => number.is_finite() && (*number != 0.0 || number.is_sign_positive()),
            Self::List(values) => values.iter().all(Self::is_encodable),
            Self::Map(map) => map.iter().all(|(_, value)| value.is_encodable()),
        }
    }

    /// Returns the number, of an integer or a float.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "the caller asks for the nearest float")]
            Self::Int(number) => Some(*number as f64),
            Self::Float(number) => Some(*number),
            Self::Null
            | Self::Bool(_)
            | Self::Text(_)
            | Self::Bytes(_)
            | Self::List(_)
            | Self::Map(_)
            | Self::Link(_) => None,
        }
    }

    /// Returns the kind's place in the total order of values.
    const fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(_) => 1,
            Self::Int(_) => 2,
            Self::Float(_) => 3,
            Self::Text(_) => 4,
            Self::Bytes(_) => 5,
            Self::List(_) => 6,
            Self::Map(_) => 7,
            Self::Link(_) => 8,
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Value {}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Int(a), Self::Int(b)) => a.cmp(b),
            (Self::Float(a), Self::Float(b)) => a.total_cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Bytes(a), Self::Bytes(b)) => a.cmp(b),
            (Self::List(a), Self::List(b)) => a.cmp(b),
            (Self::Map(a), Self::Map(b)) => a.0.cmp(&b.0),
            (Self::Link(a), Self::Link(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl std::hash::Hash for Value {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.rank().hash(state);
        match self {
            Self::Null => {}
            Self::Bool(value) => value.hash(state),
            Self::Int(value) => value.hash(state),
            Self::Float(value) => value.to_bits().hash(state),
            Self::Text(value) => value.hash(state),
            Self::Bytes(value) => value.hash(state),
            Self::List(value) => value.hash(state),
            Self::Map(value) => value.hash(state),
            Self::Link(value) => value.hash(state),
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value:?}"),
            Self::Text(value) => write!(f, "{value:?}"),
            Self::Bytes(value) => write!(f, "bytes({})", value.len()),
            Self::List(value) => f.debug_list().entries(value).finish(),
            Self::Map(value) => value.fmt(f),
            Self::Link(value) => write!(f, "{value}"),
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::text(value)
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value.into())
    }
}

/// Compares two names as DAG-CBOR orders map keys: shorter first, then bytewise.
pub fn compare_names(a: &str, b: &str) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.as_bytes().cmp(b.as_bytes()))
}

/// A map from names to values, kept in DAG-CBOR's key order without duplicates.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Properties(Vec<(Name, Value)>);

impl Properties {
    /// Makes an empty map.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Makes a map of pairs that are already in key order without duplicates; `None` where they are not.
    pub fn from_sorted(pairs: Vec<(Name, Value)>) -> Option<Self> {
        pairs.windows(2).all(|pair| compare_names(&pair[0].0, &pair[1].0).is_lt()).then_some(Self(pairs))
    }

    /// Returns the value under `name`.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.find(name).ok().map(|at| &self.0[at].1)
    }

    /// Puts `value` under `name` and returns what was there before.
    pub fn insert(&mut self, name: impl Into<Name>, value: impl Into<Value>) -> Option<Value> {
        let (name, value) = (name.into(), value.into());
        match self.find(&name) {
            Ok(at) => Some(std::mem::replace(&mut self.0[at].1, value)),
            Err(at) => {
                self.0.insert(at, (name, value));
                None
            }
        }
    }

    /// Takes the value under `name` out.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        self.find(name).ok().map(|at| self.0.remove(at).1)
    }

    /// Puts every pair of `other` into this map.
    pub fn merge(&mut self, other: &Self) {
        for (name, value) in other.iter() {
            self.insert(name.clone(), value.clone());
        }
    }

    /// Returns the pairs in key order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Name, &Value)> + Clone {
        self.0.iter().map(|(name, value)| (name, value))
    }

    /// Returns the number of pairs.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there is no pair.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn find(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(have, _)| compare_names(have, name))
    }
}

impl<N: Into<Name>, V: Into<Value>> FromIterator<(N, V)> for Properties {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let mut map = Self::new();
        for (name, value) in pairs {
            map.insert(name, value);
        }
        map
    }
}

impl<N: Into<Name>, V: Into<Value>, const LEN: usize> From<[(N, V); LEN]> for Properties {
    fn from(pairs: [(N, V); LEN]) -> Self {
        pairs.into_iter().collect()
    }
}

impl fmt::Debug for Properties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_keep_the_order_of_dag_cbor() {
        let map = Properties::from([("bb", 1), ("a", 2), ("ab", 3), ("a", 4)]);
        let names: Vec<&str> = map.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["a", "ab", "bb"]);
        assert_eq!(map.get("a"), Some(&Value::Int(4)));
    }

    #[test]
    fn floats_that_the_wire_cannot_say_are_refused() {
        assert_eq!(Value::float(f64::NAN), None);
        assert_eq!(Value::float(-0.0), Some(Value::Float(0.0)));
        assert!(!Value::Float(-0.0).is_encodable());
    }
}
