//! A place in the plane, or the way from one to another.

use std::ops::{Add, AddAssign, Mul, Sub};

/// Rounds to single precision.
#[expect(clippy::cast_possible_truncation, reason = "rounding is what is wanted")]
pub(crate) fn single(number: f64) -> f32 {
    number as f32
}

/// Two coordinates.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Point {
    pub(crate) x: f32,
    pub(crate) y: f32,
}

impl Point {
    pub(crate) const ORIGIN: Self = Self::new(0.0, 0.0);

    pub(crate) const fn new(x: f32, y: f32) -> Self {
        Self { x, y }
    }

    /// Rounds coordinates to single precision.
    pub(crate) fn of_wide([x, y]: [f64; 2]) -> Self {
        Self::new(single(x), single(y))
    }

    pub(crate) fn wide(self) -> [f64; 2] {
        [self.x.into(), self.y.into()]
    }

    pub(crate) fn length_squared(self) -> f32 {
        self.x * self.x + self.y * self.y
    }

    pub(crate) fn length(self) -> f32 {
        self.length_squared().sqrt()
    }

    /// Returns the same direction, shortened to a length.
    pub(crate) fn at_most(self, length: f32) -> Self {
        let own = self.length();
        if own > length { self * (length / own) } else { self }
    }
}

impl Add for Point {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self::new(self.x + other.x, self.y + other.y)
    }
}

impl AddAssign for Point {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Point {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self::new(self.x - other.x, self.y - other.y)
    }
}

impl Mul<f32> for Point {
    type Output = Self;

    fn mul(self, factor: f32) -> Self {
        Self::new(self.x * factor, self.y * factor)
    }
}

impl From<[f32; 2]> for Point {
    fn from([x, y]: [f32; 2]) -> Self {
        Self::new(x, y)
    }
}

impl From<Point> for [f32; 2] {
    fn from(point: Point) -> Self {
        [point.x, point.y]
    }
}
