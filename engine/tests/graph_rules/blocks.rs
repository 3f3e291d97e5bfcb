//! The blocks that large commands become, sealed as the writer does.

use cidgraph::chain::{ChainTip, seal, verify_block};
use cidgraph::entity::NodeUpdate;
use cidgraph::pool::ComponentRegistry;
use cidgraph::{
    AggregateId, CommandContext, CommandId, Component, ConceptualPoint, Draft, EdgeEntity, GraphCommand, GraphEvent,
    GraphMetadata, HashKind, Limits, NodeEntity, Properties, Rejected, TransformOperation, Value,
};

use crate::given::{Given, edge_id, graph, node};

use super::limits::given_within;

/// Seals events and returns the sizes of their blocks; the actor has the longest name.
fn block_sizes(events: &[GraphEvent]) -> Vec<usize> {
    let mut tip = ChainTip::empty(AggregateId::from(graph()), HashKind::Sha2_256);
    let mut context = CommandContext::new(CommandId::from_bytes([255; 16]), "a".repeat(256));
    context.causation = Some(CommandId::from_bytes([255; 16]).into());
    let mut sealed = Vec::new();
    seal(&mut tip, &context, u64::MAX >> 1, events, &mut sealed);
    sealed.into_iter().map(|event| event.block.len()).collect()
}

const BLOCK: usize = 4096;

fn large_elements() -> Given {
    let limits = Limits { event_bytes_max: BLOCK, ..Limits::default() };
    let nodes = (100..1000).map(|number| NodeEntity::new(node(number), "Person").with("Profile", [("a", 1)]));
    let edges = (0..900).map(|number| EdgeEntity {
        id: Some(edge_id(number)),
        ..EdgeEntity::new(node(100 + number), "knows", node(100))
    });
    given_within(limits)
        .command(GraphCommand::AddNodes { nodes: nodes.collect() })
        .command(GraphCommand::ConnectEdges { edges: edges.collect() })
}

#[test]
fn bulk_events_stay_below_the_limit_and_lose_nothing() {
    let given = large_elements();
    let long = |number: u64| "l".repeat(usize::try_from(number * 37 % 256).unwrap() + 1);
    let component = |number| Component::new(long(number + 3), [(long(number + 5), i64::MAX)]);
    let entities: Vec<NodeEntity> = (2000..2300)
        .map(|number| {
            let node = NodeEntity::keyed(graph(), long(number), format!("{}{number}", long(number + 1)));
            let Component { component_type, properties } = component(number);
            node.with(component_type, properties)
        })
        .collect();
    let edges: Vec<EdgeEntity> = (0..300)
        .map(|number| {
            let edge = EdgeEntity::new(node(100 + number), long(number), node(101));
            EdgeEntity { id: (number % 2 == 0).then(|| edge_id(5000 + number)), ..edge }
                .with_properties(component(number).properties)
        })
        .collect();
    let updates: Vec<NodeUpdate> = (100..400)
        .map(|number| {
            let Component { component_type, properties: set } = component(number);
            NodeUpdate { node: node(number), component_type, set, unset: vec![long(number + 7).into()] }
        })
        .collect();
    let nodes: Vec<_> = (100..1000).map(node).collect();
    let ids: Vec<_> = (0..900).map(edge_id).collect();
    let operation = TransformOperation::Translate([1.0; 3]);
    let commands = [
        (GraphCommand::AddNodes { nodes: entities.clone() }, GraphEvent::NodesAdded { nodes: entities.clone() }),
        (GraphCommand::ConnectEdges { edges: edges.clone() }, GraphEvent::EdgesConnected { edges }),
        (GraphCommand::UpdateNodes { updates: updates.clone() }, GraphEvent::NodesUpdated { updates }),
        (GraphCommand::RemoveNodes { nodes: nodes.clone() }, GraphEvent::NodesRemoved { nodes: nodes.clone() }),
        (GraphCommand::DisconnectEdges { edges: ids.clone() }, GraphEvent::EdgesRemoved { edges: ids }),
        (
            GraphCommand::TransformNodes { nodes: nodes.clone(), operation },
            GraphEvent::NodeTransformed { nodes: nodes.clone(), operation },
        ),
    ];
    for (command, unsplit) in commands {
        let events = given.accepts(&command);
        let sizes = block_sizes(&events);
        assert!(sizes.len() > 3 && sizes.iter().all(|size| *size <= BLOCK), "{sizes:?}");
        assert_eq!(events.into_iter().reduce(joined), Some(unsplit));
    }
    let left = given.command(GraphCommand::AddNodes { nodes: entities }).command(GraphCommand::RemoveNodes { nodes });
    assert_eq!(left.view().at().nodes().count(), 302);
}

fn joined(first: GraphEvent, second: GraphEvent) -> GraphEvent {
    match (first, second) {
        (GraphEvent::NodesAdded { nodes: a }, GraphEvent::NodesAdded { nodes: b }) => {
            GraphEvent::NodesAdded { nodes: [a, b].concat() }
        }
        (GraphEvent::EdgesConnected { edges: a }, GraphEvent::EdgesConnected { edges: b }) => {
            GraphEvent::EdgesConnected { edges: [a, b].concat() }
        }
        (GraphEvent::NodesUpdated { updates: a }, GraphEvent::NodesUpdated { updates: b }) => {
            GraphEvent::NodesUpdated { updates: [a, b].concat() }
        }
        (GraphEvent::NodesRemoved { nodes: a }, GraphEvent::NodesRemoved { nodes: b }) => {
            GraphEvent::NodesRemoved { nodes: [a, b].concat() }
        }
        (GraphEvent::EdgesRemoved { edges: a }, GraphEvent::EdgesRemoved { edges: b }) => {
            GraphEvent::EdgesRemoved { edges: [a, b].concat() }
        }
        (GraphEvent::NodeTransformed { nodes: a, operation }, GraphEvent::NodeTransformed { nodes: b, .. }) => {
            GraphEvent::NodeTransformed { nodes: [a, b].concat(), operation }
        }
        other => panic!("one command splits into events of one type: {other:?}"),
    }
}

