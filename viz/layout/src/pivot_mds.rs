//! A first drawing of a connected graph by distances to some of its nodes: Brandes and Pich, "Eigensolver methods for
//! progressive multidimensional scaling of large data" (Graph Drawing 2006, LNCS 4372, 2007).
//!
//! Sums are taken in an order that does not depend on threads, and each axis is a function of the graph alone.

use rayon::prelude::*;

use crate::adjacency::{Adjacency, index};
use crate::cancel::CancelToken;
use crate::jitter::jitter;
use crate::point::{Point, single};

/// From how many nodes distances are measured.
const PIVOTS_MAX: usize = 50;

/// How often the two axes are improved, at most.
const POWER_ITERATIONS_MAX: usize = 500;

/// An axis that explains less than this part of the first one is noise.
const AXIS_MIN: f64 = 1e-5;

/// Nodes that one thread takes at a time.
const CHUNK: usize = 4096;

/// Returns a point for each node, about as far from others as paths are long; `None` once cancelled. Nodes that no
/// pivot tells apart get the same point.
pub(crate) fn pivot_mds(graph: &Adjacency, cancel: &CancelToken) -> Option<Vec<Point>> {
    let mut rows = pivot_distances(graph, cancel)?;
    centre_twice(&mut rows);
    if cancel.is_cancelled() {
        return None;
    }
    let axes = principal_axes(&gram(&rows));
    let spread = (count(graph.nodes()) / count(rows.len())).sqrt().sqrt();
    let points = (0..graph.nodes()).into_par_iter().with_min_len(CHUNK).map(|node| {
        let along =
            |axis: &[f64]| rows.iter().zip(axis).map(|(row, weight)| f64::from(row[node]) * weight).sum::<f64>();
        Point::of_wide([along(&axes[0]) * spread, along(&axes[1]) * spread])
    });
    Some(points.collect())
}

fn count(count: usize) -> f64 {
    f64::from(index(count))
}

/// Returns the squared distances from each pivot: each pivot is as far as can be from those before it.
fn pivot_distances(graph: &Adjacency, cancel: &CancelToken) -> Option<Vec<Vec<f32>>> {
    let mut nearest = vec![u32::MAX; graph.nodes()];
    let mut levels = vec![u32::MAX; graph.nodes()];
    let mut queue = Vec::with_capacity(graph.nodes());
    let mut rows = Vec::new();
    // The last node that a search reaches is farthest from where it began.
    let mut pivot = breadth_first(graph, 0, &mut levels, &mut queue);
    while rows.len() < PIVOTS_MAX {
        if cancel.is_cancelled() {
            return None;
        }
        breadth_first(graph, pivot, &mut levels, &mut queue);
        rows.push(levels.iter().map(|level| squared(*level)).collect());
        let mut farthest = 0;
        for (node, level) in (0..).zip(&levels) {
            let own = &mut nearest[node as usize];
            *own = (*own).min(*level);
            if nearest[node as usize] > nearest[farthest as usize] {
                farthest = node;
            }
        }
        if nearest[farthest as usize] == 0 {
            break;
        }
        pivot = farthest;
    }
    Some(rows)
}

fn squared(level: u32) -> f32 {
    single(f64::from(level) * f64::from(level))
}

/// Fills in the distance of each node from `start`, and returns the last node reached.
fn breadth_first(graph: &Adjacency, start: u32, levels: &mut [u32], queue: &mut Vec<u32>) -> u32 {
    levels.fill(u32::MAX);
    levels[start as usize] = 0;
    queue.clear();
    queue.push(start);
    let mut next = 0;
    while let Some(&node) = queue.get(next) {
        let level = levels[node as usize] + 1;
        for target in graph.neighbours(node) {
            if levels[*target as usize] == u32::MAX {
                levels[*target as usize] = level;
                queue.push(*target);
            }
        }
        next += 1;
    }
    queue[queue.len() - 1]
}

/// Takes from every entry the means of its row and its column, adds the mean of all, and halves the negative.
fn centre_twice(rows: &mut [Vec<f32>]) {
    let row_means: Vec<f64> =
        rows.par_iter().map(|row| row.iter().map(|entry| f64::from(*entry)).sum::<f64>() / count(row.len())).collect();
    let mean = row_means.iter().sum::<f64>() / count(rows.len());
    let column_means: Vec<f64> = (0..rows[0].len())
        .into_par_iter()
        .with_min_len(CHUNK)
        .map(|node| rows.iter().map(|row| f64::from(row[node])).sum::<f64>() / count(rows.len()))
        .collect();
    rows.par_iter_mut().zip(row_means).for_each(|(row, row_mean)| {
        for (entry, column_mean) in row.iter_mut().zip(&column_means) {
            *entry = single(-0.5 * (f64::from(*entry) - row_mean - column_mean + mean));
        }
    });
}

