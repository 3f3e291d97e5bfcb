//! Grafeo: one file, a property index on the color; walks on its store, as its own algorithms walk.

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};

use grafeo::database::BatchEdge;
use grafeo::{GrafeoDB, NodeId, Value};
use grafeo_core::graph::Direction;

use super::Peer;
use crate::Outcome;
use crate::data::Node;

/// How many elements one call brings.
const BATCH: usize = 10_000;

/// A database in a file.
pub(crate) struct Grafeo {
    home: PathBuf,
    database: Option<GrafeoDB>,
    ids: Vec<NodeId>,
}

impl Grafeo {
    pub(crate) fn new(home: &Path) -> Self {
        Self { home: home.join("graph.grafeo"), database: None, ids: Vec::new() }
    }

    fn database(&self) -> Outcome<&GrafeoDB> {
        Ok(self.database.as_ref().ok_or("the database is open")?)
    }
}

impl Peer for Grafeo {
    fn load(
        &mut self,
        nodes: &mut dyn Iterator<Item = Node>,
        edges: &mut dyn Iterator<Item = (u32, u32)>,
    ) -> Outcome<()> {
        let database = GrafeoDB::open(&self.home)?;
        let mut by_kind: HashMap<&str, Vec<(usize, HashMap<_, _>)>> = HashMap::new();
        let flush = |kind: &str, batch: &mut Vec<(usize, HashMap<_, _>)>, ids: &mut Vec<NodeId>| -> Outcome<()> {
            let (numbers, properties): (Vec<usize>, Vec<_>) = batch.drain(..).unzip();
            for (number, id) in numbers.into_iter().zip(database.batch_create_nodes_with_props(kind, properties)?) {
                if number >= ids.len() {
                    ids.resize(number + 1, NodeId::new(0));
                }
                ids[number] = id;
            }
            Ok(())
        };
        for (number, node) in nodes.enumerate() {
            let batch = by_kind.entry(node.kind()).or_default();
            let color = ("color".into(), Value::from(node.color()));
            batch.push((number, HashMap::from([color, ("score".into(), Value::from(i64::from(node.score)))])));
            if batch.len() == BATCH {
                flush(node.kind(), batch, &mut self.ids)?;
            }
        }
        for (kind, batch) in &mut by_kind {
            flush(kind, batch, &mut self.ids)?;
        }
        drop(by_kind);
        let mut edges = edges.peekable();
        while edges.peek().is_some() {
            let edge = |(source, target): (u32, u32)| {
                BatchEdge::new(self.ids[source as usize], self.ids[target as usize], "knows")
            };
            database.batch_create_edges(edges.by_ref().take(BATCH).map(edge).collect())?;
        }
        database.create_property_index("color");
        database.wal_checkpoint()?;
        let ids: Vec<u8> = self.ids.iter().flat_map(|id| id.as_u64().to_le_bytes()).collect();
        std::fs::write(self.home.with_extension("ids"), ids)?;
        self.database = Some(database);
        Ok(())
    }

    fn open(&mut self) -> Outcome<bool> {
        let ids = std::fs::read(self.home.with_extension("ids"))?;
        let id = |bytes: &[u8]| Ok::<_, Box<dyn std::error::Error>>(NodeId::new(u64::from_le_bytes(bytes.try_into()?)));
        self.ids = ids.chunks_exact(8).map(id).collect::<Outcome<_>>()?;
        self.database = Some(GrafeoDB::open(&self.home)?);
        Ok(true)
    }

    fn point(&self, node: u32) -> Outcome<u64> {
        let found = self.database()?.get_node(self.ids[node as usize]).ok_or("the node is there")?;
        match (found.get_property("color"), found.get_property("score")) {
            (Some(Value::String(color)), Some(Value::Int64(score))) => Ok(Node::answer(color, *score)),
            other => Err(format!("{other:?}").into()),
        }
    }

    fn count(&self, kind: &str, color: &str) -> Outcome<u64> {
        let query = format!("MATCH (n:{kind}) WHERE n.color = '{color}' RETURN count(n)");
        let result = self.database()?.session().execute(&query)?;
        match result.rows().first().and_then(|row| row.first()) {
            Some(Value::Int64(count)) => Ok(u64::try_from(*count)?),
            other => Err(format!("{other:?}").into()),
        }
    }

    fn two_hop(&self, node: u32) -> Outcome<u64> {
        let store = self.database()?.graph_store();
        let start = self.ids[node as usize];
        let mut seen = HashSet::new();
        for near in store.neighbors(start, Direction::Outgoing) {
            seen.insert(near);
            seen.extend(store.neighbors(near, Direction::Outgoing));
        }
        seen.remove(&start);
        Ok(seen.len() as u64)
    }

    fn path(&self, from: u32, to: u32) -> Outcome<Option<u64>> {
        let store = self.database()?.graph_store();
        let (start, goal) = (self.ids[from as usize], self.ids[to as usize]);
        let mut seen = HashSet::from([start]);
        let mut next = VecDeque::from([(start, 0)]);
        while let Some((node, length)) = next.pop_front() {
            if node == goal {
                return Ok(Some(length));
            }
            for near in store.neighbors(node, Direction::Outgoing) {
                if seen.insert(near) {
                    next.push_back((near, length + 1));
                }
            }
        }
        Ok(None)
    }
}
