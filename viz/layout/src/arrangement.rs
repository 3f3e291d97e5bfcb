//! Drawings that nothing holds, side by side: the largest first, all equally dense, and at last the nodes without edges.

use rayon::prelude::*;

use crate::drawing::Drawing;
use crate::frame::Frame;
use crate::packing::{ASPECT, shelves};
use crate::point::Point;

/// Room between components, in distances of nodes.
const GAP: f64 = 2.0;

/// Lower left and upper right corner.
type Bounds = [[f64; 2]; 2];

/// What the arrangement stands beside.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Surroundings {
    /// Where the given positions are.
    pub(crate) bounds: Bounds,
    /// How far apart nodes are there; `None` where that cannot be said.
    pub(crate) spacing: Option<f64>,
}

/// Writes the positions of all nodes of drawings, and of nodes without edges. Where there is nothing to stand beside, the
/// middle is the origin and the mean length of edges is 1.
pub(crate) fn arrange(
    drawings: &mut [&mut Drawing],
    isolated: &[u32],
    around: Option<Surroundings>,
    positions: &mut [[f32; 2]],
) {
    let spacings: Vec<f64> =
        drawings.par_iter_mut().map(|drawing| f64::from(drawing.spacing().max(f32::MIN_POSITIVE))).collect();
    let bounds: Vec<Bounds> = drawings.iter().map(|drawing| bounds(drawing.points.iter().copied())).collect();
    let size = |(bounds, spacing): (&Bounds, &f64)| size(bounds).map(|side| side / spacing);
    let mut sizes: Vec<[f64; 2]> = bounds.iter().zip(&spacings).map(size).collect();
    let columns = columns(isolated.len());
    if !isolated.is_empty() {
        let rows = isolated.len().div_ceil(columns);
        sizes.push([(columns.min(isolated.len()) - 1) as f64, (rows - 1) as f64]);
    }
    let corners = shelves(&sizes, GAP);
    let unit = around.and_then(|around| around.spacing).unwrap_or_else(|| 1.0 / mean_length(drawings, &spacings));
    let origin = origin(&sizes, &corners, around, unit);
    let at = |corner: &[f64; 2]| [origin[0] + corner[0] * unit, origin[1] + corner[1] * unit];
    for (((drawing, spacing), bounds), corner) in drawings.iter().zip(spacings).zip(bounds).zip(&corners) {
        let scale = unit / spacing;
        let corner = at(corner);
        let frame = Frame { origin: [corner[0] - bounds[0][0] * scale, corner[1] - bounds[0][1] * scale], unit: scale };
        for (node, point) in drawing.component.nodes.iter().zip(&drawing.points) {
            positions[*node as usize] = frame.outward(*point);
        }
    }
    let Some(corner) = corners.get(drawings.len()) else { return };
    let frame = Frame { origin: at(corner), unit };
    for (place, node) in isolated.iter().enumerate() {
        let point = Point::new((place % columns) as f32, (place / columns) as f32);
        positions[*node as usize] = frame.outward(point);
    }
}

/// Returns the bounds of points, of which there is at least one.
pub(crate) fn bounds(points: impl Iterator<Item = Point>) -> Bounds {
    points.map(Point::wide).fold([[f64::MAX; 2], [f64::MIN; 2]], |[low, high], [x, y]| {
        [[low[0].min(x), low[1].min(y)], [high[0].max(x), high[1].max(y)]]
    })
}

fn size([low, high]: &Bounds) -> [f64; 2] {
    [high[0] - low[0], high[1] - low[1]]
}

/// Returns into how many columns so many nodes go.
fn columns(nodes: usize) -> usize {
    (1..).find(|columns| (columns * columns) as f64 >= nodes as f64 * ASPECT).expect("some number is large enough")
}

/// Returns the mean length of all edges in distances of nodes, or 1 where there are none.
fn mean_length(drawings: &[&mut Drawing], spacings: &[f64]) -> f64 {
    let edges = |drawing: &Drawing| drawing.component.adjacency.edges() as f64;
    let length = |drawing: &Drawing| drawing.component.adjacency.mean_length(&drawing.points).unwrap_or(0.0);
    let total: f64 =
        drawings.iter().zip(spacings).map(|(drawing, spacing)| length(drawing) * edges(drawing) / spacing).sum();
    let count: f64 = drawings.iter().map(|drawing| edges(drawing)).sum();
    if count > 0.0 { total / count } else { 1.0 }
}

/// Returns where the whole begins: below what it stands beside, or so that its middle is the origin.
fn origin(sizes: &[[f64; 2]], corners: &[[f64; 2]], around: Option<Surroundings>, unit: f64) -> [f64; 2] {
    if let Some(around) = around {
        return [around.bounds[0][0], around.bounds[0][1] - GAP * unit];
    }
    let ends = corners.iter().zip(sizes).map(|(corner, size)| [corner[0] + size[0], corner[1]]);
    let [right, bottom] = ends.fold([0.0, 0.0], |far: [f64; 2], end| [far[0].max(end[0]), far[1].min(end[1])]);
    [-right / 2.0 * unit, -bottom / 2.0 * unit]
}
