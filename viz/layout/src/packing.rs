//! Boxes side by side: shelf packing, which never lets two of them overlap.

/// How much wider than high the whole becomes, about.
pub(crate) const ASPECT: f64 = 1.6;

/// Returns the lower left corner of each box of a width and height, in rows from left to right, the first row on top of
/// the next, with a gap between all. The whole begins at the origin and goes right and down.
pub fn shelves(sizes: &[[f64; 2]], gap: f64) -> Vec<[f64; 2]> {
    let area: f64 = sizes.iter().map(|[width, height]| (width + gap) * (height + gap)).sum();
    let widest = sizes.iter().map(|[width, _]| width + gap).fold(0.0, f64::max);
    let limit = (area * ASPECT).sqrt().max(widest);
    let mut corners = Vec::with_capacity(sizes.len());
    let (mut row, mut left, mut top) = (0, 0.0, 0.0);
    for end in 0..=sizes.len() {
        let is_full = sizes.get(end).is_none_or(|[width, _]| left + width + gap > limit && left > 0.0);
        if is_full {
            let height = sizes[row..end].iter().map(|[_, height]| *height).fold(0.0, f64::max);
            top -= height;
            // All of a row stand on the middle line of the highest.
            for (corner, size) in corners[row..].iter_mut().zip(&sizes[row..end]) {
                let corner: &mut [f64; 2] = corner;
                corner[1] = top + (height - size[1]) / 2.0;
            }
            (row, left, top) = (end, 0.0, top - gap);
        }
        if let Some([width, _]) = sizes.get(end) {
            corners.push([left, 0.0]);
            left += width + gap;
        }
    }
    corners
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jitter::jitter;

    #[track_caller]
    fn check(sizes: &[[f64; 2]], gap: f64) {
        let corners = shelves(sizes, gap);
        assert_eq!(corners.len(), sizes.len());
        let boxes: Vec<_> = corners.iter().zip(sizes).map(|(c, s)| [c[0], c[1], c[0] + s[0], c[1] + s[1]]).collect();
        for (number, a) in boxes.iter().enumerate() {
            assert!(a[0] >= 0.0 && a[3] <= 0.0, "{a:?} is right of the origin and below");
            for b in &boxes[..number] {
                let between = [b[0] - a[2], a[0] - b[2], b[1] - a[3], a[1] - b[3]];
                assert!(between.iter().any(|room| *room >= gap - 1e-9), "{a:?} is too near to {b:?}");
            }
        }
    }

    #[test]
    fn boxes_keep_their_distance() {
        check(&[], 1.0);
        check(&[[0.0, 0.0]], 1.0);
        check(&[[0.0, 0.0]; 50], 2.0);
        check(&[[100.0, 1.0], [1.0, 100.0], [3.0, 3.0]], 2.0);
        let sizes: Vec<[f64; 2]> = (0..200).map(|node| jitter(3, node).wide().map(|side| 10.0 * side.abs())).collect();
        check(&sizes, 0.5);
    }

    #[test]
    fn many_boxes_are_not_one_row() {
        let corners = shelves(&[[1.0, 1.0]; 100], 0.0);
        let right = corners.iter().map(|corner| corner[0] + 1.0).fold(0.0, f64::max);
        let bottom = corners.iter().map(|corner| corner[1]).fold(0.0, f64::min);
        assert!((1.0..3.0).contains(&(right / -bottom)), "{right} by {bottom}");
    }
}
