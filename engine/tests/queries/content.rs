//! Random commands, criteria and queries over few names, ids and values, so that they meet.

use std::ops::Bound;

use cidgraph::algorithm::Direction;
use cidgraph::entity::{HIERARCHY, SPATIAL};
use cidgraph::pool::{ComponentRegistry, ComponentType};
use cidgraph::read_model::{Order, Projection};
use cidgraph::{
    Component, ConceptualPoint, Criterion, EdgeEntity, EdgeId, GraphCommand, GraphId, GraphQuery, Name, NodeEntity,
    NodeId, NodeQuery, NodeUpdate, OrderBy, Properties, Real, TransformOperation, Value,
};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

pub const GRAPH: GraphId = GraphId::from_u64(7);

/// How many different nodes there are.
pub const NODES: u8 = 12;

/// Names of the kinds, the last of which no node has.
pub const KINDS: [&str; 3] = ["Person", "Place", "Ghost"];

/// Names of the component types, the last of which no node has.
pub const TYPES: [&str; 5] = ["Profile", "Visual", SPATIAL, HIERARCHY, "Absent"];

/// Names of the properties, the last of which no component has.
pub const PROPERTIES: [&str; 4] = ["a", "b", "x", "absent"];

/// Names of the edge kinds, the last of which no edge has.
pub const EDGE_KINDS: [&str; 3] = ["knows", "near", "never"];

pub fn registry() -> ComponentRegistry {
    ComponentRegistry::default()
        .with(ComponentType::new("Profile").in_category("social"))
        .with(ComponentType::new("Visual").in_category("look"))
        .with(ComponentType::new("Absent").in_category("look"))
}

/// Returns node `number`: without a key, with text or with a number for one.
pub fn entity(number: u8) -> NodeEntity {
    let kind = KINDS[usize::from(number / 3 % 2)];
    match number % 3 {
        0 => NodeEntity::new(NodeId::from_u64(number.into()), kind),
        1 => NodeEntity::keyed(GRAPH, kind, format!("node {number}")),
        _ => NodeEntity::keyed(GRAPH, kind, i64::from(number) - 6),
    }
}

pub fn node_id() -> impl Strategy<Value = NodeId> {
    (0..NODES).prop_map(|number| entity(number).id)
}

pub fn values() -> impl Strategy<Value = Value> {
    prop_oneof![
        6 => (-5..=5_i64).prop_map(Value::Int),
        6 => (-10..=10_i32).prop_map(|half| Value::float(f64::from(half) / 2.0).unwrap()),
        3 => select(vec!["", "a", "b", "c"]).prop_map(Value::text),
        2 => (0..3_u8, select(vec![0, 1, 70])).prop_map(|(byte, len)| Value::Bytes(vec![byte; len].into())),
        2 => vec(0..3_i64, 0..3).prop_map(|list| Value::List(list.into_iter().map(Value::Int).collect())),
        1 => Just(Value::Null),
        2 => any::<bool>().prop_map(Value::Bool),
        1 => (0..2_i64).prop_map(|one| Value::Map(Properties::from([("inner", one)]))),
    ]
}

/// Values that are asked for: also those that no property can have.
fn asked_values() -> impl Strategy<Value = Value> {
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0].map(Value::Float);
    let nested = Value::List(vec![Value::Float(-0.0)]);
    prop_oneof![9 => values(), 1 => select(odd.into_iter().chain([nested]).collect::<Vec<_>>())]
}

fn properties() -> impl Strategy<Value = Properties> {
    btree_map(select(vec!["a", "b"]), values(), 0..3)
        .prop_map(|map| map.into_iter().map(|(name, value)| (Name::new(name), value)).collect())
}

fn component() -> impl Strategy<Value = Component> {
    (select(vec!["Profile", "Visual"]), properties()).prop_map(|(name, properties)| Component::new(name, properties))
}

fn node() -> impl Strategy<Value = NodeEntity> {
    (0..NODES, vec(component(), 0..3)).prop_map(|(number, components)| {
        components
            .into_iter()
            .fold(entity(number), |node, component| node.with(component.component_type, component.properties))
    })
}

fn edge_id() -> impl Strategy<Value = EdgeId> {
    prop_oneof![
        (0..12_u64).prop_map(EdgeId::from_u64),
        (0..60_u64, 0..3_u32).prop_map(|(version, index)| EdgeId::engine_made(version, index)),
    ]
}

fn weight() -> impl Strategy<Value = Properties> {
    prop_oneof![
        Just(Properties::new()),
        (0..6_i64).prop_map(|weight| Properties::from([("weight", weight)])),
        (0..6_i64).prop_map(|note| Properties::from([("note", note)])),
    ]
}

fn edge() -> impl Strategy<Value = EdgeEntity> {
    let id = option::of((0..12_u64).prop_map(EdgeId::from_u64));
    (id, node_id(), select(vec!["knows", "near"]), node_id(), weight()).prop_map(
        |(id, source, kind, target, weight)| EdgeEntity {
            id,
            ..EdgeEntity::new(source, kind, target).with_properties(weight)
        },
    )
}

