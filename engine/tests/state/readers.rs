//! Readers at a fixed stamp while the writer appends: their answers never change.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Barrier};

use cidgraph::pool::{Names, Pool, PoolBase, SetId};
use cidgraph::state::{At, Base, Generation, fold};
use cidgraph::topology::{EdgeIndex, NewEdgeRow, NodeIndex, Stamp};
use cidgraph::{EdgeId, NodeEntity, NodeId};

use crate::content::info;

const NODES: u32 = 500;
const VERSIONS: Stamp = 2000;
const ROWS_A_VERSION: u32 = 100;

fn entity(node: u32) -> NodeEntity {
    NodeEntity::new(NodeId::from_u64(node.into()), "Person")
}

fn edge(number: u32, birth: Stamp, index: u32, nodes: u32) -> NewEdgeRow {
    let (source, target) = (number % nodes, number.wrapping_mul(7919) % nodes);
    let caller_id = number.is_multiple_of(10).then(|| EdgeId::from_u64(number.into()));
    let (source, target) = (NodeIndex::from(source), NodeIndex::from(target));
    NewEdgeRow { source, target, kind: 0, birth, index, properties: 0, caller_id }
}

/// Makes a generation with a base of nodes and edges and one version since.
fn generation() -> Generation {
    let names = Arc::new(Names::new());
    let kind = names.intern("Person");
    let first =
        Generation::new(Arc::new(Base::default()), Arc::new(Pool::new(names.clone(), Arc::new(PoolBase::new()))));
    for node in 0..NODES {
        first.add_node(&entity(node), kind, SetId::EMPTY, 1);
    }
    for number in 0..NODES * 4 {
        first.add_edge(edge(number, 1, number, NODES));
    }
    let folded = fold(first.at(1), first.extent());
    let second = Generation::new(folded.base, Arc::new(Pool::new(names, folded.pool)));
    append(&second, 1);
    second
}

/// Appends a version: a node, edges, a change and deaths; every third version a draft that is taken back before it.
fn append(generation: &Generation, stamp: Stamp) {
    let kind = generation.pool().names().find("Person").unwrap();
    let nodes = generation.at(stamp).node_bound();
    let extent = generation.extent();
    let rows = |from: u32, count: u32| {
        let ordinals = u32::try_from(nodes).unwrap();
        for index in 0..count {
            generation.add_edge(edge(from + index, stamp, index, ordinals));
        }
    };
    let number = NODES * 4 + stamp * ROWS_A_VERSION;
    if stamp.is_multiple_of(3) {
        generation.add_node(&entity(NODES + stamp), kind, SetId::EMPTY, stamp);
        rows(number + 50, 20);
        generation.void(extent, stamp - 1);
    }
    let node = generation.add_node(&entity(NODES + stamp), kind, SetId::EMPTY, stamp);
    rows(number, ROWS_A_VERSION);
    let chosen = NodeIndex::from(stamp * 13 % NODES);
    generation.change_node(chosen, SetId::EMPTY, stamp);
    generation.set_edge_death(EdgeIndex::from(stamp * 31 % (NODES * 4)), stamp);
    if stamp.is_multiple_of(50) {
        generation.set_node_death(node, stamp);
    }
}

/// Reads everything about a few nodes and edges.
fn answers(at: At<'_>) -> Vec<String> {
    let ids = (0..NODES + 20).step_by(7).map(|node| NodeId::from_u64(node.into()));
    let mut answers: Vec<String> = ids
        .map(|id| {
            let node = at.find_node(id);
            let view = node.map(|node| at.node_view(node));
            let edges = node.map(|node| at.outgoing(node).chain(at.incoming(node)).collect::<Vec<_>>());
            format!("{view:?} {edges:?}")
        })
        .collect();
    let made = (0..200).map(|index| EdgeId::engine_made(1 + u64::from(index % 3), index));
    let called = (0..3000).step_by(10).map(EdgeId::from_u64);
    answers.extend(made.chain(called).map(|id| format!("{:?}", at.find_edge(id).map(|edge| at.edge_view(edge)))));
    answers
}

#[test]
fn answers_at_a_stamp_never_change_while_the_writer_appends() {
    let generation = generation();
    let expected = answers(generation.at(1));
    let at_base = answers(generation.at(0));
    let done = AtomicBool::new(false);
    let start = Barrier::new(3);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                start.wait();
                while !done.load(Ordering::Acquire) {
                    assert_eq!(answers(generation.at(1)), expected);
                    assert_eq!(answers(generation.at(0)), at_base);
                }
            });
        }
        start.wait();
        (2..=VERSIONS).for_each(|stamp| append(&generation, stamp));
        done.store(true, Ordering::Release);
    });
    assert!(generation.row_count() > 200_000);
    assert_eq!(answers(generation.at(1)), expected);
    assert_eq!(answers(generation.at(0)), at_base);
}

#[test]
fn what_is_published_is_whole_at_once() {
    let generation = generation();
    let published = AtomicU32::new(1);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut stamp = 1;
                while stamp < VERSIONS {
                    stamp = published.load(Ordering::Acquire);
                    let at = generation.at(stamp);
                    let newest = at.find_node(entity(NODES + stamp).id);
                    assert_eq!(newest.is_some(), !stamp.is_multiple_of(50));
                    assert_eq!(at.find_node(entity(NODES + stamp + 1).id), None);
                    let version = at.version();
                    let number = |index| NODES * 4 + stamp * ROWS_A_VERSION + index;
                    for index in 0..ROWS_A_VERSION {
                        let id = match number(index) {
                            called if called.is_multiple_of(10) => EdgeId::from_u64(called.into()),
                            _ => EdgeId::engine_made(version, index),
                        };
                        let found = at.find_edge(id).unwrap();
                        assert_eq!(at.edge_id(found), id);
                        let source = at.edge_ends(found).0;
                        assert!(at.outgoing(source).any(|step| step.edge == found));
                    }
                    assert_eq!(at.find_edge(EdgeId::engine_made(version + 1, 1)), None);
                }
            });
        }
        for stamp in 2..=VERSIONS {
            append(&generation, stamp);
            published.store(stamp, Ordering::Release);
        }
    });
}

#[test]
fn a_callers_id_leads_to_no_row_before_it_is_there() {
    const EDGES: u32 = 200_000;
    let generation = generation();
    let written = AtomicU32::new(0);
    let id = |number: u32| EdgeId::from_u64(1_000_000 + u64::from(number));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut number = 0;
            while number < EDGES {
                assert_eq!(generation.at(1).find_edge(id(number)), None, "nothing of it is published");
                number = number.max(written.load(Ordering::Relaxed));
            }
        });
        for number in 0..EDGES {
            generation.add_edge(NewEdgeRow { caller_id: Some(id(number)), ..edge(number, 2, number, NODES) });
            written.store(number + 1, Ordering::Relaxed);
        }
    });
}

#[test]
fn a_fold_beside_the_writer_is_the_fold_at_rest() {
    let generation = generation();
    let extent = generation.extent();
    let expected = format!("{:?}", fold(generation.at(1), extent));
    let hash = generation.at(1).state_hash(&info());
    let done = AtomicBool::new(false);
    let start = Barrier::new(2);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            start.wait();
            while !done.load(Ordering::Acquire) {
                assert_eq!(format!("{:?}", fold(generation.at(1), extent)), expected);
                assert_eq!(generation.at(1).state_hash(&info()), hash);
            }
        });
        start.wait();
        (2..=VERSIONS).for_each(|stamp| append(&generation, stamp));
        done.store(true, Ordering::Release);
    });
}
