//! Pictures that show what a graph is: unfolded, round, apart, and better after the refinement than before.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use flate2::read::GzDecoder;

use crate::graphs::{Edges, finished, free, grid, path, random, seeded, shifted, star, tree};
use crate::measures::{distance, mean_length, preserved, stress};

#[test]
fn a_path_is_unfolded() {
    let positions = finished(&path(200), &free(200));
    let stress = stress(&path(200), &positions, 1);
    assert!(stress < 0.01, "{stress}");
    assert!(preserved(&path(200), &positions, 1) > 0.98);
    assert!(distance(positions[0], positions[199]) > 180.0);
}

#[test]
fn a_grid_is_unfolded() {
    let positions = finished(&grid(20), &free(400));
    let stress = stress(&grid(20), &positions, 1);
    assert!(stress < 0.05, "{stress}");
    let preserved = preserved(&grid(20), &positions, 1);
    assert!(preserved > 0.95, "{preserved}");
}

#[test]
fn a_star_is_round() {
    let positions = finished(&star(41), &free(41));
    let lengths: Vec<f64> = (1..41).map(|leaf| distance(positions[0], positions[leaf])).collect();
    assert!(lengths.iter().all(|length| (0.5..1.4).contains(length)), "{lengths:?}");
    // Leaves in each eighth of the circle around the centre.
    let eighth = |leaf: &[f32; 2]| {
        let [x, y] = [leaf[0] - positions[0][0], leaf[1] - positions[0][1]];
        (x > 0.0, y > 0.0, x.abs() > y.abs())
    };
    let eighths: BTreeSet<_> = positions[1..].iter().map(eighth).collect();
    assert_eq!(eighths.len(), 8);
}

#[test]
fn leaves_of_a_tree_are_apart() {
    let positions = finished(&tree(255), &free(255));
    let nearest = |node: usize| {
        let others = (0..255).filter(|other| *other != node);
        others.map(|other| distance(positions[node], positions[other])).fold(f64::MAX, f64::min)
    };
    let least = (0..255).map(nearest).fold(f64::MAX, f64::min);
    assert!(least > 0.1, "{least}");
}

#[test]
fn the_mean_length_of_edges_is_1_after_every_step() {
    let edges = [random(300), shifted(&grid(5), 300), shifted(&star(9), 325)].concat();
    let mut layout = cidgraph_layout::Layout::new(&edges, &free(340), 7).expect("the graph is good");
    for _ in 0..5 {
        layout.step(7);
        let length = mean_length(&edges, layout.positions());
        assert!((length - 1.0).abs() < 1e-3, "{length}");
    }
}

#[test]
fn components_do_not_overlap() {
    let parts = [grid(12), random(200), tree(63), star(30), path(20), path(2), path(2), grid(3)];
    let (mut edges, mut first) = (Vec::new(), 0);
    let mut ranges = Vec::new();
    for part in &parts {
        let nodes = part.iter().flatten().max().expect("has edges") + 1;
        edges.extend(shifted(part, first));
        ranges.push(first as usize..(first + nodes) as usize);
        first += nodes;
    }
    ranges.extend((first as usize..first as usize + 7).map(|node| node..node + 1));
    let mut layout = cidgraph_layout::Layout::new(&edges, &free(first as usize + 7), 7).expect("the graph is good");
    for _ in 0..4 {
        layout.step(50);
        let boxes: Vec<[f32; 4]> = ranges
            .iter()
            .map(|range| {
                let points = &layout.positions()[range.clone()];
                let low = |axis: usize| points.iter().map(|point| point[axis]).fold(f32::MAX, f32::min);
                let high = |axis: usize| points.iter().map(|point| point[axis]).fold(f32::MIN, f32::max);
                [low(0), low(1), high(0), high(1)]
            })
            .collect();
        for (number, a) in boxes.iter().enumerate() {
            for b in &boxes[..number] {
                assert!(a[2] < b[0] || b[2] < a[0] || a[3] < b[1] || b[3] < a[1], "{a:?} and {b:?} overlap");
            }
        }
    }
}

#[test]
fn refinement_makes_a_random_graph_better() {
    let edges = random(1000);
    let (before, after) = (seeded(&edges, &free(1000)), finished(&edges, &free(1000)));
    let stresses = [&before, &after].map(|positions| stress(&edges, positions, 5));
    assert!(stresses[1] < stresses[0], "{stresses:?}");
}

/// Returns the edges of the e-mail network, whose lines are a sender, a receiver and a time.
fn email() -> Option<Edges> {
    let fallback = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data"));
    let folder = std::env::var_os("CIDGRAPH_DATA").map_or_else(fallback, PathBuf::from);
    let path = folder.join("email-Eu-core-temporal.txt.gz");
    if !path.exists() {
        assert!(std::env::var_os("CI").is_none(), "{} is missing", path.display());
        eprintln!("skipped: {} is missing", path.display());
        return None;
    }
    let mut numbers = BTreeMap::new();
    let mut edges = BTreeSet::new();
    for line in BufReader::new(GzDecoder::new(File::open(path).expect("opens"))).lines() {
        let line = line.expect("is text");
        let ends: Vec<u32> = line
            .split(' ')
            .take(2)
            .map(|name| {
                let next = u32::try_from(numbers.len()).expect("few nodes");
                *numbers.entry(name.to_owned()).or_insert(next)
            })
            .collect();
        edges.insert([ends[0].min(ends[1]), ends[0].max(ends[1])]);
    }
    assert_eq!((numbers.len(), edges.len()), (986, 16_064));
    Some(edges.into_iter().collect())
}

#[test]
fn refinement_makes_the_email_network_better() {
    let Some(edges) = email() else { return };
    let (before, after) = (seeded(&edges, &free(986)), finished(&edges, &free(986)));
    let stresses = [&before, &after].map(|positions| stress(&edges, positions, 1));
    assert!(stresses[1] < 0.8 * stresses[0], "{stresses:?}");
}
