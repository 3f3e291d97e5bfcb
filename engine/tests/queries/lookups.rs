//! Nodes and edges by id and key, one by one.

use cidgraph::{EdgeId, GraphCommand, GraphQuery, NodeId, QueryError};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::content::{GRAPH, KINDS, NODES, commands, entity};
use crate::naive;
use crate::world::{World, played};

proptest! {
    #[test]
    fn ids_and_keys_name_nodes(
        commands in vec(commands(), 0..120),
        (rest_at, fold_at) in (0..240_usize, 0..480_usize),
    ) {
        let model = played(&commands, rest_at, fold_at).model();
        let nodes = naive::all(&model);
        for number in 0..NODES {
            let id = entity(number).id;
            prop_assert_eq!(model.node(id), nodes.iter().find(|node| node.id == id).cloned());
            let Some(key) = entity(number).key else { continue };
            for kind in KINDS {
                let expected = nodes.iter().find(|node| node.kind == kind && node.key.as_ref() == Some(&key));
                prop_assert_eq!(model.node_by_key(kind, &key), expected.cloned());
            }
            let mut expected: Vec<_> = nodes.iter().filter(|node| node.key.as_ref() == Some(&key)).cloned().collect();
            expected.sort_by(|a, b| a.kind.cmp(&b.kind));
            prop_assert_eq!(model.nodes_by_key(&key), expected);
        }
        for edge in model.view().at().edges() {
            let edge = model.view().at().edge_view(edge);
            prop_assert_eq!(model.edge(edge.id), Some(edge));
        }
    }
}

#[test]
fn a_key_of_several_kinds_names_several_nodes() {
    let keyed = |kind| cidgraph::NodeEntity::keyed(GRAPH, kind, "same");
    let mut world = World::of(&[GraphCommand::AddNodes { nodes: vec![keyed("Place"), keyed("Person")] }]);
    for _ in 0..2 {
        let kinds: Vec<_> = world.model().nodes_by_key(&"same".into()).into_iter().map(|node| node.kind).collect();
        assert_eq!(kinds, ["Person", "Place"]);
        world.rest();
    }
    assert!(world.model().nodes_by_key(&"other".into()).is_empty());
}

#[test]
fn what_is_not_there_is_none_or_an_error() {
    let model = World::new().model();
    let nobody = NodeId::from_u64(1 << 50);
    assert_eq!(model.node(nobody), None);
    assert_eq!(model.edge(EdgeId::from_u64(5)), None);
    assert_eq!(model.edge(EdgeId::engine_made(1, 0)), None);
    let walk = GraphQuery::BreadthFirst { node: nobody, direction: Default::default() };
    assert_eq!(model.query(&walk), Err(QueryError::UnknownNode { node: nobody }));
}
