//! Random changes, criteria and queries over a small vocabulary, some of which the graph never has.

use std::ops::Bound;

use cidgraph::algorithm::Direction;
use cidgraph::{Criterion, GraphQuery, NodeQuery, OrderBy, Properties, Real, Value};
use proptest::prelude::*;
use proptest::sample::select;

use crate::world::{Step, World, id};

pub const NODES: u64 = 12;
const KINDS: [&str; 3] = ["Person", "Place", "Thing"];
const COMPONENTS: [&str; 2] = ["Visual", "Rating"];
const PROPERTIES: [&str; 3] = ["color", "size", "score"];
const EDGE_KINDS: [&str; 2] = ["knows", "likes"];

pub fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        6 => (-2i64..4).prop_map(Value::Int),
        4 => (-4i32..8).prop_map(|half| Value::Float(f64::from(half) / 2.0 + 0.0)),
        4 => "[ab]{0,2}".prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::Bool),
        1 => Just(Value::Null),
        1 => prop_oneof![Just(2usize), Just(70)].prop_map(|len| Value::Bytes(vec![7; len].into())),
        1 => (1i64..3).prop_map(|item| Value::List(vec![Value::Int(item)])),
        1 => Just(Value::Map(Properties::from([("a", 1)]))),
    ]
}

/// A value to ask for: also floats that no node can hold.
fn asked() -> impl Strategy<Value = Value> {
    let odd = prop_oneof![Just(-0.0), Just(f64::INFINITY), Just(f64::NEG_INFINITY), Just(f64::NAN)];
    prop_oneof![6 => value(), 1 => odd.prop_map(Value::Float)]
}

pub fn step() -> impl Strategy<Value = Step> {
    let weight = || proptest::option::weighted(0.7, 0u8..5);
    let changed = || (0..NODES, select(&COMPONENTS[..]), select(&PROPERTIES[..]));
    prop_oneof![
        6 => (0..NODES, select(&KINDS[..]), proptest::option::of(value()))
            .prop_map(|(node, kind, color)| Step::Add { node, kind, color }),
        2 => (0..NODES).prop_map(|node| Step::Remove { node }),
        6 => (changed(), value())
            .prop_map(|((node, component, property), value)| Step::Set { node, component, property, value }),
        1 => changed().prop_map(|(node, component, property)| Step::Unset { node, component, property }),
        1 => (0..NODES, select(&COMPONENTS[..])).prop_map(|(node, component)| Step::Detach { node, component }),
        1 => (0..NODES, -3i8..4).prop_map(|(node, by)| Step::Move { node, by }),
        8 => (0..NODES, 0..NODES, select(&EDGE_KINDS[..]), weight())
            .prop_map(|(source, target, kind, weight)| Step::Connect { source, target, kind, weight }),
        2 => (0usize..40, weight()).prop_map(|(edge, weight)| Step::Weigh { edge, weight }),
        2 => (0usize..40).prop_map(|edge| Step::Disconnect { edge }),
    ]
}

pub fn steps(count: usize) -> impl Strategy<Value = Vec<Step>> {
    proptest::collection::vec(step(), 0..count)
}

fn component() -> impl Strategy<Value = &'static str> {
    prop_oneof![8 => select(&COMPONENTS[..]), 1 => Just("Spatial"), 1 => Just("Never")]
}

fn property() -> impl Strategy<Value = &'static str> {
    prop_oneof![8 => select(&PROPERTIES[..]), 1 => Just("x"), 1 => Just("never")]
}

fn bound() -> impl Strategy<Value = Bound<Value>> {
    prop_oneof![asked().prop_map(Bound::Included), asked().prop_map(Bound::Excluded), Just(Bound::Unbounded)]
}

pub fn condition() -> impl Strategy<Value = Criterion> {
    prop_oneof![
        1 => Just(Criterion::All),
        1 => proptest::collection::vec((0..NODES + 2).prop_map(id), 0..6).prop_map(Criterion::Ids),
        3 => prop_oneof![4 => select(&KINDS[..]), 1 => Just("Never")].prop_map(Criterion::kind),
        2 => component().prop_map(Criterion::component),
        2 => select(&["look", "spatial", "never"][..]).prop_map(Criterion::category),
        1 => (component(), property()).prop_map(|(component, property)| Criterion::has(component, property)),
        4 => (component(), property(), asked())
            .prop_map(|(component, property, value)| Criterion::equals(component, property, value)),
        4 => (component(), property(), bound(), bound())
            .prop_map(|(component, property, low, high)| Criterion::within(component, property, low, high)),
    ]
}

pub fn criterion() -> impl Strategy<Value = Criterion> {
    condition().prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Criterion::And),
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Criterion::Or),
            inner.prop_map(Criterion::not),
        ]
    })
}

fn order() -> impl Strategy<Value = OrderBy> {
    let by_property = (component(), property())
        .prop_map(|(component, property)| OrderBy::Property { component: component.into(), property: property.into() });
    prop_oneof![
        1 => Just(OrderBy::Birth),
        1 => Just(OrderBy::Id),
        1 => Just(OrderBy::Key),
        1 => Just(OrderBy::Kind),
        1 => Just(OrderBy::Version),
        4 => by_property,
    ]
}

