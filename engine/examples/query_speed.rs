//! Prints how long queries take on a million nodes and five million edges, up to date and with 2000 nodes pending.
//!
//! `cargo run --release -p cidgraph --example query_speed`
//!
//! Nodes have a kind, a color of eight and a score of a thousand. Lookups, counts and cached queries are means over
//! batches of 64 calls.

#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a measurement prints its wall-clock times")]

mod measure;

use std::sync::Arc;
use std::time::Duration;

use cidgraph::algorithm::Direction;
use cidgraph::topology::NodeIndex;
use cidgraph::{
    Answer, Criterion, EdgeEntity, Engine, Graph, GraphCommand, GraphId, GraphMetadata, GraphQuery, NodeEntity, NodeId,
    NodeQuery, NodeUpdate, OrderBy,
};
use cidgraph_store_memory::MemoryStore;
use measure::{Random, batches, milliseconds};

const NODES: u32 = 1_000_000;
const EDGES: usize = 5_000_000;
const PENDING: u32 = 2000;
const A_COMMAND: usize = 50_000;
const COLORS: [&str; 8] = ["red", "orange", "yellow", "green", "blue", "indigo", "violet", "white"];
const GRAPH: GraphId = GraphId::from_u64(1);

fn node_id(node: u32) -> NodeId {
    NodeId::derive(&[1; 16], &node.to_be_bytes())
}

fn node(number: u32) -> NodeEntity {
    let kind = ["Person", "Place"][number as usize % 2];
    let color = COLORS[number as usize / 2 % 8];
    NodeEntity::new(node_id(number), kind)
        .with("Visual", [("color", color)])
        .with("Score", [("points", i64::from(number.wrapping_mul(2_654_435_761) % 1000))])
}

async fn build(engine: &Engine) -> Graph {
    let submit = async |command| {
        engine.command(GRAPH, command).await.expect("the command fits");
    };
    submit(GraphCommand::CreateGraph { metadata: GraphMetadata::named("speed") }).await;
    for first in (0..NODES).step_by(A_COMMAND) {
        let nodes = (first..NODES.min(first + A_COMMAND as u32)).map(node).collect();
        submit(GraphCommand::AddNodes { nodes }).await;
    }
    for edges in Random::new(1, NODES).edges(EDGES).chunks(A_COMMAND) {
        let edge = |(source, target): &(u32, u32)| EdgeEntity::new(node_id(*source), "knows", node_id(*target));
        submit(GraphCommand::ConnectEdges { edges: edges.iter().map(edge).collect() }).await;
    }
    let graph = engine.load_graph(GRAPH).await.expect("it is open");
    let is_settled = || graph.view().is_index_current() && graph.view().generation().row_count() == 0;
    while !is_settled() {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    graph
}

fn print(name: &str, size: u32, calls: usize, call: impl Fn(&u32) -> usize) {
    let mut random = Random::new(7, NODES);
    let times = batches(calls / size as usize, size, || random.node(), call);
    let at = |percent: usize| times[times.len() * percent / 100] * 1e3;
    println!("  {name:34} p50 {:12.0} ns   p99 {:12.0} ns", at(50), at(99));
}

fn rows(answer: &Answer) -> usize {
    match answer {
        Answer::Count(count) => *count,
        Answer::Nodes(page) => page.nodes.len() + page.total,
        Answer::Levels(levels) => levels.len(),
        _ => 1,
    }
}

fn measure_all(graph: &Graph) {
    let model = graph.read();
    println!(
        "{} nodes pending, {} rows since the base",
        model.view().pending().len(),
        model.view().generation().row_count()
    );
    let at = model.view().at();
    let color = |color| Criterion::equals("Visual", "color", COLORS[color as usize % 8]);
    let score = |points: u32| Criterion::equals("Score", "points", points % 1000);
    let ids: Vec<NodeId> = (0..NODES).map(node_id).collect();
    print("find_node", 64, 64_000, |number| at.find_node(ids[*number as usize]).map_or(0, NodeIndex::index));
    print("node view", 64, 64_000, |number| model.node(ids[*number as usize]).map_or(0, |node| node.components.len()));
    print("count kind and color", 64, 6400, |number| model.count(&Criterion::kind("Person").and(color(*number))));
    print("count color and score", 64, 6400, |number| model.count(&color(*number).and(score(*number))));
    print("count color or score", 1, 300, |number| model.count(&color(*number).or(score(*number))));
    print("count score above 500", 1, 300, |_| model.count(&Criterion::above("Score", "points", 500)));
    let page = |number: &u32| NodeQuery::of(color(*number)).offset(*number as usize % 1000).limit(20);
    print("page of 20 by birth", 1, 300, |number| model.nodes(&page(number)).map_or(0, |page| page.total));
    let by_score = || OrderBy::Property { component: "Score".into(), property: "points".into() };
    let sorted = |number: &u32| page(number).order_by(by_score(), true);
    print("page of 20 by score", 1, 20, |number| model.nodes(&sorted(number)).map_or(0, |page| page.total));
    let count = GraphQuery::Count(Criterion::kind("Person").and(color(3)));
    print("cached count", 64, 640_000, |_| graph.query(&count).map_or(0, |answer| rows(&answer)));
    let node = GraphQuery::Node(ids[5]);
    print("cached node", 64, 640_000, |_| graph.query(&node).map_or(0, |answer| rows(&answer)));
    let near = GraphQuery::Neighborhood { node: ids[5], hops: 2, direction: Direction::Outgoing, edge_kind: None };
    print("cached 2-hop", 64, 640_000, |_| graph.query(&near).map_or(0, |answer| rows(&answer)));
    let many: Vec<GraphQuery> = (0..1000).map(|number| GraphQuery::Count(score(number))).collect();
    many.iter().for_each(|query| drop(graph.query(query)));
    print("cached, one of 1000", 64, 640_000, |number| {
        graph.query(&many[*number as usize % 1000]).map_or(0, |answer| rows(&answer))
    });
    print("version", 64, 640_000, |_| usize::try_from(graph.reader().version()).unwrap_or(0));
}

#[tokio::main]
async fn main() {
    let engine = Engine::new(Arc::new(MemoryStore::new()));
    let (graph, built) = {
        let start = std::time::Instant::now();
        (build(&engine).await, start.elapsed())
    };
    println!("built in {:.1} s", built.as_secs_f64());
    measure_all(&graph);
    // The first round is taken into the indices at once; what that cost lets the second wait.
    for round in 0..2 {
        let updates = (0..PENDING).map(|number| NodeUpdate {
            node: node_id((number + round) * 497),
            component_type: "Visual".into(),
            set: [("color", COLORS[(number + round) as usize % 8])].into(),
            unset: Vec::new(),
        });
        let command = GraphCommand::UpdateNodes { updates: updates.collect() };
        engine.command(GRAPH, command).await.expect("the command fits");
    }
    measure_all(&graph);
    let ((), metrics) = milliseconds(|| drop(graph.query(&GraphQuery::Metrics)));
    println!("  metrics {metrics:.0} ms");
}
