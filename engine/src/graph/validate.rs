//! The proof that all that an aggregate derives from its state is what the state makes it.

use std::collections::BTreeMap;

use crate::pool::{ComponentId, SetId};
use crate::topology::NodeIndex;

use super::draft::GraphAggregate;
use super::facts::LiveFacts;
use super::hierarchy::Hierarchy;

type Valid = Result<(), String>;

impl GraphAggregate {
    /// Counts, links and indexes everything again and compares; proportional to the size of the graph.
    ///
    /// # Errors
    /// Says what differs first.
    pub fn validate(&self) -> Valid {
        self.validate_nodes()?;
        self.validate_edges()?;
        self.validate_hierarchy()?;
        self.validate_uses()?;
        self.validate_index()
    }

    fn validate_nodes(&self) -> Valid {
        let at = self.at();
        same("nodes", &self.place.node_count, &at.nodes().count())?;
        at.nodes().try_for_each(|node| same("a node by its id", &at.find_node(at.node_id(node)), &Some(node)))
    }

    fn validate_edges(&self) -> Valid {
        let at = self.at();
        same("edges", &self.place.edge_count, &at.edges().count())?;
        same("outgoing edges", &self.place.edge_count, &at.nodes().map(|node| at.outgoing(node).count()).sum())?;
        same("incoming edges", &self.place.edge_count, &at.nodes().map(|node| at.incoming(node).count()).sum())?;
        at.edges().try_for_each(|edge| {
            let (source, target) = at.edge_ends(edge);
            same("an edge by its id", &at.find_edge(at.edge_id(edge)), &Some(edge))?;
            same("whether an edge's source is there", &at.contains_node(source), &true)?;
            same("whether an edge's target is there", &at.contains_node(target), &true)
        })
    }

    fn validate_hierarchy(&self) -> Valid {
        let expected = Hierarchy::gather(self.at());
        self.at().nodes().try_for_each(|node| {
            let have: Vec<u32> = self.hierarchy.children(self.at(), node).into_iter().map(ordinal).collect();
            let expected = expected.get(&ordinal(node)).into_iter().flatten().copied().collect();
            same("children", &have, &expected)
        })
    }

    fn validate_uses(&self) -> Valid {
        let mut sets: BTreeMap<SetId, u64> = BTreeMap::new();
        self.at().nodes().for_each(|node| *sets.entry(self.at().node_set(node)).or_default() += 1);
        same("uses of component sets", &self.pool.set_uses().collect(), &sets)?;
        let mut components: BTreeMap<ComponentId, u64> = BTreeMap::new();
        let properties = self.at().edges().filter_map(|edge| self.at().edge_properties(edge));
        properties.for_each(|component| *components.entry(component).or_default() += 1);
        same("uses of edge properties", &self.pool.component_uses().collect(), &components)
    }

    fn validate_index(&self) -> Valid {
        let at = self.generation.at(self.indexed.stamp);
        let facts = |node: NodeIndex| LiveFacts::new(at, node, &self.rules.registry);
        self.indexed.index.validate(at.nodes().map(|node| (ordinal(node), facts(node))))
    }
}

fn ordinal(node: NodeIndex) -> u32 {
    u32::try_from(node.index()).expect("node ordinals have 32 bits")
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, have: &T, expected: &T) -> Valid {
    if have == expected { Ok(()) } else { Err(format!("{what}: {have:?}, not {expected:?}")) }
}