pub fn node_query() -> impl Strategy<Value = NodeQuery> {
    let orders = proptest::collection::vec((order(), any::<bool>()), 0..3);
    let offset = prop_oneof![Just(0usize), 0usize..6, Just(usize::MAX)];
    let projection = 0..4;
    (criterion(), orders, offset, proptest::option::of(0usize..8), projection).prop_map(
        |(criterion, orders, offset, limit, projection)| {
            let query = orders
                .into_iter()
                .fold(NodeQuery::of(criterion), |query, (by, descending)| query.order_by(by, descending));
            let query = NodeQuery { limit, ..query.offset(offset) };
            match projection {
                0 => query,
                1 => query.ids_only(),
                2 => query.components(["Visual"]),
                _ => query.properties([("Visual", "color"), ("Rating", "size")]),
            }
        },
    )
}

pub fn direction() -> impl Strategy<Value = Direction> {
    select(&[Direction::Outgoing, Direction::Incoming, Direction::Both][..])
}

fn edge_kind() -> impl Strategy<Value = Option<cidgraph::Name>> {
    let kind = prop_oneof![4 => select(&EDGE_KINDS[..]), 1 => Just("never")];
    proptest::option::of(kind.prop_map(Into::into))
}

/// A query, given the world for the ids of its edges.
pub fn query() -> impl Strategy<Value = Ask> {
    prop_oneof![
        6 => node_query().prop_map(|query| Ask::Query(GraphQuery::Nodes(query))),
        3 => criterion().prop_map(|criterion| Ask::Query(GraphQuery::Count(criterion))),
        2 => (0usize..40).prop_map(Ask::Edge),
        4 => walk().prop_map(Ask::Query),
        4 => path().prop_map(Ask::Query),
        2 => shape().prop_map(Ask::Query),
    ]
}

/// A query that may name an edge.
#[derive(Debug, Clone)]
pub enum Ask {
    Query(GraphQuery),
    Edge(usize),
}

impl Ask {
    pub fn query(&self, world: &World) -> GraphQuery {
        match self {
            Self::Query(query) => query.clone(),
            Self::Edge(place) => GraphQuery::Edge(world.edge(*place)),
        }
    }
}

pub fn walk() -> impl Strategy<Value = GraphQuery> {
    let node = || (0..NODES).prop_map(id);
    let limit = proptest::option::of(0usize..4);
    prop_oneof![
        node().prop_map(GraphQuery::Node),
        (0..NODES)
            .prop_map(|node| GraphQuery::NodeByKey { kind: "Person".into(), key: i64::try_from(node).unwrap().into() }),
        (node(), direction(), edge_kind(), limit).prop_map(|(node, direction, edge_kind, limit)| {
            GraphQuery::Neighbors { node, direction, edge_kind, limit }
        }),
        (node(), 0usize..4, direction(), edge_kind()).prop_map(|(node, hops, direction, edge_kind)| {
            GraphQuery::Neighborhood { node, hops, direction, edge_kind }
        }),
        (node(), direction()).prop_map(|(node, direction)| GraphQuery::BreadthFirst { node, direction }),
        (node(), direction()).prop_map(|(node, direction)| GraphQuery::DepthFirst { node, direction }),
    ]
}

fn path() -> impl Strategy<Value = GraphQuery> {
    let ends = || ((0..NODES).prop_map(id), (0..NODES).prop_map(id), direction());
    let weight = || prop_oneof![4 => Just("weight"), 1 => Just("never")].prop_map(cidgraph::Name::from);
    prop_oneof![
        (ends(), edge_kind()).prop_map(|((source, target, direction), edge_kind)| GraphQuery::ShortestPath {
            source,
            target,
            direction,
            edge_kind
        }),
        (ends(), weight()).prop_map(|((source, target, direction), weight)| GraphQuery::CheapestPath {
            source,
            target,
            direction,
            weight
        }),
        (ends(), weight()).prop_map(|((source, target, direction), weight)| GraphQuery::AStar {
            source,
            target,
            direction,
            weight
        }),
        (ends(), proptest::option::of(weight()), 0usize..4).prop_map(|((source, target, direction), weight, count)| {
            GraphQuery::ShortestPaths { source, target, direction, count, weight }
        }),
    ]
}

fn shape() -> impl Strategy<Value = GraphQuery> {
    let ranks = (0usize..14).prop_map(|limit| GraphQuery::PageRank {
        damping: Real(0.85),
        iterations_max: 20,
        tolerance: Real(1e-9),
        limit,
    });
    prop_oneof![
        Just(GraphQuery::WeakComponents),
        Just(GraphQuery::StrongComponents),
        Just(GraphQuery::TopologicalOrder),
        Just(GraphQuery::Cycle),
        ranks,
        Just(GraphQuery::LabelPropagation { iterations_max: 5 }),
        (0usize..14).prop_map(|limit| GraphQuery::LocalClustering { limit }),
        direction().prop_map(|direction| GraphQuery::DegreeDistribution { direction }),
        Just(GraphQuery::Metrics),
    ]
}
