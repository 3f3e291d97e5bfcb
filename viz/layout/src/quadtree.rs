//! Repulsion between all pairs of points in O(n log n): Barnes and Hut, "A hierarchical O(N log N) force-calculation
//! algorithm" (Nature 324, 1986).
//!
//! Points are sorted along the Z-order curve, so that each square of the tree is a range of them. The tree is a function
//! of the points alone, and so is each sum over it.

use rayon::prelude::*;

use crate::adjacency::index;
use crate::point::Point;

/// A square is taken as one body from a distance of more than its side divided by this.
const THETA: f32 = 0.9;

/// Points in a square that is not divided, at most.
const BUCKET: usize = 8;

/// Bits of a coordinate; no square is divided more often.
const LEVELS: u32 = 24;

/// A square, followed by those that it is divided into.
#[derive(Debug, Clone, Copy)]
struct Cell {
    /// Mean of its points.
    centre: Point,
    /// How many points it has.
    mass: f32,
    /// Square of the distance from which it is one body.
    reach_squared: f32,
    /// The cell behind it and its parts.
    next: u32,
    /// Its points, if it is not divided; else none.
    points: [u32; 2],
}

/// Points, sorted into squares within squares.
#[derive(Debug, Default)]
pub(crate) struct Quadtree {
    cells: Vec<Cell>,
    points: Vec<Point>,
    keys: Vec<(u64, u32)>,
}

/// What all points do to one: sums over the other points, `d` away and softened to `r = √(d² + softening²)`.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Repulsion {
    /// The force: `d / r³`, away from them.
    pub(crate) force: Point,
    /// How fast it changes from place to place: `1 / r³`.
    pub(crate) stiffness: f32,
    /// How much energy a larger scale saves: `d² / r³`.
    pub(crate) virial: f32,
}

impl Quadtree {
    /// Sorts points in. None of them is far from 32-bit range: squares of distances are finite.
    pub(crate) fn rebuild(&mut self, points: &[Point]) {
        let low = points.iter().fold(Point::new(f32::MAX, f32::MAX), |a, b| Point::new(a.x.min(b.x), a.y.min(b.y)));
        let high = points.iter().fold(Point::new(f32::MIN, f32::MIN), |a, b| Point::new(a.x.max(b.x), a.y.max(b.y)));
        let side = (high.x - low.x).max(high.y - low.y).max(f32::MIN_POSITIVE);
        let place = |point: Point| spread((point.x - low.x) / side) | (spread((point.y - low.y) / side) << 1);
        self.keys.clear();
        self.keys.extend((0..).zip(points).map(|(node, point)| (place(*point), node)));
        self.keys.par_sort_unstable();
        self.points.clear();
        self.points.extend(self.keys.iter().map(|(_, node)| points[*node as usize]));
        self.cells.clear();
        if !points.is_empty() {
            self.divide([0, points.len()], LEVELS, side);
        }
    }

    /// Returns what all points, but those at the very place, do to a point.
    pub(crate) fn repulsion(&self, at: Point, softening: f32) -> Repulsion {
        let softening_squared = softening * softening;
        let mut sum = Repulsion::default();
        let mut next = 0;
        while let Some(cell) = self.cells.get(next) {
            let way = at - cell.centre;
            if way.length_squared() >= cell.reach_squared {
                sum.add(way, cell.mass, softening_squared);
                next = cell.next as usize;
            } else {
                for point in &self.points[cell.points[0] as usize..cell.points[1] as usize] {
                    sum.add(at - *point, 1.0, softening_squared);
                }
                next += 1;
            }
        }
        sum
    }

    /// Returns the middle one of the distances between points that follow each other along the curve: about how far a
    /// point is from its nearest. Coinciding points do not count; 0 where nothing does.
    pub(crate) fn spacing(&self) -> f32 {
        let mut gaps: Vec<f32> = self.points.windows(2).map(|pair| (pair[1] - pair[0]).length()).collect();
        gaps.retain(|gap| *gap > 0.0);
        if gaps.is_empty() {
            return 0.0;
        }
        let middle = gaps.len() / 2;
        *gaps.select_nth_unstable_by(middle, f32::total_cmp).1
    }

    /// Adds the square of a range of points and what it is divided into; returns the sum of its points.
    fn divide(&mut self, [begin, end]: [usize; 2], level: u32, side: f32) -> [f64; 2] {
        let cell = self.cells.len();
        let mass = (end - begin) as f32;
        self.cells.push(Cell { centre: Point::ORIGIN, mass, reach_squared: 0.0, next: 0, points: [0, 0] });
        let sum = if end - begin <= BUCKET || level == 0 {
            self.points[begin..end].iter().fold([0.0, 0.0], |sum, point| add(sum, [point.x.into(), point.y.into()]))
        } else {
            self.divide_further([begin, end], level - 1, side / 2.0)
        };
        // Points that all levels cannot tell apart are one body from everywhere.
        let is_one = end - begin > BUCKET && level == 0;
        let reach = side / THETA;
        let count = f64::from(index(end - begin));
        let next = index(self.cells.len());
        let own = &mut self.cells[cell];
        own.centre = Point::of_wide([sum[0] / count, sum[1] / count]);
        own.reach_squared = if is_one { 0.0 } else { reach * reach };
        own.next = next;
        own.points = if end - begin <= BUCKET { [index(begin), index(end)] } else { [0, 0] };
        sum
    }

