//! Generated nodes: kind, color and score are skewed, so that some values are common and others rare.
//!
//! Node number i is the same whatever was generated before it, so readers can ask for a node that they never stored.

use cidgraph::{GraphId, Key, Name, NodeEntity, NodeId, Properties, Value};

use crate::random::Random;

/// The component that every generated node has: `Visual {color, score}`.
pub const VISUAL: &str = "Visual";

/// The kinds of generated nodes, the most frequent first.
pub const KINDS: [&str; 8] = ["Person", "Document", "Place", "Event", "Product", "Company", "Topic", "Device"];

/// The values of `Visual.color`, the most frequent first.
pub const COLORS: [&str; 16] = [
    "blue", "green", "red", "amber", "violet", "teal", "orange", "pink", "brown", "cyan", "lime", "indigo", "olive",
    "coral", "silver", "white",
];

/// How many values `Visual.score` takes in a skewed workload: 0 to 99, small ones more often.
pub const SCORE_MAX: u64 = 100;

/// Generates the nodes of one graph.
#[derive(Debug, Clone)]
pub struct NodeSource {
    graph: GraphId,
    seed: u64,
    distinct: bool,
    kinds: [Name; 8],
    colors: [Name; 16],
}

impl NodeSource {
    /// Makes the nodes of `graph`: without keys, few distinct values.
    pub fn new(graph: GraphId, seed: u64) -> Self {
        Self { graph, seed, distinct: false, kinds: KINDS.map(Name::new_static), colors: COLORS.map(Name::new_static) }
    }

    /// Gives every node its own score (its number) and its own 16-byte key.
    #[must_use]
    pub const fn distinct(mut self) -> Self {
        self.distinct = true;
        self
    }

    /// Returns the graph.
    pub const fn graph(&self) -> GraphId {
        self.graph
    }

    /// Returns the id of node number `number`.
    pub fn id(&self, number: u64) -> NodeId {
        if self.distinct {
            return NodeId::of_key(self.graph, self.kind(number), &key(number));
        }
        let mut random = self.draws(number);
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&random.bits().to_be_bytes());
        bytes[8..].copy_from_slice(&random.bits().to_be_bytes());
        NodeId::from_bytes(bytes)
    }

    /// Returns the kind of node number `number`.
    pub fn kind(&self, number: u64) -> &Name {
        &self.kinds[skewed(&mut self.draws(number ^ 1 << 63), 8)]
    }

    /// Returns the `Visual` properties of node number `number`.
    pub fn visual(&self, number: u64) -> Properties {
        self.draw_visual(&mut self.draws(number ^ 1 << 62), number)
    }

    /// Returns other `Visual` properties for node number `number`: the `change`-th after the first.
    pub fn changed_visual(&self, number: u64, change: u64) -> Properties {
        self.draw_visual(&mut Random::at(self.seed ^ 0x00c0_ffee, number ^ change.rotate_left(32)), number)
    }

    /// Returns node number `number`.
    pub fn node(&self, number: u64) -> NodeEntity {
        let key = self.distinct.then(|| key(number));
        let node = NodeEntity { id: self.id(number), kind: self.kind(number).clone(), key, components: Vec::new() };
        node.with(Name::new_static(VISUAL), self.visual(number))
    }

    fn draws(&self, element: u64) -> Random {
        Random::at(self.seed, element)
    }

    fn draw_visual(&self, random: &mut Random, number: u64) -> Properties {
        let color = self.colors[skewed(random, 16)].clone();
        let drawn = random.quadratic_below(SCORE_MAX);
        let score = if self.distinct { number } else { drawn };
        let score = i64::try_from(score).expect("a node's number fits in 63 bits");
        let pairs =
            vec![(Name::new_static("color"), Value::Text(color)), (Name::new_static("score"), Value::Int(score))];
        Properties::from_sorted(pairs).expect("color comes before score")
    }
}

fn skewed(random: &mut Random, values: u64) -> usize {
    crate::number::index(random.quadratic_below(values))
}

fn key(number: u64) -> Key {
    Key::Text(Name::new(format!("{number:016x}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_color_is_the_most_frequent() {
        let source = NodeSource::new(GraphId::from_u64(1), 7);
        let mut counts = [0; 16];
        for number in 0..10_000 {
            let visual = source.visual(number);
            let color = visual.get("color").cloned();
            counts[COLORS.iter().position(|name| color == Some(Value::text(name))).expect("a known color")] += 1;
        }
        assert!((2_300..2_700).contains(&counts[0]), "{counts:?}");
        assert!(counts.iter().all(|&count| count > 100), "{counts:?}");
    }

    #[test]
    fn distinct_nodes_have_their_own_key_and_score() {
        let source = NodeSource::new(GraphId::from_u64(1), 7).distinct();
        let node = source.node(255);
        assert_eq!(node.key, Some(Key::from("00000000000000ff")));
        assert_eq!(node.id, source.id(255));
        assert_eq!(node.components[0].properties.get("score"), Some(&Value::Int(255)));
        assert_ne!(source.changed_visual(255, 0), source.changed_visual(255, 1));
    }
}
