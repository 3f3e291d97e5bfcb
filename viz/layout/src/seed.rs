//! Where the nodes of a component begin: where the caller says, beside their neighbours, or by their distances.

use crate::adjacency::{Adjacency, index};
use crate::cancel::CancelToken;
use crate::component::Component;
use crate::drawing::{Body, Drawing};
use crate::frame::Frame;
use crate::jitter::jitter;
use crate::pivot_mds::pivot_mds;
use crate::place::Place;
use crate::point::{Point, single};
use crate::similarity::{Similarity, mean};
use crate::temperature::Temperature;

/// How far apart nodes begin that distances do not tell apart, in lengths of an edge.
const APART: f32 = 0.1;

/// How far from the mean of its neighbours a new node begins, at most, in lengths of an edge.
const BESIDE: f32 = 0.5;

/// How strongly a kept node next to a free one is drawn to where it was, in times all its edges.
const PULL: f32 = 4.0;

/// Given edges that are shorter than this part of the extent do not say how long an edge is.
const EDGE_MIN: f64 = 1e-6;

/// Kept nodes farther than this from every free or loose one do not move.
const HOPS_MAX: u32 = 2;

/// A drawn component: by itself, or in a frame among positions of the caller.
#[derive(Debug)]
pub(crate) struct Seeded {
    pub(crate) drawing: Drawing,
    pub(crate) frame: Option<Frame>,
}

/// What seeds have in common.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seeding<'a> {
    pub(crate) places: &'a [Place],
    /// Length of an edge between given positions that do not say how long one is.
    pub(crate) unit: f64,
    pub(crate) seed: u64,
    pub(crate) cancel: &'a CancelToken,
}

impl Seeding<'_> {
    /// Returns the first drawing of a component; `None` once cancelled.
    pub(crate) fn seed(&self, component: Component) -> Option<Seeded> {
        let places: Vec<Place> = component.nodes.iter().map(|node| self.places[*node as usize]).collect();
        let given = places.iter().filter(|place| place.position().is_some()).count();
        if given == 0 {
            let points = self.by_distances(&component)?;
            return Some(Seeded { drawing: Drawing::free(component, points, Temperature::HOT), frame: None });
        }
        if !places.iter().any(is_loose) {
            let frame = Frame { origin: [0.0; 2], unit: 1.0 };
            return Some(Seeded {
                drawing: Drawing::held(component, Vec::new(), Vec::new(), Temperature::COLD),
                frame: Some(frame),
            });
        }
        let measured = frame(&component.adjacency, &places, self.unit);
        let mut frame = measured.frame;
        let known: Vec<Option<Point>> =
            places.iter().map(|place| place.position().map(|position| frame.inward(position))).collect();
        let drawing = if 2 * given < places.len() {
            let points = self.by_distances(&component)?;
            let Drawing { component, points, .. } = Drawing::free(component, points, Temperature::HOT);
            let similarity = laid_over(&points, &known);
            let mut points: Vec<Point> = known
                .into_iter()
                .zip(points)
                .map(|(known, point)| known.unwrap_or_else(|| similarity.apply(point)))
                .collect();
            if !measured.by_edges {
                // Positions far from each other say how long what is between them is to be.
                frame.unit *= similarity.scale();
                points.iter_mut().for_each(|point| *point = *point * single(1.0 / similarity.scale()));
            }
            let bodies = bodies(&component.adjacency, &places, &points);
            Drawing::held(component, points, bodies, Temperature::HOT)
        } else {
            let points = self.beside(&component, known);
            let bodies = bodies(&component.adjacency, &places, &points);
            Drawing::held(component, points, bodies, Temperature::WARM)
        };
        Some(Seeded { drawing, frame: Some(frame) })
    }

    /// Places nodes by their distances to others, and what is in one place a little apart.
    fn by_distances(&self, component: &Component) -> Option<Vec<Point>> {
        let points = pivot_mds(&component.adjacency, self.cancel)?;
        let apart = |(point, node): (Point, &u32)| point + jitter(self.seed, *node) * APART;
        Some(points.into_iter().zip(&component.nodes).map(apart).collect())
    }

    /// Places each node that has no place near the mean of its neighbours that have one, from these outward.
    fn beside(&self, component: &Component, mut known: Vec<Option<Point>>) -> Vec<Point> {
        let unknown = |node: &u32, known: &[Option<Point>]| known[*node as usize].is_none();
        let neighbours = |node: u32| component.adjacency.neighbours(node);
        let all = 0..index(known.len());
        let is_next = |node: &u32| unknown(node, &known) && neighbours(*node).iter().any(|next| !unknown(next, &known));
        let mut round: Vec<u32> = all.filter(is_next).collect();
        while !round.is_empty() {
            let place = |node: &u32| {
                let around = mean(neighbours(*node).iter().filter_map(|next| known[*next as usize]));
                Point::of_wide(around) + jitter(self.seed, component.nodes[*node as usize]) * BESIDE
            };
            let points: Vec<Point> = round.iter().map(place).collect();
            round.iter().zip(points).for_each(|(node, point)| known[*node as usize] = Some(point));
            round =
                round.iter().flat_map(|node| neighbours(*node)).copied().filter(|node| unknown(node, &known)).collect();
            round.sort_unstable();
            round.dedup();
        }
        known.into_iter().map(|point| point.expect("all nodes of a component can be reached")).collect()
    }
}