#[test]
fn the_largest_element_that_is_taken_fits_into_its_block() {
    let given = large_elements();
    let fresh = Given::with(Limits { event_bytes_max: BLOCK, ..Limits::default() }, ComponentRegistry::default());
    let text = |len: usize| Properties::from([("a", Value::text("t".repeat(len)))]);
    let long = || "n".repeat(256);
    let entity = |len| NodeEntity::new(node(9), long()).with(long(), text(len));
    let edge = |len| {
        EdgeEntity { id: Some(edge_id(9999)), ..EdgeEntity::new(node(1), long(), node(2)) }.with_properties(text(len))
    };
    let update =
        |len| NodeUpdate { node: node(1), component_type: long().into(), set: text(len), unset: vec![long().into()] };
    let component = |len| Component::new(long(), text(len));
    let list = |len| vec![1.5; len / 9];
    let first = given.first_edge();
    type Ask<'a> = (&'a Given, &'a dyn Fn(usize) -> GraphCommand);
    let metadata = |len| GraphMetadata { domain: long().into(), properties: text(len), ..GraphMetadata::named(long()) };
    let point = |len| ConceptualPoint { space: long().into(), coordinates: list(len) };
    let asks: [Ask<'_>; 10] = [
        (&fresh, &|len| GraphCommand::CreateGraph { metadata: metadata(len) }),
        (&given, &|len| GraphCommand::AddNode { node: entity(len) }),
        (&given, &|len| GraphCommand::AddNodes { nodes: vec![entity(len)] }),
        (&given, &|len| GraphCommand::ConnectEdge { edge: edge(len) }),
        (&given, &|len| GraphCommand::ConnectEdges { edges: vec![edge(len)] }),
        (&given, &|len| GraphCommand::UpdateNode { update: update(len) }),
        (&given, &|len| GraphCommand::UpdateNodes { updates: vec![update(len)] }),
        (&given, &|len| GraphCommand::AttachComponent { node: node(1), component: component(len) }),
        (&given, &|len| GraphCommand::UpdateEdge { edge: first, set: text(len), unset: vec![long().into()] }),
        (&given, &|len| GraphCommand::MapConceptualPoint { node: node(1), point: point(len) }),
    ];
    for (given, ask) in asks {
        let taken = |len: &usize| given.aggregate.decide(&ask(*len)).is_ok();
        let largest = (1..BLOCK + 1000).rev().find(taken).expect("a small one is taken");
        let sizes = block_sizes(&given.accepts(&ask(largest)));
        assert!(sizes.len() == 1 && sizes[0] <= BLOCK && sizes[0] > BLOCK - 1024, "{largest}: {sizes:?}");
        let refused = given.aggregate.decide(&ask(largest + 9)).unwrap_err();
        assert!(matches!(refused, Rejected::LimitExceeded { what: "event_bytes_max", .. }), "{refused:?}");
    }
}

#[test]
fn a_transaction_has_so_many_events() {
    let limits = Limits { event_bytes_max: BLOCK, transaction_events_max: 2, ..Limits::default() };
    let given = Given::with(limits, ComponentRegistry::default()).created();
    let add = |count: u64| {
        let nodes = (0..count).map(|number| NodeEntity::new(node(100 + number), "Person")).collect();
        GraphCommand::AddNodes { nodes }
    };
    let most = (1..1000).rev().find(|count| given.aggregate.decide(&add(*count)).is_ok()).unwrap();
    assert_eq!(given.accepts(&add(most)).len(), 2);
    let expected = Rejected::LimitExceeded { what: "transaction_events_max", limit: 2, actual: 3 };
    given.rejects(&add(most + 1), expected);
}

/// Limits may allow more than a block can hold: what is deeper than a reader goes would be written and never read again.
#[test]
fn what_is_taken_can_be_read_again_whatever_the_limits() {
    let given = given_within(Limits { value_depth_max: usize::MAX - 1, ..Limits::default() });
    let nested = |depth| (0..depth).fold(Value::Null, |inner, _| Value::Map([("a", inner)].into()));
    let entity = |depth| NodeEntity::new(node(9), "Person").with("Profile", [("a", nested(depth))]);
    let add = |depth| GraphCommand::AddNodes { nodes: vec![entity(depth)] };
    let deepest = (32..400).rev().find(|depth| given.aggregate.decide(&add(*depth)).is_ok()).expect("some are taken");
    let refused = given.aggregate.decide(&add(deepest + 1)).expect_err("deeper ones are refused");
    assert_eq!(refused, Rejected::LimitExceeded { what: "value_depth_max", limit: deepest, actual: deepest + 1 });
    let mut tip = ChainTip::empty(AggregateId::from(graph()), HashKind::Sha2_256);
    let mut sealed = Vec::new();
    let context = CommandContext::new(CommandId::from_u64(1), "tester");
    seal(&mut tip, &context, 1, &given.accepts(&add(deepest)), &mut sealed);
    let (opened, _) = verify_block(&sealed[0], None).expect("it can be read");
    let mut events = Vec::<GraphEvent>::new();
    opened.decode(&mut events).expect("it can be read");
    assert_eq!(events, [GraphEvent::NodesAdded { nodes: vec![entity(deepest)] }]);
    assert_eq!(given.command(add(deepest)).replayed().view().version(), 5);
}
