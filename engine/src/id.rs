//! The identifiers: sixteen bytes each, one type per noun, never mixed up.
//!
//! Derived ids are UUIDv5 (RFC 9562, section 5.5), so that the same input gives the same id on every machine.
//! Nothing here draws a random number: fresh ids come from the caller's [`Ids`](crate::Ids).

use std::fmt;
use std::str::FromStr;

use sha1::{Digest, Sha1};
use uuid::{Builder, Uuid};

/// Text that is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no {noun} id: expected a UUID such as 67e55044-10b1-426f-9247-bb680e5fe0c8")]
pub struct InvalidId {
    /// What the id was to name, `node` for example.
    pub noun: &'static str,
    /// The text that was given, at most its first 64 characters.
    pub text: String,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $noun:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// Makes an id of its sixteen bytes.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// Returns the sixteen bytes.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }

            /// Makes an id of a number, big-endian in the last eight bytes; for tests and examples.
            pub const fn from_u64(number: u64) -> Self {
                Self((number as u128).to_be_bytes())
            }

            /// Derives the id that `name` has below `namespace` (UUIDv5, RFC 9562).
            pub fn derive(namespace: &[u8; 16], name: &[u8]) -> Self {
                Self(uuid_v5(namespace, name))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&Uuid::from_bytes(self.0), f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Uuid::try_parse(text)
                    .map(|uuid| Self(*uuid.as_bytes()))
                    .map_err(|_| InvalidId { noun: $noun, text: text.chars().take(64).collect() })
            }
        }
    };
}

id!(
    /// Names one event stream: a graph, an order, any aggregate.
    AggregateId, "aggregate"
);
id!(
    /// Names a graph.
    GraphId, "graph"
);
id!(
    /// Names a node within its graph.
    NodeId, "node"
);
id!(
    /// Names a command; sending one again returns its first answer.
    CommandId, "command"
);
id!(
    /// Names an event.
    EventId, "event"
);
id!(
    /// Names the events that are applied whole or not at all.
    TransactionId, "transaction"
);
id!(
    /// Ties together all that came of one request.
    CorrelationId, "correlation"
);
id!(
    /// Names the command or event that brought an event about.
    CausationId, "causation"
);
id!(
    /// Names an edge within its graph.
    EdgeId, "edge"
);

/// Makes a UUIDv5 (RFC 9562, section 5.5) with the processor's SHA instructions, which the `uuid` crate's own does not
/// use: every event has an id of this kind.
fn uuid_v5(namespace: &[u8; 16], name: &[u8]) -> [u8; 16] {
    let digest = Sha1::new().chain_update(namespace).chain_update(name).finalize();
    let bytes = digest.first_chunk::<16>().expect("SHA-1 gives twenty bytes");
    *Builder::from_sha1_bytes(*bytes).as_uuid().as_bytes()
}

impl From<GraphId> for AggregateId {
    fn from(graph: GraphId) -> Self {
        Self(graph.0)
    }
}

impl From<AggregateId> for GraphId {
    fn from(aggregate: AggregateId) -> Self {
        Self(aggregate.0)
    }
}

impl From<CommandId> for TransactionId {
    fn from(command: CommandId) -> Self {
        Self(command.0)
    }
}

impl From<CommandId> for CorrelationId {
    fn from(command: CommandId) -> Self {
        Self(command.0)
    }
}

impl From<CommandId> for CausationId {
    fn from(command: CommandId) -> Self {
        Self(command.0)
    }
}

impl From<EventId> for CausationId {
    fn from(event: EventId) -> Self {
        Self(event.0)
    }
}

impl GraphId {
    /// Derives the id of the graph called `name`, so that a graph can be named instead of numbered.
    pub fn named(name: &str) -> Self {
        Self::derive(&GRAPH_NAMESPACE, name.as_bytes())
    }
}

/// The namespace of [`GraphId::named`]: UUIDv5 of the URL namespace and `cidgraph:graph`.
const GRAPH_NAMESPACE: [u8; 16] =
    [0x1c, 0x3b, 0x5f, 0x0a, 0x2d, 0x7e, 0x5c, 0x11, 0x9a, 0x4e, 0x63, 0x69, 0x64, 0x67, 0x72, 0x66];

impl EventId {
    /// Derives the id of event number `index` of a command (UUIDv5 over the index, big-endian).
    pub fn of_command(command: CommandId, index: u32) -> Self {
        Self::derive(&command.0, &index.to_be_bytes())
    }
}

/// The largest event index that an engine-made edge id can hold.
pub const EDGE_INDEX_MAX: u32 = (1 << 28) - 1;

/// The bits that tell an engine-made edge id from a caller's: UUID version 8 (RFC 9562), variant, and a tag.
const ENGINE_EDGE_TAG: u16 = 0xed6e;

impl EdgeId {
    /// Makes the id of edge number `index` within the event at `version` of its graph.
    ///
    /// Layout of the UUIDv8: version in bits 0..48, `8` in 48..52, the index's top 12 bits in 52..64, the variant `10`
    /// in 64..66, zeros in 66..96, the index's low 16 bits in 96..112, a tag in 112..128.
    ///
    /// # Panics
    /// Where `version` needs more than 48 bits or `index` exceeds [`EDGE_INDEX_MAX`].
    pub fn engine_made(version: u64, index: u32) -> Self {
        assert!(version < 1 << 48, "a version needs more than 48 bits");
        assert!(index <= EDGE_INDEX_MAX, "an edge index needs more than 28 bits");
        let high = version << 16 | 0x8000 | u64::from(index >> 16);
        let low = 0x8000_0000_0000_0000 | u64::from(index & 0xffff) << 16 | u64::from(ENGINE_EDGE_TAG);
        Self((u128::from(high) << 64 | u128::from(low)).to_be_bytes())
    }

    /// Returns the (version, index) that this id was made of, or `None` for a caller's id.
    pub fn as_engine_made(&self) -> Option<(u64, u32)> {
        let number = u128::from_be_bytes(self.0);
        let version = u64::try_from(number >> 80).expect("48 bits fit in 64");
        let high = u32::try_from(number >> 64 & 0x0fff).expect("12 bits fit in 32");
        let low = u32::try_from(number >> 16 & 0xffff).expect("16 bits fit in 32");
        let index = high << 16 | low;
        (Self::engine_made(version, index) == *self).then_some((version, index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engine_made_edge_ids_give_back_what_they_were_made_of() {
        for (version, index) in [(1, 0), (7, 9999), ((1 << 48) - 1, EDGE_INDEX_MAX), (1 << 20, 0x1_0000)] {
            let id = EdgeId::engine_made(version, index);
            assert_eq!(id.as_engine_made(), Some((version, index)));
            assert_eq!(Uuid::from_bytes(*id.as_bytes()).get_version_num(), 8);
        }
        assert_eq!(EdgeId::from_u64(5).as_engine_made(), None);
    }

    #[test]
    fn derived_ids_are_the_uuids_of_version_5() {
        for (namespace, name) in [([0; 16], "".as_bytes()), ([7; 16], b"alice"), ([255; 16], &[3; 200])] {
            let expected = Uuid::new_v5(&Uuid::from_bytes(namespace), name);
            assert_eq!(NodeId::derive(&namespace, name).as_bytes(), expected.as_bytes());
        }
    }

    #[test]
    fn ids_are_shown_and_read_as_uuids() {
        let id = NodeId::derive(&[7; 16], b"alice");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!("alice".parse::<NodeId>().is_err());
    }
}
