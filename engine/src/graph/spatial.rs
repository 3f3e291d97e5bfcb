//! A node's place in space: how the component says it, and what operations make of it.
//!
//! Only additions, multiplications, divisions and square roots, which every machine rounds alike.

use crate::entity::TransformOperation;
use crate::value::{Properties, Value};

/// A node's place in space: what the properties of its component [`SPATIAL`](crate::entity::SPATIAL) say in numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Placement {
    /// x, y and z.
    pub position: [f64; 3],
    /// A factor an axis.
    pub scale: [f64; 3],
    /// A unit quaternion: x, y, z, w.
    pub rotation: [f64; 4],
}

const UNIT_SCALE: [f64; 3] = [1.0; 3];
const NO_ROTATION: [f64; 4] = [0.0, 0.0, 0.0, 1.0];

/// Returns the properties to merge into a `Spatial` component after an operation on it; `None` where a number would not
/// be finite. Reparenting moves nothing.
pub(super) fn transformed(now: &Properties, operation: &TransformOperation) -> Option<Properties> {
    let place = Placement::of(now);
    match operation {
        TransformOperation::Translate(by) => {
            let moved: [f64; 3] = std::array::from_fn(|axis| place.position[axis] + by[axis]);
            let named = ["x", "y", "z"].into_iter().zip(moved);
            named.map(|(axis, number)| Some((axis, Value::float(number)?))).collect()
        }
        TransformOperation::Scale(by) => {
            let scaled: [f64; 3] = std::array::from_fn(|axis| place.scale[axis] * by[axis]);
            let usable = scaled.iter().all(|factor| *factor != 0.0);
            Some(Properties::from([("scale", usable.then(|| list(&scaled))??)]))
        }
        TransformOperation::Rotate(by) => {
            let rotation = normalised(product(place.rotation, *by))?;
            Some(Properties::from([("rotation", list(&rotation)?)]))
        }
        TransformOperation::Reparent(_) => Some(Properties::new()),
    }
}

impl Placement {
    /// Reads the properties of a `Spatial` component. What they do not say, or do not say as numbers, is at the origin,
    /// unscaled and unrotated.
    pub fn of(properties: &Properties) -> Self {
        let axis = |name| properties.get(name).and_then(Value::as_f64).unwrap_or(0.0);
        Self {
            position: [axis("x"), axis("y"), axis("z")],
            scale: properties.get("scale").and_then(numbers).unwrap_or(UNIT_SCALE),
            rotation: properties.get("rotation").and_then(numbers).and_then(normalised).unwrap_or(NO_ROTATION),
        }
    }
}

fn numbers<const LEN: usize>(value: &Value) -> Option<[f64; LEN]> {
    let Value::List(values) = value else { return None };
    let numbers: Option<Vec<f64>> = values.iter().map(Value::as_f64).collect();
    numbers?.try_into().ok()
}

fn list(numbers: &[f64]) -> Option<Value> {
    numbers.iter().map(|number| Value::float(*number)).collect::<Option<Vec<_>>>().map(Value::List)
}

fn product(a: [f64; 4], b: [f64; 4]) -> [f64; 4] {
    let [ax, ay, az, aw] = a;
    let [bx, by, bz, bw] = b;
    [
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz,
    ]
}

fn normalised(quaternion: [f64; 4]) -> Option<[f64; 4]> {
    let norm = squared_norm(quaternion).sqrt();
    (norm.is_finite() && norm > 0.0).then(|| quaternion.map(|part| part / norm))
}

/// Returns the sum of a quaternion's squares.
pub(super) fn squared_norm(quaternion: [f64; 4]) -> f64 {
    quaternion.iter().map(|part| part * part).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_add_up() {
        let origin = Properties::new();
        let moved = transformed(&origin, &TransformOperation::Translate([1.0, -2.0, 0.0])).unwrap();
        assert_eq!(moved.get("y"), Some(&Value::Float(-2.0)));
        let again = transformed(&moved, &TransformOperation::Translate([0.5, 2.0, 0.0])).unwrap();
        assert_eq!((again.get("x"), again.get("y")), (Some(&Value::Float(1.5)), Some(&Value::Float(0.0))));
        let half_turn = TransformOperation::Rotate([0.0, 0.0, 1.0, 0.0]);
        let turned = transformed(&transformed(&origin, &half_turn).unwrap(), &half_turn).unwrap();
        assert_eq!(turned.get("rotation").and_then(numbers), Some([0.0, 0.0, 0.0, -1.0]));
    }

    #[test]
    fn what_leaves_the_numbers_is_refused() {
        let far = Properties::from([("x", Value::Float(f64::MAX))]);
        assert_eq!(transformed(&far, &TransformOperation::Translate([f64::MAX, 0.0, 0.0])), None);
        let tiny = Properties::from([("scale", list(&[1e-300, 1.0, 1.0]).unwrap())]);
        assert_eq!(transformed(&tiny, &TransformOperation::Scale([1e-300, 1.0, 1.0])), None);
    }
}
