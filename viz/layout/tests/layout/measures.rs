//! How good a layout is.

use std::collections::VecDeque;

pub(crate) fn distance(a: [f32; 2], b: [f32; 2]) -> f64 {
    let [x, y] = [f64::from(a[0]) - f64::from(b[0]), f64::from(a[1]) - f64::from(b[1])];
    (x * x + y * y).sqrt()
}

pub(crate) fn mean_length(edges: &[[u32; 2]], positions: &[[f32; 2]]) -> f64 {
    let length = |[a, b]: &[u32; 2]| distance(positions[*a as usize], positions[*b as usize]);
    let edges = edges.iter().filter(|[a, b]| a != b);
    edges.clone().map(length).sum::<f64>() / edges.count() as f64
}

fn neighbours(nodes: usize, edges: &[[u32; 2]]) -> Vec<Vec<usize>> {
    let mut neighbours = vec![Vec::new(); nodes];
    for [a, b] in edges.iter().map(|ends| ends.map(|node| node as usize)) {
        neighbours[a].push(b);
        neighbours[b].push(a);
    }
    neighbours
}

fn levels(neighbours: &[Vec<usize>], start: usize) -> Vec<Option<u32>> {
    let mut levels = vec![None; neighbours.len()];
    levels[start] = Some(0);
    let mut queue = VecDeque::from([(start, 0)]);
    while let Some((node, level)) = queue.pop_front() {
        for next in &neighbours[node] {
            if levels[*next].is_none() {
                levels[*next] = Some(level + 1);
                queue.push_back((*next, level + 1));
            }
        }
    }
    levels
}

/// Returns the normalized stress at the best scale, from 0 to 1: `Σ (1 - s·|x - y| / d)² / pairs`, over the pairs of every
/// `sampled`-th node with all others that it can reach, `d` edges away.
pub(crate) fn stress(edges: &[[u32; 2]], positions: &[[f32; 2]], sampled: usize) -> f64 {
    let neighbours = neighbours(positions.len(), edges);
    let (mut ratios, mut squares, mut pairs) = (0.0, 0.0, 0.0);
    for start in (0..positions.len()).step_by(sampled) {
        for (node, level) in levels(&neighbours, start).into_iter().enumerate() {
            if let Some(level) = level.filter(|level| *level > 0) {
                let ratio = distance(positions[start], positions[node]) / f64::from(level);
                ratios += ratio;
                squares += ratio * ratio;
                pairs += 1.0;
            }
        }
    }
    1.0 - ratios * ratios / squares / pairs
}

/// Returns which part of each node's nearest positions are its neighbours, as many as it has, in the mean over every
/// `sampled`-th node.
pub(crate) fn preserved(edges: &[[u32; 2]], positions: &[[f32; 2]], sampled: usize) -> f64 {
    let neighbours = neighbours(positions.len(), edges);
    let starts: Vec<usize> = (0..positions.len()).step_by(sampled).collect();
    let part = |start: &usize| {
        let own = &neighbours[*start];
        let mut others: Vec<usize> = (0..positions.len()).filter(|node| node != start).collect();
        others.sort_by(|a, b| {
            distance(positions[*start], positions[*a]).total_cmp(&distance(positions[*start], positions[*b]))
        });
        others[..own.len()].iter().filter(|node| own.contains(node)).count() as f64 / own.len() as f64
    };
    starts.iter().map(part).sum::<f64>() / starts.len() as f64
}