fn update() -> impl Strategy<Value = NodeUpdate> {
    let unset = vec(select(vec!["a", "b"]), 0..2);
    (node_id(), select(vec!["Profile", "Visual"]), properties(), unset).prop_map(|(node, of, set, unset)| NodeUpdate {
        node,
        component_type: of.into(),
        unset: unset.into_iter().filter(|name| set.get(name).is_none()).map(Name::new).collect(),
        set,
    })
}

fn operation() -> impl Strategy<Value = TransformOperation> {
    prop_oneof![
        vec(-3..4_i32, 3).prop_map(|by| TransformOperation::Translate([by[0].into(), by[1].into(), by[2].into()])),
        Just(TransformOperation::Scale([2.0, 1.0, 1.0])),
        Just(TransformOperation::Rotate([0.0, 0.0, 1.0, 0.0])),
        option::of(node_id()).prop_map(TransformOperation::Reparent),
    ]
}

/// Every command but those that create and archive; most fit, some are refused.
pub fn commands() -> impl Strategy<Value = GraphCommand> {
    let names = || select(vec!["Profile", "Visual"]).prop_map(Name::new);
    prop_oneof![
        10 => node().prop_map(|node| GraphCommand::AddNode { node }),
        6 => update().prop_map(|update| GraphCommand::UpdateNode { update }),
        2 => node_id().prop_map(|node| GraphCommand::RemoveNode { node }),
        2 => (node_id(), component()).prop_map(|(node, component)| GraphCommand::AttachComponent { node, component }),
        2 => (node_id(), component()).prop_map(|(node, component)| GraphCommand::ReplaceComponent { node, component }),
        2 => (node_id(), names())
            .prop_map(|(node, component_type)| GraphCommand::DetachComponent { node, component_type }),
        12 => edge().prop_map(|edge| GraphCommand::ConnectEdge { edge }),
        4 => (edge_id(), weight()).prop_map(|(edge, set)| {
            let unset = if set.is_empty() { vec!["weight".into()] } else { Vec::new() };
            GraphCommand::UpdateEdge { edge, set, unset }
        }),
        3 => edge_id().prop_map(|edge| GraphCommand::DisconnectEdge { edge }),
        3 => (vec(node_id(), 1..3), operation())
            .prop_map(|(nodes, operation)| GraphCommand::TransformNodes { nodes, operation }),
        1 => node_id().prop_map(|node| {
            let point = ConceptualPoint { space: "taste".into(), coordinates: vec![0.5] };
            GraphCommand::MapConceptualPoint { node, point }
        }),
        2 => vec(node(), 1..5).prop_map(|nodes| GraphCommand::AddNodes { nodes }),
        2 => vec(update(), 1..4).prop_map(|updates| GraphCommand::UpdateNodes { updates }),
        1 => vec(node_id(), 1..3).prop_map(|nodes| GraphCommand::RemoveNodes { nodes }),
        4 => vec(edge(), 1..6).prop_map(|edges| GraphCommand::ConnectEdges { edges }),
        1 => vec(edge_id(), 1..3).prop_map(|edges| GraphCommand::DisconnectEdges { edges }),
        1 => select(vec!["one", "two"]).prop_map(|name| GraphCommand::RenameGraph { name: name.into() }),
    ]
}

fn names(of: &'static [&'static str]) -> impl Strategy<Value = Name> {
    select(of).prop_map(Name::new)
}

fn bound() -> impl Strategy<Value = Bound<Value>> {
    prop_oneof![
        asked_values().prop_map(Bound::Included),
        asked_values().prop_map(Bound::Excluded),
        Just(Bound::Unbounded)
    ]
}

fn leaf() -> impl Strategy<Value = Criterion> {
    let pair = || (select(vec!["Profile", "Visual"]), select(vec!["a", "b"]));
    prop_oneof![
        1 => Just(Criterion::All),
        1 => vec(node_id(), 0..5).prop_map(Criterion::Ids),
        3 => names(&KINDS).prop_map(Criterion::Kind),
        2 => names(&TYPES).prop_map(Criterion::Component),
        2 => select(vec!["social", "look", "spatial", "structure", "none"]).prop_map(Criterion::category),
        2 => (names(&TYPES), names(&PROPERTIES))
            .prop_map(|(component, property)| Criterion::Has { component, property }),
        6 => (pair(), asked_values()).prop_map(|((of, name), value)| Criterion::equals(of, name, value)),
        6 => (pair(), bound(), bound()).prop_map(|((of, name), low, high)| Criterion::within(of, name, low, high)),
        1 => (names(&TYPES), names(&PROPERTIES), asked_values())
            .prop_map(|(component, property, value)| Criterion::Equals { component, property, value }),
        1 => (-3..4_i64).prop_map(|x| Criterion::at_least(SPATIAL, "x", x)),
    ]
}