/// Returns the products of all pairs of rows.
fn gram(rows: &[Vec<f32>]) -> Vec<Vec<f64>> {
    rows.par_iter().map(|left| rows.iter().map(|right| dot(left, right)).collect()).collect()
}

/// Returns the product of two rows, summed in eight lanes.
fn dot(left: &[f32], right: &[f32]) -> f64 {
    let (left, left_rest) = left.as_chunks::<8>();
    let (right, right_rest) = right.as_chunks::<8>();
    let mut lanes = [0.0; 8];
    for (left, right) in left.iter().zip(right) {
        for ((lane, left), right) in lanes.iter_mut().zip(left).zip(right) {
            *lane += f64::from(*left) * f64::from(*right);
        }
    }
    let rest: f64 = left_rest.iter().zip(right_rest).map(|(left, right)| f64::from(*left) * f64::from(*right)).sum();
    lanes.iter().sum::<f64>() + rest
}

/// Returns the two eigenvectors of a symmetric matrix with the largest eigenvalues, by power iteration. Each is scaled
/// so that projections on it have the spread of classical scaling; one that explains next to nothing is zero.
fn principal_axes(matrix: &[Vec<f64>]) -> [Vec<f64>; 2] {
    let start = |seed| (0..index(matrix.len())).map(|row| f64::from(jitter(seed, row).x)).collect::<Vec<_>>();
    let (mut first, mut second) = (start(1), start(2));
    let (mut strongest, mut strong) = (normalize(&mut first), 0.0);
    for _ in 0..POWER_ITERATIONS_MAX {
        (first, second) = (product(matrix, &first), product(matrix, &second));
        let before = (strongest, strong);
        strongest = normalize(&mut first);
        let shared: f64 = first.iter().zip(&second).map(|(first, second)| first * second).sum();
        second.iter_mut().zip(&first).for_each(|(second, first)| *second -= shared * first);
        strong = normalize(&mut second);
        if (strongest - before.0).abs() + (strong - before.1).abs() <= 1e-9 * strongest {
            break;
        }
    }
    let scaled = |axis: Vec<f64>, eigenvalue: f64| {
        let is_noise = eigenvalue.sqrt() <= AXIS_MIN * strongest.sqrt();
        let factor = if is_noise { 0.0 } else { 1.0 / eigenvalue.sqrt().sqrt() };
        axis.into_iter().map(|entry| entry * factor).collect::<Vec<_>>()
    };
    [scaled(first, strongest), scaled(second, strong)]
}

fn product(matrix: &[Vec<f64>], vector: &[f64]) -> Vec<f64> {
    matrix.iter().map(|row| row.iter().zip(vector).map(|(entry, weight)| entry * weight).sum()).collect()
}

/// Makes a vector's length 1, unless it is zero, and returns what it was.
fn normalize(vector: &mut [f64]) -> f64 {
    let length = vector.iter().map(|entry| entry * entry).sum::<f64>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|entry| *entry /= length);
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(nodes: usize, edges: &[[u32; 2]]) -> Vec<Point> {
        pivot_mds(&Adjacency::of_edges(nodes, edges), &CancelToken::default()).expect("nobody cancels")
    }

    #[test]
    fn a_path_is_a_straight_line() {
        let edges: Vec<[u32; 2]> = (1..500).map(|node| [node - 1, node]).collect();
        let points = drawn(500, &edges);
        for (number, pair) in points.windows(2).enumerate() {
            let way = pair[1] - pair[0];
            let first = points[1] - points[0];
            assert!((way - first).length() < 0.01 * first.length(), "{number}: {way:?}");
        }
    }

    #[test]
    fn distances_on_a_ring_are_those_of_a_circle() {
        let edges: Vec<[u32; 2]> = (0..48).map(|node| [node, (node + 1) % 48]).collect();
        let radii: Vec<f32> = drawn(48, &edges).iter().map(|point| point.length()).collect();
        let (least, most) = radii.iter().fold((f32::MAX, 0.0_f32), |(low, high), r| (low.min(*r), high.max(*r)));
        assert!(most < 1.1 * least, "{least} to {most}");
    }

    #[test]
    fn whoever_cancels_gets_nothing() {
        let cancel = CancelToken::default();
        cancel.cancel();
        assert!(pivot_mds(&Adjacency::of_edges(2, &[[0, 1]]), &cancel).is_none());
    }
}
