//! The algorithms give the outputs that LDBC Graphalytics publishes for its validation graphs.
//!
//! Parameters are those of its test suite: source vertex 1 (2 in the undirected example), damping 0.85, and the number
//! of iterations that the outputs were made with. Undirected graphs are kept with one edge a pair.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its data fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use cidgraph::algorithm::{
    CancelToken, Direction, Orientation, PageRank, breadth_first, distances, label_propagation, local_clustering,
    page_rank, weak_components,
};
use cidgraph::topology::{EdgeIndex, EdgeListGraph, NodeIndex, Topology};

/// The relative difference that the specification allows.
const EPSILON: f64 = 1e-4;

/// What the specification writes where a vertex cannot be reached.
const UNREACHED: u64 = i64::MAX as u64;

struct Dataset {
    ids: Vec<u64>,
    graph: EdgeListGraph,
    weights: Vec<f64>,
    orientation: Orientation,
}

/// Returns the text of a file of the validation data, or `None`, with the reason printed, where the data is missing.
fn text(name: &str) -> Option<String> {
    let root = std::env::var_os("CIDGRAPH_DATA")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data")), PathBuf::from);
    let folder = root.join("graphalytics");
    if !folder.is_dir() {
        assert!(std::env::var_os("CI").is_none(), "{} is missing", folder.display());
        eprintln!("skipped: {} is missing", folder.display());
        return None;
    }
    Some(std::fs::read_to_string(folder.join(name)).unwrap())
}

fn rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.lines().map(|line| line.split_ascii_whitespace().collect::<Vec<_>>()).filter(|row| !row.is_empty())
}

impl Dataset {
    /// Reads lines of a vertex and the vertices next to it.
    fn adjacency(name: &str, orientation: Orientation) -> Option<Self> {
        let text = text(name)?;
        let rows: Vec<Vec<u64>> = rows(&text).map(|row| row.iter().map(|id| id.parse().unwrap()).collect()).collect();
        let ids = rows.iter().flatten().copied().collect();
        let edges = rows.iter().flat_map(|row| row[1..].iter().map(|target| (row[0], *target, 1.0))).collect();
        Some(Self::new(ids, edges, orientation))
    }

    /// Reads a list of vertices and a list of weighted edges.
    fn weighted(name: &str, orientation: Orientation) -> Option<Self> {
        let (vertices, edges) = (text(&format!("{name}.v"))?, text(&format!("{name}.e"))?);
        let ids = rows(&vertices).map(|row| row[0].parse().unwrap()).collect();
        let edge = |row: Vec<&str>| (row[0].parse().unwrap(), row[1].parse().unwrap(), row[2].parse().unwrap());
        Some(Self::new(ids, rows(&edges).map(edge).collect(), orientation))
    }

    fn new(ids: BTreeSet<u64>, edges: Vec<(u64, u64, f64)>, orientation: Orientation) -> Self {
        let ids: Vec<u64> = ids.into_iter().collect();
        let mut weights = BTreeMap::new();
        for (source, target, weight) in edges {
            let ends = match orientation {
                Orientation::Directed => (source, target),
                Orientation::Undirected => (source.min(target), source.max(target)),
            };
            weights.insert(ends, weight);
        }
        let ordinal = |id: &u64| u32::try_from(ids.binary_search(id).unwrap()).unwrap();
        let edges: Vec<(u32, u32)> =
            weights.keys().map(|(source, target)| (ordinal(source), ordinal(target))).collect();
        let graph = EdgeListGraph::new(ids.len(), &edges);
        Self { ids, graph, weights: weights.into_values().collect(), orientation }
    }

    fn node(&self, id: u64) -> NodeIndex {
        NodeIndex::new(self.ids.binary_search(&id).unwrap())
    }

    fn direction(&self) -> Direction {
        match self.orientation {
            Orientation::Directed => Direction::Outgoing,
            Orientation::Undirected => Direction::Both,
        }
    }

    fn bfs(&self, source: u64) -> Vec<u64> {
        let levels = breadth_first(&self.graph, self.node(source), self.direction(), &CancelToken::new()).unwrap();
        let mut answer = vec![UNREACHED; self.ids.len()];
        levels.distances().for_each(|(node, distance)| answer[node.index()] = distance as u64);
        answer
    }

    fn cdlp(&self, iterations: usize) -> Vec<u64> {
        let id = |node: NodeIndex| self.ids[node.index()];
        label_propagation(&self.graph, id, iterations, &CancelToken::new()).unwrap()
    }

    /// Names each component after its least vertex.
    fn wcc(&self) -> Vec<u64> {
        let components = weak_components(&self.graph, &CancelToken::new()).unwrap();
        let members = components.members();
        let name = |node: NodeIndex| self.ids[members[components.of(node).unwrap() as usize][0].index()];
        self.graph.nodes().map(name).collect()
    }

    fn lcc(&self) -> Vec<f64> {
        local_clustering(&self.graph, self.orientation, &CancelToken::new()).unwrap()
    }

