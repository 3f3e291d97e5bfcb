//! What a snapshot file says of itself.

use std::sync::Arc;

use crate::dag_cbor::{CodecError, Decoder, Encoder};
use crate::entity::GraphMetadata;
use crate::id::GraphId;
use crate::sections::{Section, SectionKind};
use crate::state::{GraphInfo, SinceCheckpoint};
use crate::store::Head;
use crate::value::Name;

use super::header::Header;

/// What a snapshot file is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotInfo {
    /// The graph.
    pub graph: GraphId,
    /// The version from which on the file answers; its own in a file of one version.
    pub from: u64,
    /// The last event's version and CID; none before the first.
    pub head: Option<Head>,
    /// The last event's time, nanoseconds since the Unix epoch.
    pub timestamp_ns: u64,
    /// The hash of the state.
    pub state_hash: [u8; 32],
    /// Nodes; in a file of several versions all that there were at one or another.
    pub node_count: u64,
    /// Edges, likewise.
    pub edge_count: u64,
    /// The length of the file, bytes.
    pub file_len: u64,
    /// The sections in the order in which they stand.
    pub sections: Vec<SectionInfo>,
}

/// A section of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SectionInfo {
    /// What it holds; `unknown` where this version does not know.
    pub name: &'static str,
    /// How many elements it has.
    pub count: u64,
    /// The bits that each takes.
    pub width: u32,
    /// Its length, bytes.
    pub length: u64,
}

impl SnapshotInfo {
    pub(super) fn new<'a>(header: &Header, sections: impl Iterator<Item = &'a Section>) -> Self {
        Self {
            graph: header.graph,
            from: header.from,
            head: header.head.map(|cid| Head { version: header.to, cid }),
            timestamp_ns: header.timestamp_ns,
            state_hash: header.state_hash,
            node_count: header.nodes,
            edge_count: header.edges,
            file_len: header.file_len,
            sections: sections.map(section_info).collect(),
        }
    }

    /// Returns the version, 0 before the first event.
    pub fn version(&self) -> u64 {
        self.head.map_or(0, |head| head.version)
    }
}

fn section_info(section: &Section) -> SectionInfo {
    let kind = SectionKind::ALL.iter().find(|kind| **kind as u32 == section.kind);
    SectionInfo {
        name: kind.map_or("unknown", |kind| kind.name()),
        count: section.count,
        width: section.width,
        length: section.length,
    }
}

/// Writes what is known of a graph as a whole, as a DAG-CBOR map.
pub(super) fn write_info(info: &GraphInfo, checkpoint: SinceCheckpoint) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut out = Encoder::new(&mut bytes);
    out.map(3);
    write_known(info, &mut out);
    let SinceCheckpoint { version, event, changes } = checkpoint;
    out.text("checkpoint");
    out.map(3);
    for (key, number) in [("event", event), ("changes", changes), ("version", version)] {
        out.text(key);
        out.uint(number);
    }
    bytes
}

/// Writes what was known of a graph as a whole at one time and another, as a DAG-CBOR array of maps.
pub(super) fn write_infos(infos: &[Arc<GraphInfo>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut out = Encoder::new(&mut bytes);
    out.list(infos.len());
    for info in infos {
        out.map(2);
        write_known(info, &mut out);
    }
    bytes
}

fn write_known(info: &GraphInfo, out: &mut Encoder<'_>) {
    out.text("archived");
    match &info.archived {
        Some(reason) => out.text(reason),
        None => out.null(),
    }
    out.text("metadata");
    match &info.metadata {
        None => out.null(),
        Some(GraphMetadata { name, domain, properties }) => {
            out.map(3);
            out.text("name");
            out.text(name);
            out.text("domain");
            out.text(domain);
            out.text("properties");
            out.properties(properties);
        }
    }
}

/// Reads what [`write_info`] wrote.
pub(super) fn read_info(graph: GraphId, bytes: &[u8]) -> Result<(GraphInfo, SinceCheckpoint), CodecError> {
    let mut input = Decoder::new(bytes);
    input.map_of(3, "what is known of a graph")?;
    let info = read_known(graph, &mut input)?;
    input.key("checkpoint")?;
    input.map_of(3, "what has happened since a checkpoint")?;
    input.key("event")?;
    let event = input.uint()?;
    input.key("changes")?;
    let changes = input.uint()?;
    input.key("version")?;
    let version = input.uint()?;
    input.finish()?;
    Ok((info, SinceCheckpoint { version, event, changes }))
}

/// Reads what [`write_infos`] wrote.
pub(super) fn read_infos(graph: GraphId, bytes: &[u8]) -> Result<Vec<Arc<GraphInfo>>, CodecError> {
    let mut input = Decoder::new(bytes);
    let count = input.list()?;
    let mut infos = Vec::new();
    for _ in 0..count {
        input.map_of(2, "what was known of a graph")?;
        infos.push(Arc::new(read_known(graph, &mut input)?));
    }
    input.finish()?;
    Ok(infos)
}

fn read_known(graph: GraphId, input: &mut Decoder<'_>) -> Result<GraphInfo, CodecError> {
    input.key("archived")?;
    let archived = if input.take_null() { None } else { Some(Name::new(input.text()?)) };
    input.key("metadata")?;
    let metadata = if input.take_null() { None } else { Some(read_metadata(input)?) };
    Ok(GraphInfo { graph, metadata, archived })
}

fn read_metadata(input: &mut Decoder<'_>) -> Result<GraphMetadata, CodecError> {
    input.map_of(3, "a graph's metadata")?;
    input.key("name")?;
    let name = Name::new(input.text()?);
    input.key("domain")?;
    let domain = Name::new(input.text()?);
    input.key("properties")?;
    Ok(GraphMetadata { name, domain, properties: input.properties()? })
}