/// Trees of every criterion.
pub fn criteria() -> impl Strategy<Value = Criterion> {
    leaf().prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Criterion::And),
            vec(inner.clone(), 0..4).prop_map(Criterion::Or),
            inner.prop_map(Criterion::not),
        ]
    })
}

fn order() -> impl Strategy<Value = Order> {
    let property = || (names(&TYPES), names(&PROPERTIES));
    let by = prop_oneof![
        Just(OrderBy::Birth),
        Just(OrderBy::Id),
        Just(OrderBy::Key),
        Just(OrderBy::Kind),
        Just(OrderBy::Version),
        property().prop_map(|(component, property)| OrderBy::Property { component, property }),
        Just(OrderBy::Property { component: "Profile".into(), property: "a".into() }),
        Just(OrderBy::Property { component: "Visual".into(), property: "b".into() }),
    ];
    (by, any::<bool>()).prop_map(|(by, descending)| Order { by, descending })
}

fn projection() -> impl Strategy<Value = Projection> {
    prop_oneof![
        Just(Projection::Everything),
        Just(Projection::Nothing),
        vec(names(&TYPES), 0..3).prop_map(Projection::Components),
        vec((names(&TYPES), names(&PROPERTIES)), 0..4).prop_map(Projection::Properties),
    ]
}

pub fn node_queries() -> impl Strategy<Value = NodeQuery> {
    let offset = prop_oneof![4 => 0..6_usize, 1 => Just(usize::MAX)];
    let page = (offset, option::of(0..6_usize), option::weighted(0.2, node_id()));
    (criteria(), vec(order(), 0..3), page, projection()).prop_map(
        |(criterion, order, (offset, limit, after), projection)| NodeQuery {
            criterion,
            order,
            offset,
            limit,
            after,
            projection,
        },
    )
}

pub fn directions() -> impl Strategy<Value = Direction> {
    select(vec![Direction::Outgoing, Direction::Incoming, Direction::Both])
}

fn walks() -> impl Strategy<Value = GraphQuery> {
    let kind = || option::of(names(&EDGE_KINDS));
    let step = || (node_id(), directions());
    let way = || (node_id(), node_id(), directions());
    prop_oneof![
        (step(), kind(), option::of(0..4_usize)).prop_map(|((node, direction), edge_kind, limit)| {
            GraphQuery::Neighbors { node, direction, edge_kind, limit }
        }),
        (step(), 0..4_usize, kind()).prop_map(|((node, direction), hops, edge_kind)| GraphQuery::Neighborhood {
            node,
            hops,
            direction,
            edge_kind
        }),
        step().prop_map(|(node, direction)| GraphQuery::BreadthFirst { node, direction }),
        step().prop_map(|(node, direction)| GraphQuery::DepthFirst { node, direction }),
        (way(), kind()).prop_map(|((source, target, direction), edge_kind)| GraphQuery::ShortestPath {
            source,
            target,
            direction,
            edge_kind
        }),
        way().prop_map(|(source, target, direction)| GraphQuery::CheapestPath {
            source,
            target,
            direction,
            weight: "weight".into()
        }),
        way().prop_map(|(source, target, direction)| GraphQuery::AStar {
            source,
            target,
            direction,
            weight: "none".into()
        }),
        (way(), 0..5_usize, option::of(Just(Name::new("weight")))).prop_map(
            |((source, target, direction), count, weight)| GraphQuery::ShortestPaths {
                source,
                target,
                direction,
                count,
                weight
            }
        ),
    ]
}

/// Every query.
pub fn queries() -> impl Strategy<Value = GraphQuery> {
    let shapes = vec![
        GraphQuery::WeakComponents,
        GraphQuery::StrongComponents,
        GraphQuery::TopologicalOrder,
        GraphQuery::Cycle,
        GraphQuery::PageRank { damping: Real(0.85), iterations_max: 20, tolerance: Real(1e-6), limit: 4 },
        GraphQuery::LabelPropagation { iterations_max: 5 },
        GraphQuery::LocalClustering { limit: 5 },
        GraphQuery::DegreeDistribution { direction: Direction::Both },
        GraphQuery::DegreeDistribution { direction: Direction::Outgoing },
        GraphQuery::Metrics,
    ];
    prop_oneof![
        8 => node_queries().prop_map(GraphQuery::Nodes),
        6 => criteria().prop_map(GraphQuery::Count),
        2 => node_id().prop_map(GraphQuery::Node),
        2 => (0..NODES).prop_map(|number| {
            let key = entity(number).key.unwrap_or_else(|| i64::from(number).into());
            GraphQuery::NodeByKey { kind: entity(number).kind, key }
        }),
        2 => edge_id().prop_map(GraphQuery::Edge),
        10 => walks(),
        4 => select(shapes),
    ]
}
