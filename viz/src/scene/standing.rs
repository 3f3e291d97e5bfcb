//! What a node's kind and components say about it: how it looks and where it stands.

use cidgraph::entity::SPATIAL;
use cidgraph::{Component, Placement, Properties, Value};

use super::look::{NodeLook, VISUAL, nearest};

/// How a node looks and where it stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
    /// How it looks before it is scaled.
    pub look: NodeLook,
    /// The place that its component `Spatial` says, z 0 where it says none; `None` where it has no x or no y.
    pub place: Option<[f32; 3]>,
    /// How much larger its component `Spatial` makes it.
    pub scale: f32,
}

impl Standing {
    /// Returns what the kind alone says, by its place among the kinds seen.
    pub const fn of_kind(kind: u16) -> Self {
        Self { look: NodeLook::of_kind(kind), place: None, scale: 1.0 }
    }

    /// Returns what the kind and the components say.
    pub fn of(kind: u16, components: &[Component]) -> Self {
        let mut standing = Self::of_kind(kind);
        for component in components {
            standing.take(kind, component.component_type.as_str(), Some(&component.properties));
        }
        standing
    }

    /// Takes over that a component is now this, or gone.
    pub fn take(&mut self, kind: u16, component_type: &str, properties: Option<&Properties>) {
        if component_type == VISUAL {
            self.look = NodeLook::of_kind(kind);
            if let Some(visual) = properties {
                self.look.take(visual);
            }
        }
        if component_type == SPATIAL {
            self.place = properties.and_then(place_of);
            self.scale = properties.map_or(1.0, |spatial| largest(Placement::of(spatial).scale.map(nearest)));
        }
    }

    /// Returns the radius, in units of space.
    pub fn radius(&self) -> f32 {
        self.look.radius * self.scale
    }
}

fn place_of(spatial: &Properties) -> Option<[f32; 3]> {
    let has = |axis| spatial.get(axis).and_then(Value::as_f64).is_some();
    (has("x") && has("y")).then(|| Placement::of(spatial).position.map(nearest))
}

/// Returns the largest of three factors, or 1 where none can be drawn.
fn largest(scale: [f32; 3]) -> f32 {
    let largest = scale.into_iter().map(f32::abs).fold(0.0, f32::max);
    if largest.is_normal() { largest } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(component_type: &str, properties: Properties) -> Standing {
        Standing::of(0, &[Component { component_type: component_type.into(), properties }])
    }

    #[test]
    fn a_place_needs_two_numbers() {
        let spatial = Properties::from([("x", Value::Int(2)), ("y", Value::Float(0.5))]);
        assert_eq!(standing(SPATIAL, spatial.clone()).place, Some([2.0, 0.5, 0.0]));
        assert_eq!(standing(VISUAL, spatial).place, None);
        assert_eq!(standing(SPATIAL, Properties::from([("x", Value::Int(2))])).place, None);
    }

    #[test]
    fn a_scale_makes_a_node_larger_by_its_largest_factor() {
        let scale = [1.0, -3.0, 2.0].map(Value::Float).to_vec();
        let scaled = standing(SPATIAL, Properties::from([("scale", Value::List(scale))]));
        assert_eq!((scaled.place, scaled.radius()), (None, 3.0 * Standing::of_kind(0).radius()));
    }

    #[test]
    fn a_component_that_is_gone_says_nothing() {
        let mut standing = standing(VISUAL, Properties::from([("color", "red"), ("shape", "ring")]));
        assert_ne!(standing, Standing::of_kind(0));
        standing.take(0, VISUAL, None);
        assert_eq!(standing, Standing::of_kind(0));
    }
}
