//! Snapshot files that a failing disk or an enemy left: opening, asking and verifying one never panics nor takes more
//! memory than it has bytes, whatever stands in it.
//!
//! Input: one byte that chooses how, then either the bytes of a file, or changes of a small file, each six bytes: place
//! (three, big-endian), how many bytes are changed, and the number that is put there (two, little-endian). After changes
//! of the second kind the checksums are made to fit.

#![no_main]

use std::sync::LazyLock;

use cidgraph::algorithm::Direction;
use cidgraph::pool::ComponentRegistry;
use cidgraph::snapshot::guarded;
use cidgraph::store::Head;
use cidgraph::{
    Cid, Criterion, Draft, EdgeEntity, EdgeId, GraphAggregate, GraphEvent, GraphId, GraphMetadata, GraphQuery,
    HashKind, Limits, NodeEntity, NodeId, NodeQuery, Snapshot,
};
use libfuzzer_sys::fuzz_target;

const PAGE: usize = 16384;

/// The file that changes are made to.
static FILE: LazyLock<Vec<u8>> = LazyLock::new(written);

fuzz_target!(|input: &[u8]| {
    let Some((how, rest)) = input.split_first() else { return };
    match how % 3 {
        0 => ask(rest),
        1 => ask(&changed(rest)),
        _ => ask(&summed_up(changed(rest))),
    }
});

/// Opens a file and asks it everything.
fn ask(bytes: &[u8]) {
    let Ok(snapshot) = Snapshot::copied(bytes) else { return };
    let model = snapshot.read(ComponentRegistry::default());
    let node = NodeId::from_u64(3);
    let (direction, edge_kind) = (Direction::Both, None);
    let queries = [
        GraphQuery::Node(node),
        GraphQuery::NodeByKey { kind: "Person".into(), key: 5.into() },
        GraphQuery::Edge(EdgeId::from_u64(9)),
        GraphQuery::Edge(EdgeId::engine_made(3, 1)),
        GraphQuery::Neighborhood { node, hops: 3, direction, edge_kind },
        GraphQuery::CheapestPath { source: node, target: NodeId::from_u64(6), direction, weight: "weight".into() },
        GraphQuery::Count(Criterion::above("Profile", "age", 3)),
        GraphQuery::Nodes(NodeQuery::of(Criterion::kind("Person"))),
        GraphQuery::TopologicalOrder,
        GraphQuery::StrongComponents,
        GraphQuery::LocalClustering { limit: 3 },
        GraphQuery::LabelPropagation { iterations_max: 3 },
        GraphQuery::Metrics,
    ];
    queries.iter().for_each(|query| drop(model.query(query)));
    guarded(|| model.state_hash()).ok();
    drop(snapshot.verify());
}

fn changed(changes: &[u8]) -> Vec<u8> {
    let mut file = FILE.clone();
    for [high, middle, low, len, number @ ..] in changes.as_chunks::<6>().0 {
        let at = u32::from_be_bytes([0, *high, *middle, *low]) as usize % file.len();
        let number = u64::from(u16::from_le_bytes(*number)).to_le_bytes();
        let len = usize::from(*len % 8 + 1).min(file.len() - at);
        file[at..at + len].copy_from_slice(&number[..len]);
    }
    file
}

/// Makes every checksum that of what it is of, where the tables can be found.
fn summed_up(mut file: Vec<u8>) -> Vec<u8> {
    let whole = |file: &[u8], at: usize| {
        let number = file.get(at..)?.first_chunk()?;
        usize::try_from(u64::from_le_bytes(*number)).ok()
    };
    let sum = |mut file: Vec<u8>| {
        let [pages, roots, table] = [168, 176, 184].map(|at| whole(&file, at));
        let (pages, roots, table) = (pages?, roots?, table?);
        let mut sums = Vec::new();
        for entry in (table..file.len()).step_by(32) {
            let (start, len) = (whole(&file, entry + 16)?, whole(&file, entry + 24)?);
            let section = file.get(start..start.checked_add(len)?)?;
            sums.extend(section.chunks(PAGE).flat_map(|page| crc32fast::hash(page).to_le_bytes()));
        }
        file.get_mut(pages..pages.checked_add(sums.len())?)?.copy_from_slice(&sums);
        let sums: Vec<u8> = sums.chunks(PAGE).flat_map(|page| crc32fast::hash(page).to_le_bytes()).collect();
        file.get_mut(roots..roots.checked_add(sums.len())?)?.copy_from_slice(&sums);
        let checksum = crc32fast::hash(&file[roots..]);
        file[248..252].copy_from_slice(&checksum.to_le_bytes());
        Some(file)
    };
    if let Some(summed) = sum(file.clone()) {
        file = summed;
    }
    let checksum = crc32fast::hash(&file[..252]);
    file[252..256].copy_from_slice(&checksum.to_le_bytes());
    file
}

/// Writes a small graph with everything in it.
fn written() -> Vec<u8> {
    let graph = GraphId::from_u64(1);
    let registry = ComponentRegistry::default();
    let (mut aggregate, reader) = GraphAggregate::fresh(graph, Limits::default(), registry.clone(), None);
    let node = |number: u64| {
        let node = NodeEntity { id: NodeId::from_u64(number), ..NodeEntity::keyed(graph, "Person", number as i64) };
        let age = [("age", number as i64), ("b", 1), ("c", 2), ("d", 3), ("e", 4)];
        node.with("Profile", age).with("Spatial", [("x", 1.5)].map(|(name, x)| (name, cidgraph::Value::Float(x))))
    };
    let edge = |number: u64| {
        let edge = EdgeEntity::new(NodeId::from_u64(number), "knows", NodeId::from_u64((number * 3 + 1) % 8));
        let id = number.is_multiple_of(2).then(|| EdgeId::from_u64(number + 9));
        EdgeEntity { id, ..edge.with_properties([("weight", number as i64)]) }
    };
    let events = [
        GraphEvent::GraphCreated { metadata: GraphMetadata::named("small") },
        GraphEvent::NodesAdded { nodes: (0..8).map(node).collect() },
        GraphEvent::EdgesConnected { edges: (0..8).map(edge).collect() },
    ];
    for (version, event) in (1..).zip(&events) {
        aggregate.apply(event, version).expect("it fits");
    }
    aggregate.publish(Head { version: 3, cid: Cid::from_digest(HashKind::Sha2_256, [7; 32]) }, 3);
    let file = std::env::temp_dir().join(format!("cidgraph-fuzz-{}.snapshot", std::process::id()));
    Snapshot::write(&reader.view(), &registry, &file).expect("the disk works");
    let bytes = std::fs::read(&file).expect("it was written");
    std::fs::remove_file(&file).expect("it was written");
    bytes
}
