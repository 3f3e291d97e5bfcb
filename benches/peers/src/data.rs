//! The data and the questions, as plain little-endian files that every language reads.
//!
//! `nodes`: three bytes a node: kind, color, score. `edges`: source and target, four bytes each. `points`: node numbers
//! to be read. `starts`: node numbers whose two hops are counted. `pairs`: two node numbers between which the shortest
//! path is looked for.

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;

use cidgraph::{GraphId, Value};
use cidgraph_harness::random::Random;
use cidgraph_harness::workload::{COLORS, EdgeShape, EdgeSource, KINDS, NodeSource};

use crate::Outcome;

/// How many nodes are read, how many starts of two hops and how many pairs there are.
const POINTS: usize = 20_000;
const STARTS: usize = 2_000;
const PAIRS: usize = 25;

/// What all draws come from.
const SEED: u64 = 20_261_128;

/// A node's numbers: of its kind and color, and its score.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node {
    pub(crate) kind: u8,
    pub(crate) color: u8,
    pub(crate) score: u8,
}

impl Node {
    pub(crate) fn kind(self) -> &'static str {
        KINDS[usize::from(self.kind)]
    }

    pub(crate) fn color(self) -> &'static str {
        COLORS[usize::from(self.color)]
    }

    /// What a point read answers of a node.
    pub(crate) fn answer(color: &str, score: i64) -> u64 {
        let color = COLORS.iter().position(|name| *name == color).unwrap_or(COLORS.len());
        u64::try_from(score).unwrap_or(u64::MAX).wrapping_mul(100).wrapping_add(color as u64)
    }
}

/// The questions.
#[derive(Debug)]
pub(crate) struct Questions {
    pub(crate) points: Vec<u32>,
    pub(crate) starts: Vec<u32>,
    pub(crate) pairs: Vec<[u32; 2]>,
}

/// Writes the data of a graph and the questions to `folder`.
pub(crate) fn write(folder: &Path, nodes: u64, edges: u64) -> Outcome<()> {
    let source = NodeSource::new(GraphId::named("peers"), SEED);
    let mut out = BufWriter::new(File::create(folder.join("nodes"))?);
    for number in 0..nodes {
        let visual = source.visual(number);
        let kind = place(&KINDS, source.kind(number))?;
        let (Some(Value::Text(color)), Some(Value::Int(score))) = (visual.get("color"), visual.get("score")) else {
            return Err("a generated node has a color and a score".into());
        };
        out.write_all(&[kind, place(&COLORS, color)?, u8::try_from(*score)?])?;
    }
    out.into_inner()?.sync_all()?;
    let mut drawn = EdgeSource::new(EdgeShape::UniformQuadratic, SEED);
    let mut out = BufWriter::new(File::create(folder.join("edges"))?);
    for _ in 0..edges {
        let (source, target) = drawn.draw(nodes);
        out.write_all(&u32::try_from(source)?.to_le_bytes())?;
        out.write_all(&u32::try_from(target)?.to_le_bytes())?;
    }
    out.into_inner()?.sync_all()?;
    let mut random = Random::new(SEED ^ 1);
    for (name, count) in [("points", POINTS), ("starts", STARTS), ("pairs", 2 * PAIRS)] {
        let numbers: Vec<u8> = (0..count).flat_map(|_| (random.below(nodes) as u32).to_le_bytes()).collect();
        fs::write(folder.join(name), numbers)?;
    }
    Ok(())
}

fn place(names: &[&str], name: &str) -> Outcome<u8> {
    let place = names.iter().position(|have| *have == name).ok_or("a generated name is known")?;
    Ok(u8::try_from(place)?)
}

/// Returns the nodes of `folder` one after another.
pub(crate) fn nodes(folder: &Path) -> Outcome<impl Iterator<Item = Node>> {
    Ok(records(folder, "nodes")?.map(|[kind, color, score]| Node { kind, color, score }))
}

/// Returns the edges of `folder` one after another.
pub(crate) fn edges(folder: &Path) -> Outcome<impl Iterator<Item = (u32, u32)>> {
    Ok(records::<8>(folder, "edges")?.map(|bytes| {
        let [a, b, c, d, e, f, g, h] = bytes;
        (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]))
    }))
}

/// Returns the questions of `folder`.
pub(crate) fn questions(folder: &Path) -> Outcome<Questions> {
    let numbers = |name| Ok::<_, Box<dyn std::error::Error>>(records(folder, name)?.map(u32::from_le_bytes));
    let pairs: Vec<u32> = numbers("pairs")?.collect();
    Ok(Questions {
        points: numbers("points")?.collect(),
        starts: numbers("starts")?.collect(),
        pairs: pairs.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect(),
    })
}

fn records<const N: usize>(folder: &Path, name: &str) -> Outcome<impl Iterator<Item = [u8; N]> + use<N>> {
    let mut file = BufReader::with_capacity(1 << 20, File::open(folder.join(name))?);
    Ok(std::iter::from_fn(move || {
        let mut record = [0; N];
        file.read_exact(&mut record).ok().map(|()| record)
    }))
}
