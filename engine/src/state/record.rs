//! Canonical records: what the state hash, and a proof, say of a node, an edge and the graph as a whole.
//!
//! A record is a DAG-CBOR map of what an answer shows. It depends on nothing else: not on ordinals, nor on history but
//! for a node's version.

use crate::dag_cbor::{CodecError, Decoder, Encoder};
use crate::entity::{Component, GraphMetadata, Key};
use crate::id::{EdgeId, NodeId};
use crate::pool::Pool;
use crate::sha256::sha256_each;
use crate::topology::{EdgeIndex, NodeIndex};
use crate::value::Name;
use crate::view::NodeView;

use super::at::At;
use super::bucket::Entry;
use super::info::GraphInfo;

/// Records of nodes and edges, one after another, that are hashed together.
#[derive(Debug, Default)]
pub(super) struct Records {
    bytes: Vec<u8>,
    /// Whose record it is, and where it ends.
    ends: Vec<([u8; 16], usize)>,
}

impl Records {
    /// Adds a node's.
    pub(super) fn node(&mut self, at: At<'_>, node: NodeIndex) {
        write_node(at, node, &mut self.bytes);
        self.ends.push((*at.node_id(node).as_bytes(), self.bytes.len()));
    }

    /// Adds an edge's, given its ends.
    pub(super) fn edge(&mut self, at: At<'_>, edge: EdgeIndex, source: NodeIndex, target: NodeIndex) {
        let id = at.edge_id(edge);
        write_edge(at, edge, id, (source, target), &mut self.bytes);
        self.ends.push((*id.as_bytes(), self.bytes.len()));
    }

    /// Returns how many there are.
    pub(super) const fn len(&self) -> usize {
        self.ends.len()
    }

    /// Takes all out: each one's id and hash, in the order in which they were added.
    pub(super) fn take_entries(&mut self) -> Vec<Entry> {
        let mut start = 0;
        let messages = self.ends.iter().map(|(_, end)| &self.bytes[std::mem::replace(&mut start, *end)..*end]);
        let hashes = sha256_each(&messages.collect::<Vec<_>>());
        let entries = self.ends.iter().zip(hashes).map(|(&(id, _), record)| Entry { id, record }).collect();
        self.bytes.clear();
        self.ends.clear();
        entries
    }
}

/// Appends a node's record.
fn write_node(at: At<'_>, node: NodeIndex, out: &mut Vec<u8>) {
    let pool = at.pool();
    let (id, key) = (at.node_id(node), at.node_key(node));
    let mut encoder = Encoder::new(out);
    write_names(&mut encoder, id, key.as_ref(), pool.names().get(at.node_kind(node)), at.node_version(node));
    let components = pool.components(at.node_set(node));
    encoder.map(components.len());
    for component in components {
        encoder.text(pool.names().get(pool.component_type(component)));
        write_properties(pool, component, &mut encoder);
    }
}

/// Returns the record of a node as answers show it.
pub fn node_record(node: &NodeView) -> Vec<u8> {
    let mut record = Vec::new();
    let mut encoder = Encoder::new(&mut record);
    write_names(&mut encoder, node.id, node.key.as_ref(), &node.kind, node.version);
    encoder.map(node.components.len());
    for component in &node.components {
        encoder.text(&component.component_type);
        encoder.properties(&component.properties);
    }
    record
}

/// Reads a node's record.
///
/// # Errors
/// Where the bytes are not exactly one record.
pub fn read_node_record(record: &[u8]) -> Result<NodeView, CodecError> {
    let mut input = Decoder::new(record);
    let entries = input.map()?;
    input.key("id")?;
    let id = NodeId::from_bytes(input.bytes16()?);
    let key = match (input.take_key("key"), input.next_is_int()) {
        (false, _) => None,
        (true, true) => Some(Key::Number(input.int()?)),
        (true, false) => Some(Key::from(input.text()?)),
    };
    input.key("kind")?;
    let kind = Name::new(input.text()?);
    input.key("version")?;
    let version = input.uint()?;
    input.key("components")?;
    let mut components: Vec<Component> = Vec::new();
    for _ in 0..input.map()? {
        let last = components.last().map(|component| component.component_type.as_str());
        let component_type = Name::new(input.name_after(last)?);
        components.push(Component { component_type, properties: input.properties()? });
    }
    input.finish()?;
    if entries != 4 + usize::from(key.is_some()) {
        return Err(input.error("as many entries as announced"));
    }
    Ok(NodeView { id, key, kind, version, components })
}

/// Appends the record of an edge with this id between these nodes.
fn write_edge(at: At<'_>, edge: EdgeIndex, id: EdgeId, (source, target): (NodeIndex, NodeIndex), out: &mut Vec<u8>) {
    let mut encoder = Encoder::new(out);
    encoder.map(5);
    encoder.text("id");
    encoder.bytes(id.as_bytes());
    encoder.text("kind");
    encoder.text(at.pool().names().get(at.edge_kind(edge)));
    encoder.text("source");
    encoder.bytes(at.node_id(source).as_bytes());
    encoder.text("target");
    encoder.bytes(at.node_id(target).as_bytes());
    encoder.text("properties");
    match at.edge_properties(edge) {
        Some(properties) => write_properties(at.pool(), properties, &mut encoder),
        None => encoder.map(0),
    }
}

/// Returns the record of the graph as a whole.
pub(super) fn graph_record(info: &GraphInfo) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut out = Encoder::new(&mut bytes);
    let GraphMetadata { name, domain, properties } = info.metadata.clone().unwrap_or_default();
    out.map(5);
    out.text("id");
    out.bytes(info.graph.as_bytes());
    out.text("name");
    out.text(&name);
    out.text("domain");
    out.text(&domain);
    out.text("archived");
    match &info.archived {
        Some(reason) => out.text(reason),
        None => out.null(),
    }
    out.text("properties");
    out.properties(&properties);
    bytes
}

/// Writes a node's entries up to the key of its components, whose map follows.
fn write_names(out: &mut Encoder<'_>, id: NodeId, key: Option<&Key>, kind: &str, version: u64) {
    out.map(if key.is_some() { 5 } else { 4 });
    out.text("id");
    out.bytes(id.as_bytes());
    match key {
        None => {}
        Some(Key::Number(number)) => {
            out.text("key");
            out.int(*number);
        }
        Some(Key::Text(text)) => {
            out.text("key");
            out.text(text);
        }
    }
    out.text("kind");
    out.text(kind);
    out.text("version");
    out.uint(version);
    out.text("components");
}

fn write_properties(pool: &Pool, component: crate::pool::ComponentId, out: &mut Encoder<'_>) {
    out.map(pool.entries(component).count());
    for (property, value) in pool.entries(component) {
        out.text(pool.names().get(property));
        out.canonical(pool.value_bytes(value));
    }
}
