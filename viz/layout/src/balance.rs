//! The energy that a drawing has, and the scale at which it has the least.
//!
//! Each edge is a spring of length 1, `(l - 1)² / 2`, and each two nodes repel each other with `a / d`. Springs keep
//! edges alike, as stress does; `a / d` falls off faster than the `log d` of Fruchterman and Reingold ("Graph drawing
//! by force-directed placement", Software: Practice and Experience 21, 1991), so that the middle of a large mesh is not
//! blown up. It is the maxent-stress model of Gansner, Hu and North ("A maxent-stress model for graph layout", IEEE
//! TVCG 19, 2013) with distances of 1 and `q = 1`.

/// How often Newton's method goes on, at most: far more than it takes.
const NEWTON_STEPS_MAX: usize = 200;

/// The scale changes at most by this factor at once.
const FACTOR_MAX: f64 = 1000.0;

/// Returns how strongly two nodes of a component repel each other, for its number of nodes.
pub(crate) fn repulsion_strength(nodes: usize) -> f32 {
    STRENGTH / (nodes as f32).sqrt()
}

/// Repulsion of a component, which its nodes share by the square root of their number: a mesh is under the same pressure
/// at every size.
const STRENGTH: f32 = 0.6;

/// Sums over a drawing that tell what another scale would cost.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Balance {
    /// Lengths of all edges.
    pub(crate) lengths: f64,
    /// Their squares.
    pub(crate) squares: f64,
    /// `a / d` of all pairs.
    pub(crate) virial: f64,
}

impl Balance {
    /// Returns the factor `s` of all positions at which the energy is least: `s³ Σl² - s² Σl - Σa/d = 0`. It is 1 where
    /// no edge has a length.
    pub(crate) fn factor(self) -> f64 {
        if self.squares <= 0.0 || !self.squares.is_finite() || !self.virial.is_finite() {
            return 1.0;
        }
        // Right of the inflection the cubic is convex: Newton's method comes down from above without a turn.
        let mut factor = self.lengths / self.squares + (self.virial / self.squares).max(1.0);
        for _ in 0..NEWTON_STEPS_MAX {
            let value = (factor * self.squares - self.lengths) * factor * factor - self.virial;
            let slope = (3.0 * factor * self.squares - 2.0 * self.lengths) * factor;
            let next = factor - value / slope;
            if next >= factor || next.is_nan() {
                break;
            }
            factor = next;
        }
        factor.clamp(1.0 / FACTOR_MAX, FACTOR_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_other_scale_costs_less() {
        for (lengths, squares, virial) in [(1.0, 1.0, 0.0), (10.0, 40.0, 3.0), (5.0, 0.1, 1e4), (1e6, 1e9, 1e-3)] {
            let energy = |scale: f64| scale * scale * squares / 2.0 - scale * lengths + virial / scale;
            let factor = Balance { lengths, squares, virial }.factor();
            assert!((1e-3..1e3).contains(&factor), "{factor}");
            for other in [0.999, 1.001, 0.5, 2.0] {
                assert!(energy(factor) <= energy(factor * other), "{factor} times {other}");
            }
        }
    }

    #[test]
    fn what_has_no_lengths_keeps_its_scale() {
        assert_eq!(Balance::default().factor(), 1.0);
        assert_eq!(Balance { lengths: 1.0, squares: f64::INFINITY, virial: 1.0 }.factor(), 1.0);
    }
}