    /// Adds the quarters of a square that have points.
    fn divide_further(&mut self, [begin, end]: [usize; 2], level: u32, side: f32) -> [f64; 2] {
        let mut sum = [0.0, 0.0];
        let mut from = begin;
        while from < end {
            let quarter = self.keys[from].0 >> (2 * level);
            let to = from + self.keys[from..end].partition_point(|(key, _)| key >> (2 * level) == quarter);
            sum = add(sum, self.divide([from, to], level, side));
            from = to;
        }
        sum
    }
}

impl Repulsion {
    fn add(&mut self, way: Point, mass: f32, softening_squared: f32) {
        let distance_squared = way.length_squared();
        if distance_squared > 0.0 {
            let inverse = 1.0 / (distance_squared + softening_squared).sqrt();
            let stiffness = mass * inverse * inverse * inverse;
            self.force += way * stiffness;
            self.stiffness += stiffness;
            self.virial += stiffness * distance_squared;
        }
    }
}

fn add(left: [f64; 2], right: [f64; 2]) -> [f64; 2] {
    [left[0] + right[0], left[1] + right[1]]
}

/// Returns a coordinate from 0 to 1 as bits, each followed by a zero.
fn spread(coordinate: f32) -> u64 {
    let steps = (1_u32 << LEVELS) - 1;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 1, times 24 bits")]
    let mut bits = u64::from((coordinate * steps as f32) as u32).min(steps.into());
    bits = (bits | (bits << 16)) & 0x0000_ffff_0000_ffff;
    bits = (bits | (bits << 8)) & 0x00ff_00ff_00ff_00ff;
    bits = (bits | (bits << 4)) & 0x0f0f_0f0f_0f0f_0f0f;
    bits = (bits | (bits << 2)) & 0x3333_3333_3333_3333;
    (bits | (bits << 1)) & 0x5555_5555_5555_5555
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jitter::jitter;

    /// The sum over all pairs.
    fn exact(points: &[Point], at: Point, softening: f32) -> Repulsion {
        let mut sum = Repulsion::default();
        points.iter().for_each(|point| sum.add(at - *point, 1.0, softening * softening));
        sum
    }

    fn tree(points: &[Point]) -> Quadtree {
        let mut tree = Quadtree::default();
        tree.rebuild(points);
        tree
    }

    /// Compares forces on all points with the exact ones; returns the mean difference in parts of the mean force.
    fn difference(points: &[Point]) -> f32 {
        let tree = tree(points);
        let (mut difference, mut total) = (0.0, 0.0);
        for at in points {
            let exact = exact(points, *at, 0.1);
            let found = tree.repulsion(*at, 0.1);
            difference += (found.force - exact.force).length();
            total += exact.force.length();
            assert!((found.virial / exact.virial - 1.0).abs() < 0.05, "{found:?} is not {exact:?}");
        }
        difference / total
    }

    #[test]
    fn forces_are_nearly_exact() {
        let even: Vec<Point> = (0..2000).map(|node| jitter(7, node) * 20.0).collect();
        assert!(difference(&even) < 0.05, "{}", difference(&even));
        // Most points in few places.
        let lumpy: Vec<Point> = (0..2000).map(|node| jitter(1, node % 9) * 20.0 + jitter(2, node) * 0.5).collect();
        assert!(difference(&lumpy) < 0.05, "{}", difference(&lumpy));
    }

    #[test]
    fn few_points_are_exact() {
        let points: Vec<Point> = (0..8).map(|node| jitter(7, node)).collect();
        let tree = tree(&points);
        for at in &points {
            let (found, exact) = (tree.repulsion(*at, 0.0), exact(&points, *at, 0.0));
            assert!((found.force - exact.force).length() < 1e-4 * exact.force.length(), "{found:?} is not {exact:?}");
        }
    }

    #[test]
    fn points_in_one_place_are_one_body() {
        let mut points = vec![Point::new(1.0, 2.0); 1000];
        let alone = tree(&points).repulsion(points[0], 0.1);
        assert_eq!(alone.force, Point::ORIGIN);
        points.push(Point::new(4.0, 6.0));
        let force = tree(&points).repulsion(points[1000], 0.0).force;
        assert!((force - Point::new(24.0, 32.0)).length() < 0.01 * 40.0, "{force:?}");
    }

    #[test]
    fn spacing_is_that_of_a_grid() {
        let points: Vec<Point> = (0..400_u16).map(|node| Point::new((node % 20).into(), (node / 20).into())).collect();
        assert_eq!(tree(&points).spacing(), 1.0);
        assert_eq!(tree(&points[..1]).spacing(), 0.0);
        assert_eq!(tree(&[]).spacing(), 0.0);
    }
}
