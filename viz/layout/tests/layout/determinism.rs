//! The same graph and seed give the same positions: on any number of threads, in any order, in any steps.

use cidgraph_layout::{Layout, Place, Stage};
use rayon::ThreadPoolBuilder;

use crate::graphs::{Edges, free, grid, path, random, shifted, star, tree};

/// Components of many kinds and sizes, some nodes without edges.
fn mixed() -> (Edges, usize) {
    let mut edges = Vec::new();
    let mut first = 3;
    for part in [random(3000), grid(20), tree(127), star(300), path(40), path(2), path(2)] {
        edges.extend(shifted(&part, first));
        first += part.iter().flatten().max().expect("has edges") + 1;
    }
    (edges, first as usize + 5)
}

/// Hashes positions, bit by bit (FNV-1a).
fn hash(positions: &[[f32; 2]]) -> u64 {
    let bytes = positions.iter().flatten().flat_map(|coordinate| coordinate.to_bits().to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Lays out 40 iterations in steps of some.
fn hash_of(edges: &[[u32; 2]], places: &[Place], seed: u64, steps: u32) -> u64 {
    let mut layout = Layout::new(edges, places, seed).expect("the graph is good");
    while layout.progress().iterations < 40 && layout.step(steps).stage == Stage::Refining {}
    hash(layout.positions())
}

#[test]
fn the_number_of_threads_makes_no_difference() {
    let (edges, nodes) = mixed();
    let expected = hash_of(&edges, &free(nodes), 7, 40);
    for threads in [1, 2, 3, 8, 1, 2, 3, 8] {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        assert_eq!(pool.install(|| hash_of(&edges, &free(nodes), 7, 40)), expected, "{threads} threads");
    }
}

/// Also on another machine, of another kind: arithmetic is that of IEEE 754 alone.
#[test]
fn positions_are_what_they_were() {
    let (edges, nodes) = mixed();
    assert_eq!(hash_of(&edges, &free(nodes), 7, 40), 0x6bfa_df27_1651_e464);
}

#[test]
fn the_order_directions_and_repetitions_of_edges_make_no_difference() {
    let (edges, nodes) = mixed();
    let expected = hash_of(&edges, &free(nodes), 7, 40);
    let mut other: Edges = edges.iter().rev().map(|[source, target]| [*target, *source]).collect();
    other.extend_from_slice(&edges[..1000]);
    other.extend([[5, 5], [0, 0]]);
    assert_eq!(hash_of(&other, &free(nodes), 7, 40), expected);
}

#[test]
fn steps_make_no_difference() {
    let (edges, nodes) = mixed();
    let expected = hash_of(&edges, &free(nodes), 7, 40);
    for steps in [1, 8, 20] {
        assert_eq!(hash_of(&edges, &free(nodes), 7, steps), expected, "{steps} iterations a step");
    }
}

#[test]
fn places_that_are_given_keep_it_so() {
    let (edges, nodes) = mixed();
    let mut layout = Layout::new(&edges, &free(nodes), 7).expect("the graph is good");
    layout.step(40);
    let place = |(node, position): (usize, &[f32; 2])| match node % 40 {
        0 => Place::Free,
        1 => Place::Loose(*position),
        2 => Place::Fixed(*position),
        _ => Place::Kept(*position),
    };
    let places: Vec<Place> = layout.positions().iter().enumerate().map(place).collect();
    let expected = hash_of(&edges, &places, 7, 40);
    for threads in [1, 2, 3, 8] {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        assert_eq!(pool.install(|| hash_of(&edges, &places, 7, 8)), expected, "{threads} threads");
    }
}

#[test]
fn another_seed_gives_other_positions() {
    let (edges, nodes) = mixed();
    assert_ne!(hash_of(&edges, &free(nodes), 7, 40), hash_of(&edges, &free(nodes), 8, 40));
}
