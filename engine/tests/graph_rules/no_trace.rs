//! What is refused, and what does not fit, leaves the graph as it was.

use crate::ask::*;
use crate::given::*;
use cidgraph::{
    Component, ConceptualPoint, Draft, EdgeEntity, EdgeId, GraphCommand, GraphEvent, GraphMetadata, NodeEntity,
    TransformOperation,
};

#[test]
fn a_refused_command_leaves_no_trace() {
    let given = three_nodes();
    let before = given.hash();
    let commands = one_of_each(&given);
    let mut given = given;
    for command in commands {
        given.try_and_refuse(&[command, GraphCommand::RemoveNode { node: node(77) }]);
    }
    let renamed = |given: Given| given.command(GraphCommand::RenameGraph { name: "after".into() }).hash();
    assert_eq!(given.hash(), before);
    assert_eq!(renamed(given), renamed(three_nodes()));
}

#[test]
fn events_that_do_not_fit_are_told_and_leave_no_trace() {
    let mut given = three_nodes().command(reparent(&[2], 1));
    let before = given.hash();
    let child = |number, parent| NodeEntity {
        components: vec![parent_component(node(parent))],
        ..NodeEntity::new(node(number), "Person")
    };
    let hierarchy = |child, parent| update(child, "Hierarchy", [("parent", link(node(parent)))]);
    let edge = |id, source, target| EdgeEntity { id, ..EdgeEntity::new(node(source), "knows", node(target)) };
    let component = || Component::new("Profile", [("a", 1)]);
    let moved = |nodes: &[u64], operation| GraphEvent::NodeTransformed {
        nodes: nodes.iter().copied().map(node).collect(),
        operation,
    };
    let point = |coordinate| ConceptualPoint { space: "color".into(), coordinates: vec![coordinate] };
    let events = [
        GraphEvent::GraphCreated { metadata: GraphMetadata::named("again") },
        GraphEvent::NodeAdded { node: NodeEntity::new(node(1), "Person") },
        GraphEvent::NodeAdded { node: child(9, 9) },
        GraphEvent::NodeAdded { node: child(9, 8) },
        GraphEvent::NodeUpdated { update: update(9, "Visual", [("a", 1)]) },
        GraphEvent::NodeUpdated { update: hierarchy(1, 2) },
        GraphEvent::NodeRemoved { node: node(9) },
        GraphEvent::ComponentAttached { node: node(9), component: component() },
        GraphEvent::ComponentAttached { node: node(1), component: Component::new("Visual", [("a", 1)]) },
        GraphEvent::ComponentAttached { node: node(1), component: parent_component(node(1)) },
        GraphEvent::ComponentReplaced { node: node(9), component: component() },
        GraphEvent::ComponentReplaced { node: node(1), component: component() },
        GraphEvent::ComponentReplaced { node: node(2), component: parent_component(node(9)) },
        GraphEvent::ComponentDetached { node: node(9), component_type: "Visual".into() },
        GraphEvent::ComponentDetached { node: node(1), component_type: "Profile".into() },
        GraphEvent::EdgeConnected { edge: edge(None, 1, 9) },
        GraphEvent::EdgeConnected { edge: edge(None, 9, 1) },
        GraphEvent::EdgeConnected { edge: edge(Some(EdgeId::engine_made(3, 0)), 1, 2) },
        GraphEvent::EdgeUpdated { edge: edge_id(9), set: [("a", 1)].into(), unset: Vec::new() },
        GraphEvent::EdgeRemoved { edge: edge_id(9) },
        moved(&[1, 9], TransformOperation::Translate([1.0; 3])),
        moved(&[2, 1], TransformOperation::Reparent(Some(node(2)))),
        moved(&[2, 1], TransformOperation::Reparent(None)),
        moved(&[1], TransformOperation::Rotate([0.0; 4])),
        moved(&[1], TransformOperation::Scale([0.0; 3])),
        GraphEvent::ConceptualPointMapped { node: node(9), point: point(1.0) },
        GraphEvent::ConceptualPointMapped { node: node(1), point: point(f64::NAN) },
        GraphEvent::NodesAdded { nodes: vec![child(8, 1), child(9, 8), child(8, 1)] },
        GraphEvent::NodesUpdated { updates: vec![hierarchy(3, 2), hierarchy(2, 3)] },
        GraphEvent::NodesRemoved { nodes: vec![node(1), node(2), node(1)] },
        GraphEvent::EdgesConnected { edges: vec![edge(Some(edge_id(5)), 1, 1), edge(Some(edge_id(5)), 1, 2)] },
        GraphEvent::EdgesRemoved { edges: vec![given.first_edge(), given.first_edge()] },
    ];
    for event in events {
        given.misfits(&event);
    }
    let after = |given: Given| given.command(GraphCommand::RenameGraph { name: "after".into() });
    assert_eq!(given.hash(), before);
    assert_eq!(after(given).hash(), after(three_nodes().command(reparent(&[2], 1))).hash());
    let mut fresh = Given::new();
    fresh.misfits(&GraphEvent::GraphRenamed { name: "new".into() });
    fresh.misfits(&GraphEvent::Checkpointed { version: 0, event_root: [0; 32], state_root: [0; 32] });
    let mut archived = three_nodes().command(GraphCommand::ArchiveGraph { reason: "".into() });
    archived.misfits(&GraphEvent::GraphArchived { reason: "".into() });
    archived.misfits(&GraphEvent::NodeRemoved { node: node(1) });
    let checkpoint = GraphEvent::Checkpointed { version: 1, event_root: [0; 32], state_root: [0; 32] };
    archived.aggregate.apply(&checkpoint, archived.version + 1).unwrap();
}
