//! Prints how long queries take on a million nodes and five million edges, up to date and while changes wait for
//! the indices.
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
    Answer, Criterion, EdgeEntity, Engine, Graph, GraphCommand, GraphId, GraphMetadata, GraphQuery, GraphReadModel,
    NodeEntity, NodeId, NodeQuery, NodeUpdate, OrderBy,
};
use cidgraph_store_memory::MemoryStore;
use measure::{Random, batches, milliseconds};

const NODES: u32 = 1_000_000;
const EDGES: usize = 5_000_000;
const ROUNDS: u32 = 100;
const UPDATES: u32 = 50;
const NODES_A_COMMAND: u32 = 50_000;
const EDGES_A_COMMAND: usize = 50_000;
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
    for first in (0..NODES).step_by(NODES_A_COMMAND as usize) {
        let nodes = (first..NODES.min(first + NODES_A_COMMAND)).map(node).collect();
        submit(GraphCommand::AddNodes { nodes }).await;
    }
    for edges in Random::new(1, NODES).edges(EDGES).chunks(EDGES_A_COMMAND) {
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

/// Takes something of an answer, so that the call is not left out.
fn taste(answer: &Answer) -> usize {
    if let Answer::Count(count) = answer { *count } else { 1 }
}

fn measure_all(graph: &Graph, model: &GraphReadModel) {
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
    print("cached count", 64, 640_000, |_| graph.query(&count).map_or(0, |answer| taste(&answer)));
    let node = GraphQuery::Node(ids[5]);
    print("cached node", 64, 640_000, |_| graph.query(&node).map_or(0, |answer| taste(&answer)));
    let near = GraphQuery::Neighborhood { node: ids[5], hops: 2, direction: Direction::Outgoing, edge_kind: None };
    print("cached 2-hop", 64, 640_000, |_| graph.query(&near).map_or(0, |answer| taste(&answer)));
    let many: Vec<GraphQuery> = (0..1000).map(|number| GraphQuery::Count(score(number))).collect();
    many.iter().for_each(|query| drop(graph.query(query)));
    print("cached, one of 1000", 64, 640_000, |number| {
        graph.query(&many[*number as usize % 1000]).map_or(0, |answer| taste(&answer))
    });
    print("version", 64, 640_000, |_| usize::try_from(graph.reader().version()).unwrap_or(0));
}

/// Changes nodes all over the graph, few at a time, and returns the version at which most waited for the indices.
async fn most_pending(engine: &Engine, graph: &Graph) -> GraphReadModel {
    let mut most = graph.read();
    for round in 0..ROUNDS {
        let update = |number: u32| NodeUpdate {
            node: node_id((round * UPDATES + number) * 97),
            component_type: "Visual".into(),
            set: [("color", COLORS[(round + number) as usize % 8])].into(),
            unset: Vec::new(),
        };
        let updates = (0..UPDATES).map(update).collect();
        engine.command(GRAPH, GraphCommand::UpdateNodes { updates }).await.expect("the command fits");
        let now = graph.read();
        if now.view().pending().len() > most.view().pending().len() {
            most = now;
        }
    }
    most
}

#[tokio::main]
async fn main() {
    let engine = Engine::new(Arc::new(MemoryStore::new()));
    let (graph, built) = {
        let start = std::time::Instant::now();
        (build(&engine).await, start.elapsed())
    };
    println!("built in {:.1} s", built.as_secs_f64());
    measure_all(&graph, &graph.read());
    measure_all(&graph, &most_pending(&engine, &graph).await);
    let ((), metrics) = milliseconds(|| drop(graph.query(&GraphQuery::Metrics)));
    println!("  metrics {metrics:.0} ms");
}
