//! Laying one set of points over another by turning, mirroring, scaling and moving it.

use crate::point::Point;

/// A scale below which a fit says nothing: the points it was made of coincide.
const SCALE_MIN: f64 = 1e-3;

/// A map of the plane that keeps angles: `z → turn · (z - from) + to` in complex numbers, of mirrored points if so.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Similarity {
    turn: [f64; 2],
    from: [f64; 2],
    to: [f64; 2],
    is_mirrored: bool,
}

impl Similarity {
    /// Returns the map that brings each pair's first point nearest to its second, by least squares. Where the points do
    /// not say how to turn or scale, it only moves. There is at least one pair.
    pub(crate) fn fit(pairs: &[(Point, Point)]) -> Self {
        let (from, to) = (mean(pairs.iter().map(|pair| pair.0)), mean(pairs.iter().map(|pair| pair.1)));
        let (mut straight, mut mirrored, mut squares) = ([0.0; 2], [0.0; 2], 0.0);
        for (first, second) in pairs {
            let ([x, y], [u, v]) = (minus(first.wide(), from), minus(second.wide(), to));
            add(&mut straight, [x * u + y * v, x * v - y * u]);
            add(&mut mirrored, [x * u - y * v, x * v + y * u]);
            squares += x * x + y * y;
        }
        let is_mirrored = length(mirrored) > length(straight);
        let turn = if is_mirrored { mirrored } else { straight };
        if length(turn) <= SCALE_MIN * squares {
            return Self { turn: [1.0, 0.0], from, to, is_mirrored: false };
        }
        Self { turn: turn.map(|part| part / squares), from, to, is_mirrored }
    }

    /// Returns by what factor lengths grow.
    pub(crate) fn scale(&self) -> f64 {
        length(self.turn)
    }

    pub(crate) fn apply(&self, point: Point) -> Point {
        let [x, mut y] = minus(point.wide(), self.from);
        if self.is_mirrored {
            y = -y;
        }
        let [c, s] = self.turn;
        Point::of_wide([c * x - s * y + self.to[0], s * x + c * y + self.to[1]])
    }
}

/// Returns the mean of at least one point.
pub(crate) fn mean(points: impl Iterator<Item = Point>) -> [f64; 2] {
    let (mut sum, mut count) = ([0.0; 2], 0.0);
    for point in points {
        add(&mut sum, point.wide());
        count += 1.0;
    }
    sum.map(|part| part / count)
}

fn add(sum: &mut [f64; 2], other: [f64; 2]) {
    sum[0] += other[0];
    sum[1] += other[1];
}

fn minus(left: [f64; 2], right: [f64; 2]) -> [f64; 2] {
    [left[0] - right[0], left[1] - right[1]]
}

fn length([x, y]: [f64; 2]) -> f64 {
    (x * x + y * y).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jitter::jitter;

    /// Maps points by a known map and expects the fit to do the same to others.
    #[track_caller]
    fn found(known: impl Fn(Point) -> Point) {
        let pairs: Vec<_> = (0..5).map(|node| (jitter(1, node), known(jitter(1, node)))).collect();
        let fit = Similarity::fit(&pairs);
        for node in 5..20 {
            let (point, expected) = (jitter(1, node), known(jitter(1, node)));
            assert!((fit.apply(point) - expected).length() < 1e-4, "{fit:?}");
        }
    }

    #[test]
    fn turning_mirroring_scaling_and_moving_are_found() {
        found(|point| point);
        found(|point| point * 3.0 + Point::new(5.0, -7.0));
        found(|point| Point::new(-point.y, point.x));
        found(|point| Point::new(point.x, -point.y));
        found(|point| Point::new(2.0 * point.y, 2.0 * point.x) + Point::new(1.0, 1.0));
    }

    #[test]
    fn points_in_one_place_only_move() {
        let there = Point::new(4.0, 4.0);
        for pairs in [vec![(jitter(1, 0), there)], (0..5).map(|node| (jitter(1, node), there)).collect()] {
            let fit = Similarity::fit(&pairs);
            let way = fit.apply(jitter(1, 8)) - fit.apply(jitter(1, 9));
            assert!((way - (jitter(1, 8) - jitter(1, 9))).length() < 1e-5, "{fit:?}");
        }
    }
}
