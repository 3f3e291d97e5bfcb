//! How a drawing cools down: from far steps that feel the whole to short ones that feel what is near.

/// Iterations until a layout is as good as it gets.
pub const ITERATIONS_MAX: u32 = 200;

/// What softening ends at, in lengths of an edge.
const SOFTENING_MIN: f32 = 0.02;

/// How far nodes may go at once, and at what distance repulsion stops to grow, in lengths of an edge.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Temperature {
    pub(crate) step_max: f32,
    pub(crate) softening: f32,
}

impl Temperature {
    /// For a seed that is right from afar: neighbours may lie on each other, and come apart as a whole.
    pub(crate) const HOT: Self = Self { step_max: 1.0, softening: 1.0 };

    /// For what was at rest but for some nodes.
    pub(crate) const WARM: Self = Self { step_max: 0.5, softening: 0.05 };

    /// For what is at rest.
    pub(crate) const COLD: Self = Self { step_max: 0.0, softening: 0.0 };

    /// Returns the temperature of an iteration of [`ITERATIONS_MAX`] that began at this one.
    pub(crate) fn cooled(self, iteration: u32) -> Self {
        let left = ITERATIONS_MAX.saturating_sub(iteration) as f32 / ITERATIONS_MAX as f32;
        Self { step_max: self.step_max * left * left, softening: SOFTENING_MIN + self.softening * left * left }
    }

    /// Tells whether nodes feel what is near.
    pub(crate) fn is_cool(self) -> bool {
        self.softening < 0.1
    }
}