    fn pr(&self, iterations_max: usize) -> Vec<f64> {
        let options = PageRank { orientation: self.orientation, iterations_max, tolerance: 0.0, ..PageRank::default() };
        page_rank(&self.graph, &options, &CancelToken::new()).unwrap()
    }

    fn sssp(&self, source: u64) -> Vec<f64> {
        let weight = |edge: EdgeIndex| self.weights[edge.index()];
        distances(&self.graph, self.node(source), self.direction(), weight, &CancelToken::new()).unwrap()
    }

    /// Compares with whole numbers.
    fn check(&self, expected: &str, actual: &[u64]) {
        let expected: BTreeMap<u64, u64> =
            rows(&text(expected).unwrap()).map(|row| (row[0].parse().unwrap(), row[1].parse().unwrap())).collect();
        let actual: BTreeMap<u64, u64> = self.ids.iter().copied().zip(actual.iter().copied()).collect();
        assert_eq!(expected, actual);
    }

    /// Compares with fractions, up to the relative difference that the specification allows.
    fn check_close(&self, expected: &str, actual: &[f64]) {
        let expected = text(expected).unwrap();
        assert_eq!(rows(&expected).count(), self.ids.len());
        for row in rows(&expected) {
            let (id, expected) = (row[0].parse().unwrap(), row[1].parse::<f64>().unwrap());
            let actual = actual[self.node(id).index()];
            let close = expected == actual || (expected - actual).abs() <= EPSILON * expected.abs();
            assert!(close, "vertex {id}: expected {expected}, found {actual}");
        }
    }
}

#[test]
fn breadth_first_search() {
    let check = |input, orientation, output| {
        let Some(dataset) = Dataset::adjacency(input, orientation) else { return };
        dataset.check(output, &dataset.bfs(1));
    };
    check("bfs/dir-input", Orientation::Directed, "bfs/dir-output");
    check("bfs/undir-input", Orientation::Undirected, "bfs/undir-output");
}

#[test]
fn communities_by_label_propagation() {
    let check = |input, orientation, output| {
        let Some(dataset) = Dataset::adjacency(input, orientation) else { return };
        dataset.check(output, &dataset.cdlp(5));
    };
    check("cdlp/dir-input", Orientation::Directed, "cdlp/dir-output");
    check("cdlp/undir-input", Orientation::Undirected, "cdlp/undir-output");
}

#[test]
fn weakly_connected_components() {
    let check = |input, orientation, output| {
        let Some(dataset) = Dataset::adjacency(input, orientation) else { return };
        dataset.check(output, &dataset.wcc());
    };
    check("wcc/dir-input", Orientation::Directed, "wcc/dir-output");
    check("wcc/undir-input", Orientation::Undirected, "wcc/undir-output");
}

#[test]
fn local_clustering_coefficient() {
    let check = |input, orientation, output| {
        let Some(dataset) = Dataset::adjacency(input, orientation) else { return };
        dataset.check_close(output, &dataset.lcc());
    };
    check("lcc/dir-input", Orientation::Directed, "lcc/dir-output");
    check("lcc/undir-input", Orientation::Undirected, "lcc/undir-output");
}

#[test]
fn ranks_by_random_walk() {
    let check = |input, orientation, output| {
        let Some(dataset) = Dataset::adjacency(input, orientation) else { return };
        dataset.check_close(output, &dataset.pr(26));
    };
    check("pr/dir-input", Orientation::Directed, "pr/dir-output");
    check("pr/undir-input", Orientation::Undirected, "pr/undir-output");
}

#[test]
fn single_source_shortest_paths() {
    let check = |input, orientation, output| {
        let Some(dataset) = Dataset::weighted(input, orientation) else { return };
        dataset.check_close(output, &dataset.sssp(1));
    };
    check("sssp/dir-input", Orientation::Directed, "sssp/dir-output");
    check("sssp/undir-input", Orientation::Undirected, "sssp/undir-output");
}

#[test]
fn the_examples_of_the_specification() {
    let check = |name: &str, orientation, source| {
        let path = format!("example/example-{name}");
        let Some(dataset) = Dataset::weighted(&path, orientation) else { return };
        dataset.check(&format!("{path}-BFS"), &dataset.bfs(source));
        dataset.check(&format!("{path}-CDLP"), &dataset.cdlp(2));
        dataset.check(&format!("{path}-WCC"), &dataset.wcc());
        dataset.check_close(&format!("{path}-LCC"), &dataset.lcc());
        dataset.check_close(&format!("{path}-PR"), &dataset.pr(2));
        dataset.check_close(&format!("{path}-SSSP"), &dataset.sssp(source));
        let adjacency = Dataset::adjacency(&format!("{path}-input"), orientation).unwrap();
        assert_eq!(adjacency.ids, dataset.ids);
        assert_eq!(adjacency.bfs(source), dataset.bfs(source));
    };
    check("directed", Orientation::Directed, 1);
    check("undirected", Orientation::Undirected, 2);
}