/// Tells whether a node goes where it is best.
fn is_loose(place: &Place) -> bool {
    matches!(place, Place::Free | Place::Loose(_))
}

/// A frame, and whether edges between given positions say how long its unit is.
struct Measured {
    frame: Frame,
    by_edges: bool,
}

/// Returns a frame in which the given positions would be at rest: its unit is the length that edges want to have there.
fn frame(graph: &Adjacency, places: &[Place], fallback: f64) -> Measured {
    let given = (0..).zip(places).filter_map(|(node, place)| Some((node, place.position()?)));
    let (nodes, positions): (Vec<u32>, Vec<[f32; 2]>) = given.unzip();
    let mut local = vec![u32::MAX; places.len()];
    (0..).zip(&nodes).for_each(|(place, node)| local[*node as usize] = place);
    let adjacency = graph.of_part(&nodes, &local);
    let origin = mean(positions.iter().copied().map(Point::from));
    let extent = positions.iter().map(|position| Point::from(*position) - Point::of_wide(origin));
    let extent = extent.map(|way| f64::from(way.length())).fold(0.0, f64::max);
    let length = adjacency.mean_length(&positions.iter().copied().map(Point::from).collect::<Vec<_>>());
    let Some(length) = length.filter(|length| *length > extent * EDGE_MIN) else {
        return Measured { frame: Frame { origin, unit: fallback.max(extent * EDGE_MIN) }, by_edges: false };
    };
    // With edges of about 1, numbers are neither too large nor too small to be squared.
    let frame = Frame { origin, unit: length };
    let points = positions.iter().map(|position| frame.inward(*position)).collect();
    let at_rest = Drawing::free(Component { nodes, adjacency }, points, Temperature::COLD);
    let length_at_rest = at_rest.component.adjacency.mean_length(&at_rest.points);
    Measured { frame: Frame { origin, unit: length / length_at_rest.unwrap_or(1.0) }, by_edges: true }
}

/// Returns what lays points over those that are known.
fn laid_over(points: &[Point], known: &[Option<Point>]) -> Similarity {
    let pairs: Vec<_> = points.iter().zip(known).filter_map(|(point, known)| Some((*point, (*known)?))).collect();
    Similarity::fit(&pairs)
}

/// Returns the nodes that may move. Kept ones are drawn back the more, the farther they are from what has changed: pin
/// weights as in Frishman and Tal, "Online dynamic graph drawing" (IEEE TVCG 14, 2008).
fn bodies(graph: &Adjacency, places: &[Place], points: &[Point]) -> Vec<Body> {
    let mut hops = vec![u32::MAX; places.len()];
    let mut round: Vec<u32> = (0..).zip(places).filter(|(_, place)| is_loose(place)).map(|(node, _)| node).collect();
    round.iter().for_each(|node| hops[*node as usize] = 0);
    for hop in 1..=HOPS_MAX {
        let mut next = Vec::new();
        for target in round.iter().flat_map(|node| graph.neighbours(*node)) {
            if hops[*target as usize] == u32::MAX {
                hops[*target as usize] = hop;
                next.push(*target);
            }
        }
        round = next;
    }
    let body = |node: u32| {
        let pull = match (places[node as usize], hops[node as usize]) {
            (Place::Free | Place::Loose(_), _) => 0.0,
            (Place::Kept(_), hop @ 1..=HOPS_MAX) => graph.neighbours(node).len() as f32 * PULL * hop as f32,
            (Place::Kept(_) | Place::Fixed(_) | Place::Absent, _) => return None,
        };
        Some(Body { node, pull, home: points[node as usize] })
    };
    (0..index(places.len())).filter_map(body).collect()
}
