//! OverGraph: its files in a folder, equality indices on both properties.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use cidgraph_harness::workload::KINDS;
use overgraph::{
    DatabaseEngine, DbOptions, EdgeInput, EngineError, LabelMatchMode, NodeFilterExpr, NodeInput, NodeLabelFilter,
    NodeQuery, PropValue, SecondaryIndexField, SecondaryIndexSpec, ShortestPathOptions, TraverseOptions,
};

use super::Peer;
use crate::Outcome;
use crate::data::Node;

/// How many elements one call brings.
const BATCH: usize = 10_000;

/// For how long a call is made again.
const PATIENCE: Duration = Duration::from_secs(120);

/// A database in a folder.
pub(crate) struct Overgraph {
    home: PathBuf,
    database: Option<DatabaseEngine>,
    /// The id of node 0; the others follow, as they were added in order.
    first: u64,
}

impl Overgraph {
    pub(crate) fn new(home: &Path) -> Self {
        Self { home: home.join("database"), database: None, first: 0 }
    }

    fn database(&self) -> Outcome<&DatabaseEngine> {
        Ok(self.database.as_ref().ok_or("the database is open")?)
    }

    fn id(&self, node: u32) -> u64 {
        self.first + u64::from(node)
    }
}

/// Calls again where the database asks for that: it refuses writes while it is behind with its files.
fn patiently<T>(call: impl Fn() -> Result<T, EngineError>) -> Result<T, EngineError> {
    let started = Instant::now();
    loop {
        match call() {
            Err(EngineError::ResourceLimit { retryable: true, .. }) if started.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(20));
            }
            answer => return answer,
        }
    }
}

impl Peer for Overgraph {
    fn load(
        &mut self,
        nodes: &mut dyn Iterator<Item = Node>,
        edges: &mut dyn Iterator<Item = (u32, u32)>,
    ) -> Outcome<()> {
        let database = DatabaseEngine::open(&self.home, &DbOptions::default())?;
        let mut nodes = (0_u32..).zip(nodes).peekable();
        let mut expected = None;
        while nodes.peek().is_some() {
            let batch: Vec<_> = nodes.by_ref().take(BATCH).map(|(number, node)| input(number, node)).collect();
            for id in patiently(|| database.batch_upsert_nodes(batch.clone()))? {
                self.first = if expected.is_none() { id } else { self.first };
                if expected.is_some_and(|expected| expected != id) {
                    return Err("ids do not follow one another".into());
                }
                expected = Some(id + 1);
            }
        }
        let mut edges = edges.peekable();
        while edges.peek().is_some() {
            let edge = |(source, target)| EdgeInput {
                from: self.id(source),
                to: self.id(target),
                label: "knows".to_owned(),
                props: BTreeMap::new(),
                weight: 1.0,
                valid_from: None,
                valid_to: None,
            };
            let batch: Vec<_> = edges.by_ref().take(BATCH).map(edge).collect();
            patiently(|| database.batch_upsert_edges(batch.clone()))?;
        }
        for kind in KINDS {
            let spec = || SecondaryIndexSpec::equality(vec![SecondaryIndexField::property("color")]);
            patiently(|| database.ensure_node_property_index(kind, spec()))?;
        }
        patiently(|| database.flush())?;
        patiently(|| database.sync())?;
        std::fs::write(self.home.with_extension("first"), self.first.to_string())?;
        self.database = Some(database);
        Ok(())
    }

    fn open(&mut self) -> Outcome<bool> {
        self.first = std::fs::read_to_string(self.home.with_extension("first"))?.parse()?;
        self.database = Some(DatabaseEngine::open(&self.home, &DbOptions::default())?);
        Ok(true)
    }

    fn point(&self, node: u32) -> Outcome<u64> {
        let found = self.database()?.get_node(self.id(node))?.ok_or("the node is there")?;
        match (found.props.get("color"), found.props.get("score")) {
            (Some(PropValue::String(color)), Some(PropValue::Int(score))) => Ok(Node::answer(color, *score)),
            other => Err(format!("{other:?}").into()),
        }
    }

    fn count(&self, kind: &str, color: &str) -> Outcome<u64> {
        let query = NodeQuery {
            label_filter: Some(NodeLabelFilter { labels: vec![kind.to_owned()], mode: LabelMatchMode::All }),
            filter: Some(NodeFilterExpr::PropertyEquals {
                key: "color".to_owned(),
                value: PropValue::String(color.to_owned()),
            }),
            ..NodeQuery::default()
        };
        Ok(self.database()?.query_node_ids(&query)?.items.len() as u64)
    }

    fn two_hop(&self, node: u32) -> Outcome<u64> {
        let found = self.database()?.traverse(self.id(node), 2, &TraverseOptions::default())?;
        Ok(found.items.len() as u64)
    }

    fn path(&self, from: u32, to: u32) -> Outcome<Option<u64>> {
        let found = self.database()?.shortest_path(self.id(from), self.id(to), &ShortestPathOptions::default())?;
        Ok(found.map(|path| path.edges.len() as u64))
    }
}

fn input(number: u32, node: Node) -> NodeInput {
    NodeInput {
        labels: vec![node.kind().to_owned()],
        key: number.to_string(),
        props: BTreeMap::from([
            ("color".to_owned(), PropValue::String(node.color().to_owned())),
            ("score".to_owned(), PropValue::Int(i64::from(node.score))),
        ]),
        weight: 1.0,
        dense_vector: None,
        sparse_vector: None,
    }
}
