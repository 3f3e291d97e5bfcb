//! Who may stand below whom.

use crate::ask::*;
use crate::given::*;
use cidgraph::{GraphCommand, NodeEntity, Rejected};

#[test]
fn no_node_is_its_own_ancestor() {
    let given = three_nodes().command(reparent(&[2], 1)).command(reparent(&[3], 2));
    let cycle = |child, parent| Rejected::HierarchyCycle { node: node(child), parent: node(parent) };
    given.rejects(&reparent(&[1], 1), cycle(1, 1));
    given.rejects(&reparent(&[1], 3), cycle(1, 3));
    given.rejects(&reparent(&[3, 1], 2), cycle(1, 2));
    given.rejects(&attach(1, parent_component(node(3))), cycle(1, 3));
    let replace =
        |child, parent| GraphCommand::ReplaceComponent { node: node(child), component: parent_component(node(parent)) };
    given.rejects(&replace(2, 3), cycle(2, 3));
    given.accepts(&replace(3, 1));
    let hierarchy = |child, parent| update(child, "Hierarchy", [("parent", link(node(parent)))]);
    given.rejects(&GraphCommand::UpdateNode { update: hierarchy(1, 3) }, cycle(1, 3));
    let orphan = |number, parent| NodeEntity {
        components: vec![parent_component(node(parent))],
        ..NodeEntity::new(node(number), "Person")
    };
    given.rejects(&GraphCommand::AddNode { node: orphan(9, 9) }, cycle(9, 9));
    let unknown = |number| Rejected::UnknownNode { node: node(number) };
    given.rejects(&GraphCommand::AddNode { node: orphan(9, 8) }, unknown(8));
    given.rejects(&reparent(&[1], 9), unknown(9));
    given.rejects(&attach(1, parent_component(node(9))), unknown(9));
    given.rejects(&GraphCommand::UpdateNode { update: hierarchy(1, 9) }, unknown(9));
}

#[test]
fn no_node_is_its_own_ancestor_within_one_bulk_command_too() {
    let given = three_nodes();
    let hierarchy = |child, parent| update(child, "Hierarchy", [("parent", link(node(parent)))]);
    let cycle = |child, parent| Rejected::HierarchyCycle { node: node(child), parent: node(parent) };
    let around = vec![hierarchy(1, 2), hierarchy(2, 3), hierarchy(3, 1)];
    given.rejects(&GraphCommand::UpdateNodes { updates: around }, cycle(3, 1));
    let turned = vec![hierarchy(1, 2), hierarchy(1, 3), hierarchy(2, 1)];
    given.accepts(&GraphCommand::UpdateNodes { updates: turned });
    let child = |number, parent| NodeEntity {
        components: vec![parent_component(node(parent))],
        ..NodeEntity::new(node(number), "Person")
    };
    let nodes = vec![child(8, 1), child(9, 8)];
    given.accepts(&GraphCommand::AddNodes { nodes });
    let later = vec![child(9, 8), child(8, 1)];
    given.rejects(&GraphCommand::AddNodes { nodes: later }, Rejected::UnknownNode { node: node(8) });
}

#[test]
fn children_of_a_removed_node_become_roots() {
    let given = three_nodes().command(reparent(&[2, 3], 1)).command(GraphCommand::RemoveNode { node: node(1) });
    let view = given.view();
    let child = view.at().node_view(view.at().find_node(node(2)).unwrap());
    assert_eq!((child.components.len(), child.version), (0, view.version()));
    let again = given.command(add(1));
    again.accepts(&reparent(&[1], 2));
}
