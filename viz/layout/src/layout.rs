//! A layout of a whole graph, done in steps.

use rayon::prelude::*;

use crate::adjacency::Adjacency;
use crate::arrangement::{Surroundings, arrange, bounds};
use crate::cancel::CancelToken;
use crate::component::{Component, components};
use crate::error::{LayoutError, POSITION_MAX};
use crate::place::Place;
use crate::point::Point;
use crate::quadtree::Quadtree;
use crate::seed::{Seeded, Seeding};
use crate::temperature::ITERATIONS_MAX;

/// How far a layout has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Only nodes whose positions were given are anywhere.
    Begun,
    /// All positions can be used, and more steps make them better.
    Refining,
    /// More steps change nothing.
    Done,
    /// Somebody cancelled; positions are as they were then.
    Cancelled,
}

/// What a step came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// How far the layout has come.
    pub stage: Stage,
    /// Iterations so far, the seed among them.
    pub iterations: u32,
    /// How many iterations there are at most.
    pub iterations_max: u32,
    /// How far nodes that could move went in the last iteration, in the mean, in lengths that an edge wants to have.
    pub movement: f32,
}

/// A layout of a graph in the plane, as good as the steps so far have made it.
///
/// What it does is described in the documentation of the crate.
#[derive(Debug)]
pub struct Layout {
    places: Vec<Place>,
    seed: u64,
    cancel: CancelToken,
    /// What is still to be seeded.
    components: Vec<Component>,
    /// Free nodes without edges.
    isolated: Vec<u32>,
    seeded: Vec<Seeded>,
    around: Option<Surroundings>,
    positions: Vec<[f32; 2]>,
    stage: Stage,
    iterations: u32,
}

impl Layout {
    /// Begins a layout of `places.len()` nodes and of edges between them. Directions, self-loops, repetitions and the order
    /// of edges change nothing. Takes time linear in both, and places nothing yet.
    ///
    /// # Errors
    /// [`LayoutError`] where an edge names a node that is not there, or a position is not finite or too far out.
    pub fn new(edges: &[[u32; 2]], places: &[Place], seed: u64) -> Result<Self, LayoutError> {
        check(edges, places)?;
        let (mut components, mut isolated) = components(&Adjacency::of_edges(places.len(), edges));
        components.sort_by_key(|component| std::cmp::Reverse(component.nodes.len()));
        isolated.retain(|node| places[*node as usize] == Place::Free);
        Ok(Self {
            seed,
            cancel: CancelToken::default(),
            components,
            isolated,
            seeded: Vec::new(),
            around: surroundings(places),
            positions: places.iter().map(|place| place.position().unwrap_or_default()).collect(),
            places: places.to_vec(),
            stage: Stage::Begun,
            iterations: 0,
        })
    }

    /// Goes on for so many iterations at most, on the threads of the current rayon pool, and says how far that led. The
    /// first iteration is the seed. How iterations are divided into steps makes no difference to the result.
    pub fn step(&mut self, iterations: u32) -> Progress {
        let begin = self.iterations;
        while self.iterations - begin < iterations && matches!(self.stage, Stage::Begun | Stage::Refining) {
            self.stage = if self.cancel.is_cancelled() { Stage::Cancelled } else { self.iterate() };
        }
        if self.iterations > begin {
            self.publish();
        }
        self.progress()
    }

    /// Returns how far the layout has come.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let moving = self.seeded.iter().map(|seeded| &seeded.drawing).filter(|drawing| !drawing.is_at_rest());
        let (total, count) = moving.fold((0.0, 0.0), |(total, count), drawing| {
            let bodies = drawing.moved().count() as f32;
            (total + drawing.movement() * bodies, count + bodies)
        });
        let movement = if count > 0.0 { total / count } else { 0.0 };
        Progress { stage: self.stage, iterations: self.iterations, iterations_max: ITERATIONS_MAX, movement }
    }

    /// Returns the position of each node: those given until the first step, then those of the last step. Absent nodes, and
    /// free ones before the first step, are at the origin.
    #[must_use]
    pub fn positions(&self) -> &[[f32; 2]] {
        &self.positions
    }

    /// Returns what stops this layout, also from another thread.
    #[must_use]
    pub fn cancel_token(&self) -> CancelToken {
        self.cancel.clone()
    }

    /// Seeds, or moves every node once.
    fn iterate(&mut self) -> Stage {
        if self.stage == Stage::Begun {
            let unit = self.around.and_then(|around| around.spacing).unwrap_or(1.0);
            let seeding = Seeding { places: &self.places, unit, seed: self.seed, cancel: &self.cancel };
            let components = std::mem::take(&mut self.components);
            let Some(seeded) = components.into_par_iter().map(|component| seeding.seed(component)).collect() else {
                return Stage::Cancelled;
            };
            self.seeded = seeded;
        } else {
            let iteration = self.iterations - 1;
            let moving = self.seeded.par_iter_mut().filter(|seeded| !seeded.drawing.is_at_rest());
            moving.for_each(|seeded| seeded.drawing.iterate(iteration));
        }
        self.iterations += 1;
        let is_done = self.iterations == ITERATIONS_MAX || self.seeded.iter().all(|seeded| seeded.drawing.is_at_rest());
        if is_done { Stage::Done } else { Stage::Refining }
    }

    /// Turns drawings into positions. What did not move stays exactly where it was given.
    fn publish(&mut self) {
        let mut free = Vec::new();
        for seeded in &mut self.seeded {
            let Some(frame) = seeded.frame else {
                free.push(&mut seeded.drawing);
                continue;
            };
            let drawing = &seeded.drawing;
            for node in drawing.moved() {
                let place = drawing.component.nodes[node as usize] as usize;
                self.positions[place] = frame.outward(drawing.points[node as usize]);
            }
        }
        arrange(&mut free, &self.isolated, self.around, &mut self.positions);
    }
}

fn check(edges: &[[u32; 2]], places: &[Place]) -> Result<(), LayoutError> {
    let nodes = places.len();
    if u32::try_from(nodes).is_err() || u32::try_from(edges.len().saturating_mul(2)).is_err() {
        return Err(LayoutError::TooLarge { nodes, edges: edges.len() });
    }
    for (edge, ends) in edges.iter().enumerate() {
        for &node in ends {
            match places.get(node as usize) {
                None => return Err(LayoutError::NodeOutOfRange { edge, node, nodes }),
                Some(Place::Absent) => return Err(LayoutError::NodeAbsent { edge, node }),
                Some(Place::Free | Place::Loose(_) | Place::Kept(_) | Place::Fixed(_)) => {}
            }
        }
    }
    for (node, place) in (0..).zip(places) {
        if let Some(position) =
            place.position().filter(|position| position.iter().any(|c| c.is_nan() || c.abs() > POSITION_MAX))
        {
            return Err(LayoutError::Position { node, position });
        }
    }
    Ok(())
}

/// Returns what the given positions take up.
fn surroundings(places: &[Place]) -> Option<Surroundings> {
    let given: Vec<Point> = places.iter().filter_map(|place| place.position()).map(Point::from).collect();
    if given.is_empty() {
        return None;
    }
    let mut tree = Quadtree::default();
    tree.rebuild(&given);
    let spacing = Some(f64::from(tree.spacing())).filter(|spacing| *spacing > 0.0);
    Some(Surroundings { bounds: bounds(given.into_iter()), spacing })
}
