//! One component while it is drawn: from a seed, by iterations, to rest.
//!
//! Every node moves at once, by what the positions before say, so no result depends on who was first.

use rayon::prelude::*;

use crate::adjacency::index;
use crate::balance::{Balance, repulsion_strength};
use crate::component::Component;
use crate::point::{Point, single};
use crate::quadtree::Quadtree;
use crate::temperature::Temperature;

/// Nodes that one thread takes at a time.
const CHUNK: usize = 256;

/// The part of the way to its own rest that a node goes: all others move too.
const DAMPING: f32 = 0.6;

/// A drawing rests when its nodes move less than this in the mean, in lengths of an edge.
const MOVEMENT_MIN: f32 = 5e-4;

/// A node that may move.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Body {
    /// Its place in the component.
    pub(crate) node: u32,
    /// How strongly it is drawn to where it was, in springs.
    pub(crate) pull: f32,
    /// Where it was.
    pub(crate) home: Point,
}

/// What one node does in an iteration.
#[derive(Debug, Clone, Copy, Default)]
struct Move {
    way: Point,
    balance: [f32; 3],
}

/// A component and where its nodes are, in lengths that an edge wants to have.
#[derive(Debug)]
pub(crate) struct Drawing {
    pub(crate) component: Component,
    pub(crate) points: Vec<Point>,
    bodies: Vec<Body>,
    /// Whether nothing holds it: it may be scaled.
    is_free: bool,
    start: Temperature,
    /// Mean length of the last moves.
    movement: f32,
    is_at_rest: bool,
    tree: Quadtree,
    moves: Vec<Move>,
}

impl Drawing {
    /// Returns a drawing that nothing holds, at the scale at which it has the least energy.
    pub(crate) fn free(component: Component, points: Vec<Point>, start: Temperature) -> Self {
        let free = |node| Body { node, pull: 0.0, home: Point::ORIGIN };
        let bodies = (0..index(points.len())).map(free).collect();
        let mut drawing = Self { is_free: true, ..Self::held(component, points, bodies, start) };
        drawing.measure(start.cooled(0).softening);
        drawing.scale(drawing.balance().factor());
        drawing
    }

    /// Returns a drawing in which only some nodes move.
    pub(crate) fn held(component: Component, points: Vec<Point>, bodies: Vec<Body>, start: Temperature) -> Self {
        let is_at_rest = bodies.is_empty();
        Self {
            component,
            points,
            bodies,
            is_free: false,
            start,
            movement: 0.0,
            is_at_rest,
            tree: Quadtree::default(),
            moves: Vec::new(),
        }
    }

    /// Returns the mean length of the last moves.
    pub(crate) fn movement(&self) -> f32 {
        self.movement
    }

    /// Tells whether going on would change next to nothing.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.is_at_rest
    }

    /// Returns the nodes that may have moved.
    pub(crate) fn moved(&self) -> impl Iterator<Item = u32> {
        self.bodies.iter().map(|body| body.node)
    }

    /// Moves each body once.
    pub(crate) fn iterate(&mut self, iteration: u32) {
        let Temperature { step_max, softening } = self.start.cooled(iteration);
        self.measure(softening);
        let mut total = 0.0;
        for (body, step) in self.bodies.iter().zip(&self.moves) {
            let way = step.way.at_most(step_max);
            self.points[body.node as usize] += way;
            total += f64::from(way.length());
        }
        self.movement = single(total / self.bodies.len() as f64);
        self.is_at_rest = self.movement <= MOVEMENT_MIN && self.start.cooled(iteration).is_cool();
        if self.is_free {
            self.scale(self.balance().factor().clamp(0.5, 2.0));
        }
    }

    /// Returns about how far a node is from its nearest.
    pub(crate) fn spacing(&mut self) -> f32 {
        self.tree.rebuild(&self.points);
        self.tree.spacing()
    }

    fn scale(&mut self, factor: f64) {
        let factor = single(factor);
        self.points.iter_mut().for_each(|point| *point = *point * factor);
    }

    /// Finds out what each body is to do.
    fn measure(&mut self, softening: f32) {
        self.tree.rebuild(&self.points);
        let strength = repulsion_strength(self.points.len());
        let mut moves = std::mem::take(&mut self.moves);
        let one = |body: &Body| self.step(*body, strength, softening);
        self.bodies.par_iter().with_min_len(CHUNK).map(one).collect_into_vec(&mut moves);
        self.moves = moves;
    }

    fn step(&self, body: Body, strength: f32, softening: f32) -> Move {
        let at = self.points[body.node as usize];
        let (mut force, mut lengths, mut squares) = ((body.home - at) * body.pull, 0.0, 0.0);
        let neighbours = self.component.adjacency.neighbours(body.node);
        for target in neighbours {
            let way = self.points[*target as usize] - at;
            let square = way.length_squared();
            let length = square.sqrt();
            if length > 0.0 {
                force += way * (1.0 - 1.0 / length);
            }
            lengths += length;
            squares += square;
        }
        let repulsion = self.tree.repulsion(at, softening);
        force += repulsion.force * strength;
        let stiffness = neighbours.len() as f32 + body.pull + strength * repulsion.stiffness;
        let way = force * (DAMPING / stiffness);
        Move { way, balance: [lengths, squares, strength * repulsion.virial] }
    }

    /// Sums up what was measured: every edge and every pair twice.
    fn balance(&self) -> Balance {
        self.moves.iter().fold(Balance::default(), |sum, step| Balance {
            lengths: sum.lengths + f64::from(step.balance[0]),
            squares: sum.squares + f64::from(step.balance[1]),
            virial: sum.virial + f64::from(step.balance[2]),
        })
    }
}
