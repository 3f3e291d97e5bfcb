//! A snapshot file is asked as the live graph is, and is the same whatever way its state came about.

use std::path::Path;

use cidgraph::aggregate::Rest;
use cidgraph::command::Limits;
use cidgraph::{
    Draft, GraphAggregate, GraphCommand, GraphEvent, GraphQuery, GraphReadModel, NodeEntity, NodeId, Snapshot,
};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::content::{GRAPH, commands, entity, queries, registry};
use crate::world::{World, head, played};

/// Writes what a model shows and returns the file's bytes.
pub fn bytes_of(model: &GraphReadModel) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("graph.snapshot");
    let info = Snapshot::write(model.view(), &registry(), &file).unwrap();
    let bytes = std::fs::read(&file).unwrap();
    assert_eq!(info.file_len, bytes.len() as u64);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "nothing else is left");
    bytes
}

/// Asks a live model and a file the same.
fn compare(live: &GraphReadModel, mapped: &GraphReadModel, queries: &[GraphQuery]) {
    assert_eq!(mapped.info(), live.info());
    assert_eq!((mapped.head(), mapped.timestamp_ns()), (live.head(), live.timestamp_ns()));
    assert_eq!((mapped.node_count(), mapped.edge_count()), (live.node_count(), live.edge_count()));
    assert_eq!(mapped.state_hash(), live.state_hash());
    for query in queries {
        assert_eq!(mapped.query(query), live.query(query), "{query:?}");
    }
}

/// Plays events in groups of `every`, with a rest at one version and a fold at another; before each group commands are
/// tried that are taken back, among them one with names that nothing else has.
fn replayed(events: &[GraphEvent], every: usize, refused: &[GraphCommand], rest_at: usize, fold_at: usize) -> Vec<u8> {
    let (mut aggregate, reader) = GraphAggregate::fresh(GRAPH, Limits::default(), registry(), None);
    let strange = |number: usize| {
        let node = NodeEntity::new(NodeId::from_u64(1 << 50), format!("Strange{number}"));
        GraphCommand::AddNode { node: node.with(format!("Odd{number}"), [("peculiar", 1)]) }
    };
    let mut version = 0;
    for (number, group) in events.chunks(every).enumerate() {
        for command in refused.iter().chain([&strange(number)]) {
            let before = aggregate.savepoint();
            for event in aggregate.decide(command).unwrap_or_default() {
                aggregate.apply(&event, version + 1).unwrap();
            }
            aggregate.roll_back(before);
        }
        for event in group {
            version += 1;
            aggregate.apply(event, version).unwrap();
        }
        aggregate.publish(head(version), version);
        if number == rest_at {
            aggregate.rest();
        }
        if number == fold_at {
            while aggregate.rest() == Rest::Again {
                std::thread::yield_now();
            }
        }
    }
    bytes_of(&GraphReadModel::new(reader.view(), registry()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_file_answers_as_the_live_graph(
        commands in vec(commands(), 1..80),
        queries in vec(queries(), 1..24),
        places in [0..100_usize, 0..100_usize],
    ) {
        let live = played(&commands, places[0], places[1]).model();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("graph.snapshot");
        let written = Snapshot::write(live.view(), &registry(), &file).unwrap();
        let mapped = Snapshot::map(&file).unwrap();
        assert_eq!(mapped.info(), &written);
        compare(&live, &mapped.read(registry()), &queries);
        mapped.verify().unwrap();
        let verified = Snapshot::open_verified(&file).unwrap();
        compare(&live, &verified.read(registry()), &queries);
        let again = bytes_of(&mapped.read(registry()));
        assert!(again == std::fs::read(&file).unwrap(), "a file of a file is the same file");
    }

    #[test]
    fn the_same_events_give_the_same_bytes(
        commands in vec(commands(), 1..60),
        refused in vec(commands(), 0..4),
        every in 1..20_usize,
        places in [0..60_usize, 0..60_usize, 0..60_usize, 0..60_usize],
    ) {
        let world = played(&commands, places[0], places[1]);
        let expected = bytes_of(&world.model());
        let other = replayed(&world.events, every, &refused, places[2], places[3]);
        assert!(other == expected, "{} and {} bytes", other.len(), expected.len());
    }
}

#[test]
fn a_graph_without_anything_has_a_file_too() {
    let model = World::new().model();
    let snapshot = Snapshot::copied(&bytes_of(&model)).unwrap();
    snapshot.verify().unwrap();
    compare(&model, &snapshot.read(registry()), &[GraphQuery::Metrics, GraphQuery::Node(entity(1).id)]);
}

#[test]
fn a_file_that_is_mapped_may_be_replaced_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("graph.snapshot");
    let mut world = World::new();
    Snapshot::write(world.model().view(), &registry(), &file).unwrap();
    let before = Snapshot::map(&file).unwrap().read(registry());
    world.command(&GraphCommand::AddNode { node: entity(1) });
    Snapshot::write(world.model().view(), &registry(), &file).unwrap();
    let after = Snapshot::map(&file).unwrap().read(registry());
    std::fs::remove_file(&file).unwrap();
    assert_eq!((before.node_count(), after.node_count()), (0, 1));
    assert_eq!((before.node(entity(1).id), after.node(entity(1).id).is_some()), (None, true));
    let missing = Snapshot::map(&file).unwrap_err().to_string();
    assert!(missing.contains("graph.snapshot"), "{missing}");
    assert!(Snapshot::write(world.model().view(), &registry(), Path::new("/nowhere/at/all")).is_err());
}
