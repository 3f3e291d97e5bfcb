//! A layout that begins with another one: what was there moves little, what the user placed not at all.

use cidgraph_layout::{Layout, Place};

use crate::graphs::{finished, free, grid, path, random, shifted, tree};
use crate::measures::{distance, mean_length};

fn kept(positions: &[[f32; 2]]) -> Vec<Place> {
    positions.iter().map(|position| Place::Kept(*position)).collect()
}

#[test]
fn what_has_not_changed_does_not_move() {
    let edges = random(500);
    let before = finished(&edges, &free(500));
    assert_eq!(finished(&edges, &kept(&before)), before);
}

#[test]
fn going_on_from_rest_moves_little() {
    let edges = grid(20);
    let before = finished(&edges, &free(400));
    let loose: Vec<Place> = before.iter().map(|position| Place::Loose(*position)).collect();
    let after = finished(&edges, &loose);
    let moved = before.iter().zip(&after).map(|(before, after)| distance(*before, *after)).sum::<f64>() / 400.0;
    assert!(moved < 0.1, "{moved}");
}

#[test]
fn a_new_node_comes_beside_its_neighbours_and_moves_only_what_is_near() {
    let mut edges = grid(20);
    let before = finished(&edges, &free(400));
    edges.extend([[400, 210], [400, 211]]);
    let mut places = kept(&before);
    places.push(Place::Free);
    let after = finished(&edges, &places);
    for neighbour in [210, 211] {
        let length = distance(after[400], after[neighbour]);
        assert!((0.3..2.0).contains(&length), "{length}");
    }
    for (node, (before, after)) in before.iter().zip(&after).enumerate() {
        let hops = [210_usize, 211].map(|near| (node % 20).abs_diff(near % 20) + (node / 20).abs_diff(near / 20));
        let moved = distance(*before, *after);
        if hops[0].min(hops[1]) > 1 {
            assert_eq!(before, after, "node {node} is far");
        } else {
            assert!(moved < 0.3, "node {node} moved by {moved}");
        }
    }
}

#[test]
fn a_chain_of_new_nodes_grows_from_where_it_is_tied() {
    let before = finished(&grid(10), &free(100));
    let edges = [grid(10), vec![[99, 100]], shifted(&path(5), 100)].concat();
    let after = finished(&edges, &[kept(&before), free(5)].concat());
    let lengths: Vec<f64> = (99..104).map(|node| distance(after[node], after[node + 1])).collect();
    assert!(lengths.iter().all(|length| (0.3..2.5).contains(length)), "{lengths:?}");
    assert!(distance(after[99], after[104]) > 2.0, "the chain is not a heap");
}

#[test]
fn a_removed_node_leaves_the_others_where_they_are() {
    let edges = tree(63);
    let before = finished(&edges, &free(63));
    let left: Vec<[u32; 2]> = edges.into_iter().filter(|ends| !ends.contains(&62)).collect();
    let mut places = kept(&before);
    places[62] = Place::Absent;
    let after = finished(&left, &places);
    assert_eq!(after[..62], before[..62]);
    assert_eq!(after[62], [0.0, 0.0]);
}

#[test]
fn loose_ends_of_a_new_edge_come_nearer() {
    let mut edges = path(30);
    let before = finished(&edges, &free(30));
    edges.push([0, 29]);
    let mut places = kept(&before);
    for end in [0, 29] {
        places[end] = Place::Loose(before[end]);
    }
    let after = finished(&edges, &places);
    assert!(distance(after[0], after[29]) < distance(before[0], before[29]));
}

#[test]
fn new_components_stand_beside_what_is_there() {
    let before = finished(&grid(10), &free(100));
    let edges = [grid(10), shifted(&tree(31), 100)].concat();
    let after = finished(&edges, &[kept(&before), free(31 + 4)].concat());
    assert_eq!(after[..100], before[..]);
    let bottom = before.iter().map(|[_, y]| *y).fold(f32::MAX, f32::min);
    assert!(after[100..].iter().all(|[_, y]| *y < bottom));
    let length = mean_length(&shifted(&tree(31), 100), &after);
    assert!((0.3..3.0).contains(&length), "the scale is that of before: {length}");
}

#[test]
fn fixed_nodes_never_move_and_the_others_arrange_themselves() {
    let corners = [(0, [0.0, 0.0]), (9, [900.0, 0.0]), (90, [0.0, 900.0]), (99, [900.0, 900.0])];
    let mut places = free(100);
    corners.iter().for_each(|(node, position)| places[*node] = Place::Fixed(*position));
    let mut layout = Layout::new(&grid(10), &places, 7).expect("the graph is good");
    for _ in 0..10 {
        layout.step(5);
        for (node, position) in corners {
            assert_eq!(layout.positions()[node], position);
        }
    }
    let middle = [44, 45, 54, 55].map(|node| distance(layout.positions()[node], [450.0, 450.0]));
    assert!(middle.iter().all(|away| *away < 200.0), "the drawing is laid over its corners: {middle:?}");
}

#[test]
fn a_whole_that_is_fixed_is_done_at_once() {
    let places: Vec<Place> = (0..50_u8).map(|node| Place::Fixed([f32::from(node), 1.0])).collect();
    let mut layout = Layout::new(&path(50), &places, 7).expect("the graph is good");
    assert_eq!(layout.step(1).stage, cidgraph_layout::Stage::Done);
    assert!((0..50_u8).all(|node| layout.positions()[usize::from(node)] == [f32::from(node), 1.0]));
}
