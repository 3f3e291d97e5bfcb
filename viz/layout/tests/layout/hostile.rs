//! Graphs that are too small, too large, too star-like or wrong.

use cidgraph_layout::{Layout, LayoutError, POSITION_MAX, Place, Stage};

use crate::graphs::{Edges, finished, free, path, star};
use crate::measures::{distance, mean_length};

#[track_caller]
fn refused(edges: &[[u32; 2]], places: &[Place], expected: &LayoutError) {
    let error = Layout::new(edges, places, 7).expect_err("this is no graph");
    assert_eq!(format!("{error:?}"), format!("{expected:?}"));
}

/// Takes the first steps of a layout and returns it.
#[track_caller]
fn begun(edges: &[[u32; 2]], places: &[Place]) -> Layout {
    let mut layout = Layout::new(edges, places, 7).expect("the graph is good");
    layout.step(4);
    assert_eq!(layout.positions().len(), places.len());
    assert!(layout.positions().iter().flatten().all(|coordinate| coordinate.is_finite()));
    layout
}

#[test]
fn edges_end_at_nodes_that_are_there() {
    refused(&[[0, 1], [1, 2]], &free(2), &LayoutError::NodeOutOfRange { edge: 1, node: 2, nodes: 2 });
    refused(&[[0, 0]], &[], &LayoutError::NodeOutOfRange { edge: 0, node: 0, nodes: 0 });
    refused(&[[0, u32::MAX]], &free(1), &LayoutError::NodeOutOfRange { edge: 0, node: u32::MAX, nodes: 1 });
    refused(&[[0, 1]], &[Place::Free, Place::Absent], &LayoutError::NodeAbsent { edge: 0, node: 1 });
}

#[test]
fn given_positions_are_numbers_within_bounds() {
    let too_far = POSITION_MAX.next_up();
    for position in [[f32::NAN, 0.0], [0.0, f32::INFINITY], [f32::NEG_INFINITY, 0.0], [0.0, -too_far]] {
        for place in [Place::Fixed(position), Place::Kept(position), Place::Loose(position)] {
            refused(&[], &[Place::Free, place], &LayoutError::Position { node: 1, position });
        }
    }
}

#[test]
fn nothing_has_no_positions() {
    let mut layout = Layout::new(&[], &[], 7).expect("a graph without nodes is one");
    assert_eq!(layout.step(1).stage, Stage::Done);
    assert!(layout.positions().is_empty());
}

#[test]
fn one_node_is_in_the_middle() {
    assert_eq!(finished(&[], &free(1)), [[0.0, 0.0]]);
    assert_eq!(finished(&[[0, 0], [0, 0]], &free(1)), [[0.0, 0.0]], "a self-loop changes nothing");
}

#[test]
fn two_nodes_are_an_edge_apart() {
    let positions = finished(&[[0, 1], [1, 0], [0, 1], [1, 1]], &free(2));
    assert!((distance(positions[0], positions[1]) - 1.0).abs() < 1e-3, "{positions:?}");
}

#[test]
fn absent_nodes_are_at_the_origin_and_take_no_room() {
    let positions = finished(&[[0, 2]], &[Place::Free, Place::Absent, Place::Free]);
    assert_eq!(positions[1], [0.0, 0.0]);
    assert!((distance(positions[0], positions[2]) - 1.0).abs() < 1e-3, "{positions:?}");
}

#[test]
fn a_large_star() {
    let layout = begun(&star(100_000), &free(100_000));
    assert!((mean_length(&star(100_000), layout.positions()) - 1.0).abs() < 1e-3);
}

#[test]
fn a_long_path_is_long() {
    let layout = begun(&path(100_000), &free(100_000));
    assert!(distance(layout.positions()[0], layout.positions()[99_999]) > 90_000.0);
}

#[test]
fn many_nodes_without_edges_are_apart() {
    let layout = begun(&[], &free(100_000));
    assert_eq!(layout.progress().stage, Stage::Done);
    let mut positions: Vec<[u32; 2]> = layout.positions().iter().map(|position| position.map(f32::to_bits)).collect();
    positions.sort_unstable();
    positions.dedup();
    assert_eq!(positions.len(), 100_000);
}

#[test]
fn many_pairs() {
    let edges: Edges = (0..50_000).map(|pair| [2 * pair, 2 * pair + 1]).collect();
    let layout = begun(&edges, &free(100_000));
    assert!((mean_length(&edges, layout.positions()) - 1.0).abs() < 1e-3);
}

#[test]
fn one_edge_repeated() {
    begun(&vec![[0, 1]; 100_000], &free(2));
}

#[test]
fn all_given_in_one_place() {
    let mut places = vec![Place::Fixed([3.0, 4.0]); 10_000];
    places.extend(std::iter::repeat_n(Place::Loose([3.0, 4.0]), 10_000));
    places.extend(free(1000));
    begun(&path(21_000), &places);
}

#[test]
fn given_at_the_bounds_and_next_to_nothing_apart() {
    let far = POSITION_MAX;
    let tiny = f32::MIN_POSITIVE;
    let places =
        [[far, far], [-far, -far], [0.0, 0.0], [tiny, 0.0], [0.0, tiny], [-tiny, tiny]].map(Place::Fixed).to_vec();
    for loose in 0..6 {
        let mut places = places.clone();
        places[loose] = Place::Free;
        places.push(Place::Free);
        begun(&[[0, 1], [2, 3], [3, 4], [4, 5], [5, 6], [1, 2]], &places);
        begun(&[[2, 3], [3, 4], [4, 5], [5, 6]], &places);
    }
}

#[test]
fn a_cancelled_layout_stays_as_it_is() {
    let mut layout = Layout::new(&path(100), &free(100), 7).expect("the graph is good");
    layout.step(5);
    let before = layout.positions().to_vec();
    let token = layout.cancel_token();
    std::thread::scope(|scope| {
        scope.spawn(|| token.cancel());
    });
    let progress = layout.step(5);
    assert_eq!((progress.stage, progress.iterations), (Stage::Cancelled, 5));
    assert_eq!(layout.positions(), before);
}

#[test]
fn a_layout_can_be_cancelled_before_its_seed() {
    let mut layout = Layout::new(&path(100), &free(100), 7).expect("the graph is good");
    layout.cancel_token().cancel();
    assert_eq!(layout.step(5).stage, Stage::Cancelled);
    assert_eq!(layout.positions(), [[0.0, 0.0]; 100]);
}
